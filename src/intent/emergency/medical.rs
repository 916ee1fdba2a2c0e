//! Injury, illness and crisis.

use super::Row;

pub const ROWS: &[Row] = &[
    (
        r"(?:call|calling|called|need|needs|send|get|phone|phoning|dial|dialling|dialing|calls?) (?:us |me |him |her |for )?(?:an? |the )?(?:ambulance|ambulence|ambulanc|abulance|amublance|paramedics?|medics?|911|9-1-1|112|999|ems|doctor)\b",
        r"porsche|hole|not an emergency|swing doctor|doctor(?:s)? (?:note|appointment)",
    ),
    (r"(?:ambulance|ambulence|paramedics?) (?:now|please|asap|quick|is coming|on the way|needed)", ""),
    (
        r"(?:heart attack|cardiac arrest|having a stroke|had a stroke|has had a stroke|stroke symptoms|face (?:is )?droop\w*|a seizure|seizures|seizing|having convulsions|convulsing|epileptic)",
        r"(?:gave|give|giving|gives|almost|nearly|near) (?:me |us |him |her )?(?:had |have |having )?a heart attack|(?:almost|nearly) had a heart|about to have a heart|heart attack (?:watching|on the|when|over)|(?:lol|haha|lmao)|stroke (?:lead|play|penalty|index|hole)",
    ),
    (
        r"{P} (?:\w+ ){0,4}?(?:unconscious|unconcious|unconscius|unresponsive|passed out|fainted|collapsed|blacked out|knocked out|out cold|keeled over|not breathing|isnt breathing|stopped breathing|no pulse|turning blue|lost consciousness|foaming)\b",
        r"(?:out of|of) the (?:tournament|league|bracket|match|playoffs?|event)|(?:collapsed|choked) on the|back nine|passed out (?:cards|flyers|prizes|scorecards)|so good|(?:the|my|our|this) (?:screen|sim|simulator|trackman|software|computer|pc|projector|tv|system|app|game)\b[^,]{0,25}(?:unresponsive|passed out|blacked out|collapsed|knocked out)|almost (?:passed out|fainted)? ?(?:laughing|from laugh)|laughing|(?:my )?game (?:has )?collapsed",
    ),
    (
        r"(?:unconscious|unconcious|unconscius|isnt breathing|not breathing|stopped breathing|no pulse|wont wake up|not waking up|lying on the (?:floor|ground)|laying on the (?:floor|ground)|collapsed on the (?:floor|ground)|face down on the)\b",
        r"(?:bag|clubs?|towel|jacket|phone|keys|ball|wallet|glove|sign|poster|panel|tile|mat|curtain|trash|garbage|bottle|glass|wrapper|cable|wire)\b|subconscious",
    ),
    (
        r"(?:bleeding|blood everywhere|lots? of blood|covered in blood|losing blood|blood all over|pool of blood|gushing blood|hemorrhag\w+)\b",
        r"bleeding edge|bleeding (?:strokes|shots|money|points|cash|heart)|blood (?:pressure|test|drive|type)|stopped bleeding",
    ),
    (
        r"(?:cant|cannot|can not|couldnt|trouble|hard to|difficulty|struggling to|having trouble|stopped) (?:to )?breath(?:e|ing)?\b|short(?:ness)? of breath|gasping for (?:air|breath)|asthma attack",
        r"laugh\w*|lol|haha|so (?:hot|warm|stuffy|humid|smelly)|(?:hot|stuffy|humid|boiling) (?:in here|inside)|stinks?\b|smell of (?:feet|socks)",
    ),
    (
        r"{P} (?:\w+ ){0,3}?(?:is |are |was |started |keeps )?choking\b|(?:is|are|hes|shes|im) choking\b",
        r"choking (?:on|under|down|up) (?:on )?(?:the |my |a |this |that |every |it )?(?:last|18|club|grip|pressure|putts?|hole|back|lead|shaft|final|par|birdie|game|match)|under pressure|lol|haha|choking up on|choking again|choking (?:hard|bad) (?:today|tonight|on)",
    ),
    (
        r"(?:allergic reaction|anaphyla\w+|epi ?pen|throat (?:is )?(?:closing|swelling)|diabetic (?:shock|emergency|coma)|low blood sugar|insulin shock|overdos\w+|od(?:ed|ing|d)\b|alcohol poisoning|heat ?stroke|narcan|naloxone)",
        r"overdose of|overdosed on (?:coffee|caffeine|golf)",
    ),
    (
        r"(?:chest pains?|pains? in (?:my|his|her|the) chest|chest (?:is )?(?:hurting|hurts|tight|feels tight|tightness)|pain down (?:my|his|her) (?:left )?arm|left arm (?:is )?(?:numb|tingling))\b",
        r"",
    ),
    (
        r"(?:broke|broken|fractured|dislocated|snapped|shattered|busted) (?:my|his|her|their|a|the guys) (?:\w+ )?{BODY}\b",
        r"backboard|(?:leg|arm|foot|back|face|head) (?:of|on) (?:the|a) (?:chair|table|stool|couch|bench|stand|tripod|club|putter|driver|tee)|chair|table|stool|bench|tripod|headset|head ?cover|club ?head|(?:driver|club|iron|wedge|putter)s? (?:head|face)|club ?face",
    ),
    (
        r"(?:hurt|injured|twisted|sprained|tore|torn|popped|pulled|wrenched|dislocated|smashed|gashed|cut|sliced|split|slashed|crushed|burn(?:ed|t)|scalded) (?:my|his|her|their|our|a guys|myself|himself|herself)(?: \w+)?(?: {BODY})\b",
        r"(?:last|yesterday)|gloves?|handicap|score|feelings?|wallet|chances|head ?covers?|backswing|(?:old|previous|ongoing|from (?:work|hockey|the gym)) injury|cut (?:my|his|her) (?:hours?|time|session|booking|score)|hand ?icap|pulled (?:my|his|her) (?:shot|drive|putt|tee)",
    ),
    (
        r"(?:someone|somebody|{P}) (?:\w+ ){0,3}?(?:is|are|was|got|has been|been|gets|just got|s) (?:\w+ )?(?:hurt|injured|hurt bad|in pain|wounded|electrocuted|shocked by|burned|burnt|stabbed|shot)\b",
        r"(?:feelings?|handicap|wallet|score|pride)|nobody|no one|shot (?:a|an|even|under|par|\d)|hurt by|(?:a|good|great|best|nice|one) shot|shot (?:is|was|clock|tracer|data|history)|hurt (?:my|his|her) (?:chances|score|handicap)",
    ),
    (
        r"(?:badly|really|seriously|severely) (?:hurt|injured|wounded)\b|hurt (?:badly|bad|himself|herself|themselves|really bad)\b|serious(?:ly)? injur\w+|(?:head|neck|spinal|back|eye) injury|concuss\w+|electrocut\w+|medical emergency|need (?:immediate |urgent )?medical|injury in (?:bay|box|here)|we have an injury|got hurt\b|been hurt\b|is hurt\b|im hurt\b|hes hurt\b|shes hurt\b",
        r"(?:old|previous|recovering|coming back|returning|ongoing|chronic|due to|because of|from an?|my) (?:\w+ )?injury|(?:my|the) (?:wallet|handicap|score|pride|feelings|ego|game|swing)|golf injury|injury (?:so|and|last)|hurt(?:s)? (?:my|his|her) (?:handicap|score|chances)|ego",
    ),
    (
        r"(?:hit|struck|smacked|whacked|clocked|nailed) (?:\w+ ){0,5}?(?:in|on|by|to|with) (?:the |his |her |my |a |an |their |somebodys |someones )?(?:\w+ )?(?:{BODY}|club|driver|iron|golf ball|swing)\b",
        r"hit (?:it|them|this|that|the ball|balls?|shots?|my|a|one|the|off|well|good|great|nothing|everything|bombs?|fairways?|greens?|well|better|straight|far|long|my (?:driver|irons?|wedges?)) (?:\w+ ){0,4}?(?:with|on|in|by|to) (?:the |my |a |an )?(?:\w+ )?(?:toe|heel|face|back|driver|iron|hands?|club|swing|head)|(?:screen|net|wall|ceiling|projector|camera|sensor|mat|tv|radar|panel|light|frame|side)\b|good (?:hit|contact)|ball (?:was|is|gets?) (?:not )?(?:hit|struck)|(?:club ?face|driver face|sweet spot)",
    ),
    (
        r"(?:club|ball|driver|iron|rebound|ricochet\w*) (?:\w+ ){0,4}?(?:hit|struck|smacked|clocked) (?:me|him|her|my \w+|a \w+|someone|somebody|the (?:guy|kid|girl|boy|lady))\b",
        r"(?:screen|net|wall|ceiling|radar)|hit me with|hit me up",
    ),
    (
        r"(?:fell|fallen|tripped|slipped)\b (?:\w+ ){0,8}?(?:cant (?:get up|move|stand|walk)|hit (?:his|her|my) head|head|hurt|bleeding|down the stairs|unconscious|badly)",
        r"head ?cover",
    ),
    (
        r"(?:cant|cannot|unable to) (?:get up|stand up|move|feel|walk|see out of) ?(?:his|her|my|their)? ?(?:legs?|arms?|anymore|off the floor|{BODY})\b",
        r"(?:club|score|handicap|mouse|cursor|cart|avatar|aim|target|camera)",
    ),
    (
        r"(?:need|want|wheres|where is|get|bring|grab|using|use) (?:the |a |an )?(?:aed|defib\w*|tourniquet|stretcher)\b|starting cpr|doing cpr|giving cpr|cpr\b",
        r"do you have|is there|class|course|training|certified|trained",
    ),
    (
        r"suicid\w+|kill(?:ing)? myself|end(?:ing)? my (?:own )?life|end it all|hurt(?:ing)? myself on purpose|harm(?:ing)? myself|self[- ]harm\w*|(?:dont|do not) want to (?:live|be alive|be here anymore)|want(?:s)? to die\b|better off dead|(?:no|any) reason to (?:live|go on)|threatening to (?:jump off|kill (?:him|her|them)sel)|tak(?:e|ing) (?:my|his|her) own life|nothing to live for|kill (?:him|her)self",
        r"lol|haha|lmao|putt(?:s|ing|er)?\b|slice|shank|triple bogey|😂|🤣|if i have to|this (?:game|course|hole)|suicide (?:squeeze|squad|pin)",
    ),
    (
        r"(?:panic attack|mental (?:health )?(?:crisis|breakdown)|nervous breakdown)",
        r"(?:almost|nearly) (?:had|gave)|gave me|lol|haha",
    ),
    (
        r"(?:(?:he|she|hes|shes|someone|somebody|someones|guy|man|woman|friend|buddy|dad|mom|husband|wife|person)(?: is| might be| may be| looks)? (?:dying|dead|died)|(?:im|i am|i think im) dying|found dead|dead body)\b",
        r"battery|phone|laugh\w*|dying (?:to|for|of thirst|down|out|on)|(?:screen|sim|simulator|trackman|computer|pc|projector|tvs?|system|radar|app|game|remote|controller|mouse|keyboard|wifi|internet|tablet|ipad|light|lights|camera|speaker|speakers|link|line|bay|box|place|soundbar|music|power|site|website|door|keypad|fob|machine|sensor|unit|monitor|display|it|arm|legs?|back|lol|haha)\b|dead (?:center|centre|straight|on|even|in the water|zone|spot)|(?:is|its) dead (?:in here|tonight|quiet)|game is dead",
    ),
    (
        r"(?:having|has|had) (?:a|an) (?:medical|health) (?:emergency|episode|issue)|in labou?r\b|water broke|miscarriage|vomiting blood|coughing (?:up )?blood|poisoned",
        r"",
    ),
    (
        r"first aid\b[^.?]{0,30}(?:now|asap|quick|urgent|hurry|bleeding|cut|hurt)",
        r"is there|do you have|where",
    ),
    (
        r"(?:appel\w* (?:une |l ?)?ambulance|besoin d ?une ambulance|appel\w* (?:le )?(?:911|15|112|secours|urgences?)|crise cardiaque|(?:ne )?respire (?:plus|pas)|peux pas respirer|arriv\w+ (?:pas|plus) [aà] respirer|inconscient\w*|[eé]vanoui\w*|perdu connaissance|saigne\w*|beaucoup de sang|(?:est|sest|suis|me suis|quelquun) (?:est )?bless[eé]\w*|bless[eé] grave\w*|fait un malaise|mal [aà] la poitrine|s ?[eé]touffe|convulsions|surdose|me suicider|me tuer|envie de mourir|r[eé]action allergique|cass[eé] (?:le|la|un) (?:bras|jambe|poignet|cheville)|au secours|s ?est effondr[eé]\w*|urgence m[eé]dicale)\b",
        r"trousse",
    ),
    // A question about what there is: never an alarm, and the model must not make it one.
    (
        r"(?:fire ?(?:pits?|trucks?|extinguisher|works|sticks?|place)|tap (?:\w+ ){0,4}?drips?|how do (?:you|we|i) exit when|that (?:\w+ )?was fire|stroke ?play)\b",
        r"[a-z]",
    ),
    (
        r"(?:is there|are there|do you (?:guys )?have|have you got|got|any|where (?:is|are)|wheres) (?:an? |any |the |your |some )?(?:\w+ )?(?:first[- ]aid|band ?aids?|bandages?|fire (?:extinguishers?|exits?|pit|place)|smoke (?:detectors?|alarms?)|sprinklers?|emergency exits?)\b|(?:is there|do you (?:guys )?have|have you got) (?:an? |any )?(?:aed|defib\w*)",
        r"[a-z]",
    ),
];
