//! Fire, smoke, burning smells, gas.

use super::Row;

/// Praise and golf talk, where "fire" means "good".
const HOT_HAND: &str = r"on fire (?:today|tonight|lately|right now with|this (?:week|round|season|morning|evening)|with (?:the|my|his|her)|off the|from (?:the|100|150|200)|since|all (?:day|night|round)|rn)|(?:im|i am|were|we are|hes|he is|shes|she is|youre|you are|u are|ur|theyre|they are|guys are|team is|tiger is|rory is|scottie is|i was|we were|he was|she was|been|(?:my|his|her|your|our|the) (?:\w+ )?(?:putter|putting|driver|driving|swing|game|irons?|wedges?|short game|chipping|golf|buddy|team|wedge game)(?: is| was| are|s)?) (?:\w+ )?on fire|lol|haha|set (?:the|this) (?:course|leaderboard|league) on fire|place (?:is|was) on fire (?:today|tonight)";

pub const ROWS: &[Row] = &[
    (r"(?:on|caught|catching|catches|catch) fire\b", HOT_HAND),
    (
        r"(?:(?:theres|there is|there are|theirs|see|seeing|have|having|got|its|is|its a|started|starting|small|big|huge|electrical|kitchen|grease|bin|trash|garbage|actual|real|active) (?:like )?(?:a |an |some |the |actual |real |small |big |little |huge |electrical )*fire|fire fire|fire in (?:the |bay|box|here|a )|fire at (?:the|your|bay)|a fire (?:in|at|by|near|on|behind|under|started|has|just)|fire started|fire is|fire coming|fire help|help fire|huge fire)\b(?: |$|[^a-z])",
        r"fire ?(?:pit|place|extinguisher|exit|exits|stick|drill|sale|door|doors|truck|trucks|wall|ball|tv|hall|code|hazard|alarm test|inspection|inspector|marshal|escape|route|works|wood|hydrant|table|hose|blanket|safety|station|department lane|lane)|(?:this|that|it|place|music|playlist|sim|spot|setup|shot|drive|swing|was|were|absolute|straight|pure|looks|looking|sounds) (?:is |was |are |were |absolutely |straight |pure )*fire|(?:ready|aim|rapid|open|under|crossfire|friendly)[ ,-]fire|fire (?:up|it up|away|off|him|her|them|me (?:a|an|over|the))",
    ),
    (
        r"(?:flames?|in flames|burning down|blaze|engulfed)\b",
        r"lol|haha|flames? (?:logo|decal|shirt|headcover|sticker|jersey|game|hat)|calgary|go flames|up in flames (?:on|after|at)|my (?:round|game|score)|flame ?thrower",
    ),
    (
        r"smoke\b|smoking\b|smokey\b|smoky\b|smoke(?:s)? (?:coming|pouring|filling|everywhere)",
        r"smoke ?break|(?:can|may|could|allowed to|ok to|okay to|where (?:can|do|to)|go|going|out|step|stepping|popp?(?:ed|ing)?|went|for) (?:i |we |you |out |we go |for )*(?:to |a |for a )*(?:quick )?smok(?:e|ing)\b|smok(?:e|ing) (?:area|policy|section|spot|allowed|weed|a joint|a cigar|cigars?|cigarettes?|pot|pit|outside|room|free|machine|show|meat|brisket|ribs|outdoors)|(?:no|non|anti|quit|stop) ?-?smok(?:e|ing)|smok(?:e|ed|ing|in) (?:it|that|him|her|them|one|a drive|my drive|the ball|drives|balls)|holy smok|smokeless|(?:guys?|people|someone|somebody|they|he|she|kids|men|group|dude|folks|neighbou?rs|smells? like|smell of|reeks? of|stinks? of|smelled like) (?:\w+ )?(?:\w+ )?(?:is |are |was |were |been |keeps? |like |of )?(?:smoking (?:a |the )?(?:cig\w*|weed|cigars?|pot|joints?|vapes?|in|outside|by|at|near|inside)|(?:cigarettes?|cigar|weed|pot|marijuana|old) smoke)|cigarettes?|cigars?|\bweed\b|vap(?:e|ing)|marijuana|smoke detector (?:\w+ ){0,3}(?:chirp\w*|beep\w*|low|battery|needs)|(?:chirp\w*|low battery)|smok(?:ing|in) hot|smoke and mirrors|smoke (?:show|show)|up in smoke|smoke(?:s|d)? you\b|is there (?:a |any )?smoke (?:detector|alarm)s?|do you have (?:a |any )?smoke",
    ),
    (
        r"(?:burning smell|smells? (?:\w+ ){0,4}?(?:burning|burnt|burned|burn|gas|propane|smoke|fumes|melting)|(?:something|somethings|plastic|wires?|wiring|rubber|electrical|electronics|electricity|outlet|cable|projector|pc|computer|fan|motor|heater) (?:is |s |are )?(?:burning|melting|burnt|on fire|sparking|sizzling)|burn(?:ing|t) (?:plastic|wires?|wiring|rubber|electrical|electronics|smell|odou?r|hair)|electrical (?:burn\w*|smell|odou?r)|smelling (?:burn\w*|smoke|gas)|gas leak|leaking gas|smell of (?:gas|burning|smoke)|whiff of (?:gas|smoke)|carbon monoxide|co (?:alarm|detector|monitor) (?:is |was |keeps |just )*(?:going|went|ringing|beeping|sounding))",
        r"burnt (?:coffee|popcorn|toast|pizza|food)|popcorn|toast\b|someones? cooking|(?:bbq|barbecue|food)|gas station|burning (?:question|calories|up the course)|cigar\w*|weed|smells? like (?:feet|sweat)",
    ),
    (
        r"(?:sparks? (?:\w+ ){0,3}?(?:coming|flying|from|out|shooting)|sparking|(?:outlet|socket|plug|panel|cable|wire|wires|projector|pc|breaker|light|fixture) (?:\w+ ){0,3}?(?:sparked|sparking|sparks|arcing|exploded|popped and)|explosion|exploded|electrical fire|short circuit)",
        r"spark(?:s|ed)? (?:joy|interest|a)|exploded (?:on|off|with)|(?:phone|inbox|price|score|ball) exploded|(?:ball|drive|shot) (?:\w+ )?exploded|bunker|explosion shot|lol|haha",
    ),
    (
        r"(?:fire|smoke|heat)[- ]?(?:alarm|detector|bell)s? (?:\w+ ){0,4}?(?:going|goes|went|gone|ringing|rings|blaring|sounding|sounded|on|off|screaming|triggered|activated|wont stop|flashing|tripped|set off|blasting)|(?:set off|pulled|tripped|triggered|hear(?:ing)?) (?:the |a |your )?(?:fire|smoke) (?:alarm|detector)|fire (?:alarm|department|dept|trucks?|brigade)(?: now| please| here| is here|!| help)|call(?:ing|ed)? (?:the )?fire (?:dep|brig|truck|service)|fire alarm$",
        r"test(?:ing|ed|s)?\b|drill|chirp\w*|low battery|battery|every (?:\d+|few|minute|30|so often)|inspection|is there|do you have|where",
    ),
    (
        r"(?:il y a (?:le |un |du )?(?:feu|incendie|flammes?)|au feu\b|en feu\b|prend feu|pris feu|incendie|fum[eé]e|odeur de (?:br[uû]l[eé]|gaz|fum[eé]e)|sent (?:le )?(?:br[uû]l[eé]|gaz|fum[eé]e)|[cç]a br[uû]le|br[uû]le\b|alarme (?:d ?)?incendie|fuite de gaz|[eé]tincelles|explos[eé]|monoxyde)",
        r"extincteur|cigarettes?|exercice|feu (?:de camp|vert|rouge)|je suis en feu|on est en feu|il est en feu",
    ),
];
