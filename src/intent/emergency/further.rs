//! Danger told sideways: an address for the ambulance, a question for the defibrillator that is needed now, a thing
//! that hisses; and wordings that only sound like danger, which the model must not raise either.

use super::Row;

const JEST: &str = r"lol|haha|lmao|😂|🤣|jk\b";

pub const MEDICAL: &[Row] = &[
    (
        r"(?:address|adress|location|postal code|unit number|where (?:do|should|can) (?:we|i)|which (?:door|entrance)|where are (?:we|you)|adresse)\b[^.!\n]{0,40}\b(?:ambulance|paramedics?|911|dispatcher|first responders?|emergency (?:crew|services|operator|people)|secours)\b|(?:ambulance|paramedics?|911|dispatcher|first responders?|secours) [^.!\n]{0,30}(?:address|adress|location|adresse)\b",
        JEST,
    ),
    (
        r"(?:is there|are there|do you (?:guys )?have|wheres|where is|where are|where do you (?:guys )?keep|any|got|y a.t.il|avez.vous) (?:\w+ ){0,3}?(?:aed|defib\w*|first[- ]aid(?: kit)?|bandages?|tourniquet|epi ?pen|trousse)\b.{0,30}\b(?:need (?:it|one|that)|needs? (?:it|one)|right now|now|asap|quick\w*|urgent\w*|hurry|bleed\w*|(?:he|she|someone|somebody|my \w+) (?:is |s |has |just |got )*(?:cut|hurt|fell|collapsed|down|hit|passed|burn\w*)|saigne)\b",
        r"(?:in case|if|just wondering|for (?:our|the|a) (?:event|party|waiver|insurance))\b",
    ),
    (
        r"(?:hes|shes|he is|she is|my (?:dad|mom|mum|mother|father|wife|husband|son|daughter|kid|child|baby|friend|buddy|mate|pal|grandpa|grandad|grandma|grandfather|grandmother|brother|sister|uncle|aunt|boyfriend|girlfriend|partner|coworker|colleague|boss|playing partner) ?(?:is|s)|theyre|dad is|mom is) (?:really |definitely |just |so )?not (?:ok|okay|alright|all right|doing (?:well|good|great)|responding|making sense|himself|herself)\b",
        r"lol|haha|not ok(?:ay)? (?:with|to|for)|responding to (?:my|our|the) (?:texts?|messages?|emails?|calls?)|with (?:that|this|the)|sense of|golf|score|swing",
    ),
    (
        r"(?:grandpa|grandad|granddad|grandma|grandfather|grandmother|dad|father|mom|mum|mother|husband|wife|uncle|aunt|player|old man|old guy|gentleman|elderly man|customer|lady|man|woman) (?:is|went|has gone|just went|s) down\b(?: (?:in|on|and|hard|near|by)\b| ?[.!,]| ?$)",
        r"(?:strokes?|points?|holes?|\d up|by \d|to the (?:car|store|desk)|for a (?:nap|minute)|on one knee|the (?:road|street|hall)|with the flu|system|feeling)",
    ),
    (
        r"(?:tell|let) my (?:family|kids|wife|husband|mom|mum|mother|dad|son|daughter|parents|children) (?:that |know )?(?:that )?i love (?:you|her|him|them)|(?:nobody|no one|noone) (?:would|will|d) (?:even )?(?:miss me|notice if i|care if i (?:was|were|died))|cant (?:do this|go on|take it|keep going|take this)(?: anymore| any more| any longer)?.{0,30}\b(?:to (?:stop|end|be over|disappear)|living|alive|life|goodbye|end)|(?:goodbye|sorry) (?:everyone|everybody) (?:for everything|i love you)|(?:veux|voudrais) (?:en finir|disparaitre|plus vivre)",
        r"lol|haha|lmao|😂|🤣|putt\w*|slice|swing|shank\w*|my game|lag|lags|noise|music|screen|simulator|sim\b|door|wait(?:ing)?|membership|price|golf|round",
    ),
    (
        r"(?:arm|leg|wrist|finger|ankle|elbow|knee|shoulder) (?:is |s |looks |was )?(?:bent|twisted|sticking out|pointing|hanging) (?:the wrong|weird\w*|funny|out|backwards|sideways|at)|bone (?:is |s )?(?:sticking|showing|poking|out)\b|(?:his|her|my) (?:tooth|teeth) (?:is |are |got |was |were )?(?:knocked out|out\b|gone|broken)|eye (?:is |s )?(?:bleeding|swollen shut|swelling)|cant see (?:out of|from|with) (?:his|her|my|one) ",
        r"lol|haha|club|shaft|swing|tee\b|drill|elbow (?:in|tuck)|impact|backswing|downswing|follow.through|address",
    ),
    (
        r"{P} (?:\w+ ){0,4}?(?:feels?|feeling|looks?|looking|is|has|has gone|went|gone|going|turned|turning) (?:\w+ ){0,4}?(?:unwell|clammy|(?:grey|gray|pale|blue)(?: and| as| in the (?:face|lips)| ?[.!,]| ?$))",
        r"lol|haha|(?:grey|gray|pale|blue) (?:shirt|jacket|hoodie|car|screen|ball|tee)|screens?\b|the ball|under the weather|cancel\w*|resched\w*|tomorrow|cant (?:make|come)",
    ),
];

pub const FIRE: &[Row] = &[
    (
        r"(?:orange|red|flickering) glow (?:behind|from behind|inside|under|from|in the (?:wall|ceiling|vent|cabinet|rack))|(?:cigarette|joint|butt|vape|lighter|match|candle)s? (?:\w+ ){0,7}?(?:bin|trash|garbage|couch|carpet|turf|mat|curtain|paper)\b.{0,30}\b(?:smok\w+|smou?lder\w*|burn\w*|lit|fire|flames?)|(?:vape|battery|phone|charger|laptop|ups|power ?bank|power ?bar|adapter|heater|projector) (?:\w+ ){0,4}?(?:exploded|blew up|burst into|bulging|swelling up|hissing and|is hissing|hissing)\b",
        r"lol|haha|battery (?:is )?(?:low|dead)|blew up (?:my|with|from) |glow (?:from|in) (?:the |my |our )?(?:screen|projector|tv|logo)|phone (?:is )?blew up with|fan\b",
    ),
    (
        r"(?:making|made|makes|got) (?:us|me|everyone|everybody|people|my \w+) (?:all |both |feel |really |so )*(?:dizzy|light ?headed|nauseous|faint|sick and dizzy)\b|(?:we|everyone|all of us|half of us) (?:all |both |suddenly |are |is |feels? |feeling )+(?:dizzy|light ?headed|nauseous|faint)\b|(?:air|fumes|something) (?:\w+ ){0,6}?(?:dizzy|light ?headed|nauseous)\b",
        r"lol|haha|prices?|screen|motion|frame ?rate|flicker\w*|lag\w*|graphics|picture|game|bill|camera|beers?|drinks?|drunk|simulator|sim\b|view|swing",
    ),
];

pub const SECURITY: &[Row] = &[
    (
        r"(?:looks?|looking|seems|seem|looked) like (?:a |an attempted |theres been a |there was a |there has been a |someone tried a )?(?:break ?-?in|burglary|forced entry)\b|signs? of (?:a |an )?(?:break ?-?in|forced entry|burglary)|spiked (?:my|our|her|his|a|someones) (?:drink|beer|water|cup)|(?:drink|beer) (?:was |got |has been |been |is )?spiked|roofied\b|drugged (?:my|her|our|me|us)\b",
        r"break in (?:the |my |our |his |her )?(?:play|weather|action|putt|schedule|shaft|club|driver|grip)|lol|haha",
    ),
    (
        r"(?:drunk|drunken|aggressive|violent|threatening|strange|homeless|random|creepy|unknown)\b(?: \w+){0,6}? (?:wont|will not|refuses? to|refusing to|doesnt|does not) (?:want to )?(?:leave|go away|get out)|(?:walked|came|come|wandered) (?:right |straight |just )?in (?:off|from) the street\b.{0,60}(?:wont|will not|refus\w+)|punches (?:are |were |being |got )?(?:thrown|flying)|throwing punches|punch(?:ed|ing) (?:him|her|me|someone|somebody|each other|people|another)|getting (?:really |very |pretty |quite |more )?(?:aggressive|violent|physical)\b",
        r"lol|haha|with (?:my|the|his|her) (?:driver|putter|irons?|line|swing|tee shots?)|off the tee|golf game|punch(?:ed|ing) (?:it|a|the) (?:shot|ball|iron)",
    ),
];

pub const FLOOD: &[Row] = &[(r"degats? (?:deau|d eau|des eaux)\b", r"assurance|chez (?:moi|nous)")];

/// Words that sound like danger and are none: they fire nothing themselves, and keep the model from it.
pub const CALM: &[Row] = &[
    (
        r"(?:smell\w*|reek\w*|stink\w*) (?:\w+ ){0,3}?(?:like|of) (?:\w+ ){0,2}?(?:weed|pot|cigarettes?|cigars?|marijuana|skunk|feet|cologne|perfume)\b|(?:is|are|was|were|been|keeps?|guys?|people|someone|they) vaping\b|\bbbq\b|barbecue|mort(?:e|s)? de rire|stole the show|stole (?:my|our) (?:tee time|spot|slot|bay|idea|time)|fight to the death|chok(?:e|ed|es|ing) (?:on|at) (?:\d+|the (?:\w+ )?(?:hole|putt|green|tee))\b|alarm clock|tap (?:\w+ ){0,4}?dripp?(?:s|ing)?|trapped (?:behind|under|between|in) (?:a |the |some )?(?:trees?|bush\w*|rocks?|branches)|bunker trap|(?:roof|window|ceiling|pipe|basement)s? (?:of|in|at) (?:my|our) (?:car|house|home|truck|apartment|basement|place|office)|my (?:car|house|basement|apartment) (?:\w+ )?(?:flooded|leaked|caught|burned)",
        r"[a-z]",
    ),
    (
        r"(?:do (?:i|we) need|is there|do you (?:have|offer|require)) (?:\w+ )?(?:insurance|a waiver|liability|coverage)\b.{0,60}|what (?:happens|do (?:i|we|you) do|should (?:i|we) do|s the (?:plan|procedure|protocol)) in (?:a|an|case of)\b.{0,40}|who (?:do|should|would) (?:i|we) (?:call|text|contact) in (?:a|an|case of)\b.{0,40}",
        r"[a-z]",
    ),
];
