//! Danger in everyday sayings: what happened ("went down the wrong way", "skin is peeling") rather than its name.

use super::Row;

const JEST: &str = r"lol|haha|lmao|😂|🤣|jk\b";

pub const MEDICAL: &[Row] = &[
    (
        r"{P} (?:\w+ ){0,2}?(?:dropped|went down|folded|crumpled|keeled) (?:mid|in the middle|out of nowhere|suddenly|without warning|like a (?:stone|rock|sack|tree))\b|(?:cant|cannot|couldnt|not able to|unable to) (?:be )?(?:rouse|roused|revive|get (?:a|any) (?:response|reaction|answer) (?:from|out of) (?:him|her|them))\b|(?:no|zero) (?:response|reaction) from (?:him|her|my \w+|the (?:guy|man|woman|lady))\b",
        r"lol|haha|phone|texts?\b|messages?|ball|signal|putts?\b|score|rank\w*",
    ),
    (
        r"heart(?:s| is| rate is)? (?:going|beating|doing|at|up at) (?:at |over |about )?\d{3}\b|heart(?:s| is)? (?:going|beating) (?:way too|crazy|like mad|all over|irregular\w*)|seeing (?:spots|black spots|double) (?:and|now|after)|(?:pacemaker|implant|icd) (?:\w+ )?(?:went off|fired|shocked|kicked in|is beeping)|(?:going|gone) numb (?:down|on|all)",
        JEST,
    ),
    (
        r"spurt(?:ing|s|ed)\b|skin(?:s| is)? (?:\w+ )?(?:peeling|blister\w*|coming off|hanging|bubbl\w+)|(?:hot|boiling) (?:water|oil|coffee|tea|soup|urn|kettle)(?: \w+){0,3} (?:on|over|onto) (?:me|him|her|my \w+|his \w+|her \w+|the (?:kid|baby|child))\b|(?:touched|grabbed|hit|held) (?:a |the |an )?(?:\w+ )?(?:wires?|cables?|outlets?|sockets?|plugs?)\b.{0,30}\b(?:thrown|threw|knocked|flung|jolt\w*|shock\w*|shak\w+)",
        r"lol|haha|sunburn|ball|turf|mat\b|water (?:cooler|bottle)",
    ),
    (
        r"(?:gone|went|goes|go) down the wrong (?:way|pipe|tube)\b.{0,40}\b(?:nothing|cant|cannot|isnt|not|wont|turning|blue|red|help)|(?:cut|wound|gash|bleeding|bleed) (?:\w+ ){0,4}?(?:wont|doesnt|isnt|not|never) (?:clos\w+|stop\w*|clot\w*|eas\w+|slow\w*)|(?:through|soaked|used) (?:two|three|four|five|several|\d) (?:\w+ )?towels\b.{0,30}\b(?:blood|bleed\w*|cut|wound|hand|head|still)|(?:blood|bleed\w*|cut|wound).{0,40}(?:through|soaked) (?:two|three|four|several|\d) (?:\w+ )?towels",
        JEST,
    ),
    (
        r"(?:dont|do not) (?:think|expect) (?:that )?(?:ill|i will|im going to) be (?:here|around|alive) (?:tomorrow|much longer|by morning).{0,40}\b(?:sorry|goodbye|love|tell)|want (?:it|this|everything|it all) (?:all )?to (?:be over|end|stop)\b.{0,30}\b(?:blade|razor|rope|pills|gun|life|die|bridge)|(?:i have|ive got|holding) (?:a |the |some )?(?:blade|razor|rope|noose)\b",
        r"lol|haha|razor (?:thin|sharp|edge|burn)|shav\w+|jump rope|lost and found|found",
    ),
    (
        r"(?:doing|giving|started|starting|performing|taking turns at) (?:him |her )?(?:chest )?(?:compressions|cpr|mouth to mouth|rescue breaths)\b|(?:someone|somebody|{P})(?:s| is)? not (?:at all )?(?:well|right) (?:at all|in here|in (?:bay|box) \d)",
        r"lol|haha|training|course|class|certif\w*|work(?:s|ing)? (?:well )?(?:at all)|(?:sim|screen|it|system|projector)(?:s| is)? not",
    ),
    (
        r"(?:arrive|reussit|capable|peut|peux|misere|mal) (?:\w+ ){0,2}?(?:prendre|reprendre|pogner|retrouver|trouver) (?:son|mon|leur) souffle|parle (?:tout |toute )?(?:croche|mou|bizarre|drole)|engourdi\w* (?:\w+ ){0,3}?(?:bras|visage|jambe|main|cote)|(?:bras|visage|jambe|main|cote) (?:\w+ ){0,2}?engourdie?|train de s ?etouffer|s ?etouffe\w* (?:avec|sur|en)|tombee? (?:raide|sans connaissance|dans les pommes)|ouvert la tete|pisse le sang|fait un (?:infarctus|avc|malaise)",
        r"lol|haha|blague|rire|(?:trackman|ecran|jeu|logiciel)",
    ),
];

pub const FIRE: &[Row] = &[
    (
        r"(?:glow(?:ing|s)?|turn(?:ing|ed)|gone|went) (?:bright |cherry |dull |dark )?(?:red|orange) (?:hot|inside|behind|and|at the back)\b|(?:projector|heater|wire|wires|cable|outlet|socket|plug|panel|pc|computer|vent|element|bulb)(?: \w+){0,4} glow(?:ing|s) (?:bright )?(?:red|orange)\b|(?:curtains?|carpet|couch|turf|mat|tablecloth|rug|paper|bin|trash|net|wallpaper|insulation|lint)(?: is| s|s| has| have| just)* (?:caught|alight|ablaze)\b(?: fire)?(?: ?[.!,]| ?$| from| and| on fire)|(?:socket|outlet|plug|breaker|panel|power ?bar|fuse ?box|transformer)s? (?:\w+ ){0,2}?(?:went|goes|going|made a|gave a) (?:\w+ )?(?:bang|pop|boom|flash)\b",
        r"lol|haha|light|led\b|button|logo|score|in the red|caught (?:my|his|her|on|in|by|up)\b|status|power symbol",
    ),
    (
        r"(?:fils?|prises?|plastique|cables?|chargeur|plafond)(?: \w+){0,4} (?:fond|fondre|fondus?|brule\w*|flambe\w*)\b|ca (?:brule|flambe|boucane) (?:dans|en|derriere|au|sur)|pue le (?:gaz|brule|plastique)|oeufs? pourris?",
        r"blague|lol|haha|cigarette",
    ),
];

pub const SECURITY: &[Row] = &[
    (
        r"pull(?:ed|s|ing) (?:out )?(?:a |an |his |her )?(?:blade|shank|box ?cutter|weapon|switchblade|screwdriver on|bat on)\b|put (?:his|their|her) hands (?:on|round|around) (?:me|my \w+|her|him|us|this)\b|(?:ripping|tearing|pulling|kicking|smashing) (?:the |your |a )?(?:tvs?|projectors?|screens?|monitors?|fixtures|machines?|vending machine)(?: \w+){0,2} (?:off|out of|down|apart|to bits|to pieces)\b",
        r"lol|haha|(?:my|our) (?:tv|screen)|putter blade|blade (?:it|iron|putter|wedge)|hands on (?:the|a|my|this) (?:club|grip|ball)|pull(?:ed|ing) (?:the|a) (?:screen|projector) down",
    ),
    (
        r"(?:quelquun|un (?:gars|homme|type)|y)(?: \w+){0,3} (?:cogne|varge|fesse|tape|frappe) (?:dans|sur|a) (?:la |les? |nos )?(?:porte|portes|vitre|vitres|fenetre)|(?:gars|homme|type) arme\b|se tapent? dessus|ma poussee?|(?:gars|homme|type) louche",
        r"blague|lol|haha",
    ),
];

pub const TRAPPED: &[Row] = &[
    (
        r"{P}(?:s| is| are|re)? (?:\w+ ){0,2}?in (?:the|a|your) (?:toilet|washroom|bathroom|stall|closet|cubicle|storage room|vestibule)\b.{0,40}\b(?:bolt|lock|latch|handle|knob|door|key)s? (?:\w+ ){0,2}?(?:wont|doesnt|jammed|stuck|seized|broke\w*|came off|snapped|spins?|is gone)|(?:bolt|lock|latch|handle|knob)s? (?:\w+ ){0,2}?(?:seized|jammed|snapped|broke|came off)\b.{0,20}\b(?:with (?:me|us|him|her|my \w+) (?:in|inside)|(?:im|were|hes|shes) (?:in|inside|on the inside))|(?:button|bar|sensor|plate|reader|doors?|exit) (?:\w+ ){0,2}?(?:doesnt|wont|isnt|not|never) (?:let|letting|releas\w+|free\w*) (?:us|me|anyone|anybody|people|them|him|her) (?:out|leave|go)\b",
        r"lol|haha|(?:toilet paper|flush\w*)|(?:wont|doesnt) (?:latch|close|lock\b)",
    ),
    (
        r"(?:bouton|barre|poignee) (?:pour sortir|de sortie|de la sortie|dedans)(?: \w+){0,3} pas\b|(?:porte de )?sortie (?:\w+ ){0,2}?(?:bloquee?|barree?|coincee?|bloque|ouvre pas)\b|(?:barres?|barree|pogne\w*|pris\w*|coinces?|enfermee?s?) (?:\w+ )?(?:entre les (?:deux |2 )?portes|dans (?:l ?)?(?:la |le |les )?(?:toilette|toilettes|salle de bain|ascenseur|placard|vestibule|entree))",
        r"blague|lol|haha|dehors",
    ),
];

pub const FLOOD: &[Row] = &[(
    r"(?:raining|rains|pouring|dripping|drips|leaking|trickling)(?: \w+)? (?:on|onto|over|into) (?:the |our |my |your )?(?:pc|computer|projector|electr\w*|outlets?|power ?bars?|screen|couch|tv|cabinet|breaker\w*)\b|(?:tap|faucet|pipe|valve|hose|sink|toilet|sprinkler)s? (?:\w+ ){0,3}?(?:snapped|came|broke|blew|sheared|popped|ripped|let) (?:clean |right )?(?:off|loose|apart|go)\b|geyser\b|(?:river|stream|sheet|wall|torrent|waterfall) of water|eau (?:\w+ ){0,3}?(?:par en dessous|en dessous de la porte|jusqu)|tuyau (?:\w+ )?(?:pete|saute|lache)",
    r"lol|haha|course|hole\b|fairway|beer|coffee|drink|bottle|cooler|fridge|soap|handle came|cup\b|raining outside",
)];

/// What fires nothing and keeps the model quiet: children at play, a door that wants its key, a chirping battery.
pub const CALM: &[Row] = &[
    (
        r"(?:kids|children|toddlers) (?:\w+ ){0,5}?(?:screaming|yelling|shouting|running around|running wild)\b|(?:bathroom|washroom|toilet|restroom)s? (?:door )?(?:is |s )?locked\b.{0,20}\b(?:key|code|which|how do (?:we|i) get in|from (?:the )?outside)|(?:alarm|detector)s? (?:\w+ ){0,4}?(?:chirp\w*|beep\w*) (?:every|once|each)|needs? (?:a )?(?:new )?batter(?:y|ies)\b|(?:sim|simulator|screen|pc|computer|system|projector|software|trackman|touch ?screen|game)\b.{0,25}\bnot responding|^\W*(?:its |still )?not responding(?: to (?:anything|clicks?|touch|us|the mouse|taps?))?\W*$",
        r"help (?:me|her|him)|hurt|bleed\w*|smoke (?:in|from|coming)|drown\w*|fire in|locked in",
    ),
    (
        r"(?:my|our|the) (?:car|truck|van|suv|bike) (?:is |s |got )?(?:\w+ )?(?:trapped|stuck|locked|blocked) in\b|stole (?:my|our|the|his|her) (?:booking|session|reservation|bay time)|broke into the (?:[5-9]0s|eighties|seventies|nineties)",
        r"(?:im|were|someone|kid|child|baby|dog) (?:\w+ )?inside",
    ),
];
