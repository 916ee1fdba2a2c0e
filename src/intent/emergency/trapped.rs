//! People who cannot get out.

use super::Row;

/// Things of the game, the screen and the account that one cannot "get out of" either.
const NOT_A_PLACE: &str = r"(?:trapped|stuck) (?:behind|under|between|against) (?:a |the |some )?(?:trees?|bush\w*|rocks?|branch\w*|mat)|bunker|out of (?:the |a |an |this |that |my |our |your |it$|these )?(?:\w+ )?(?:bunkers?|sand|trap|traps|rough|menu|menus|screen|screens|game|mode|windows?|full ?screen|app|course|practice|trees|woods|water|range|settings|tournament|lobby|login|account|membership|contract|booking|reservation|bed|work|session|update|loop|page|program|software|round|hole|league|tutorial|bush|bushes|hazard|demo|driving|setup|meeting|office|town|house|parking|car|way|control|hand|system|desktop|trackman|profile|options?|slump|habit|head|funk|my own|rut)|(?:exit|leave|quit|close|get out|escape) (?:the |a |this |that |my |our |out of )?(?:\w+ )?(?:game|round|mode|menu|screen|app|session|program|software|practice|course|tournament|full ?screen|trackman|update|tutorial|settings|window|lobby|account|match|review|comment|message|voicemail|tip|desktop|page)|(?:ball|balls|tee|club|card|shot|disc|coin|drink|jacket|keys?|phone|bag|wallet|headcover|glove|stuff|things|clubs|coat|purse) (?:\w+ ){0,3}?(?:is |are |got |gets |was |were |keeps |its |just )?(?:getting )?(?:stuck|trapped|locked in)|(?:keys?|phone|bag|clubs|wallet|coat|jacket|stuff|purse|glasses|laptop) (?:\w+ ){0,3}?(?:locked|stuck|trapped) (?:in|inside)|let (?:me|us) out of (?:the |my |this )?(?:contract|membership|booking|league)|stuck (?:in|on) (?:the |a |an |my |this )?(?:\w+ )?(?:bunker|sand|rough|menu|loading|load|screen|mode|practice|traffic|snow|tutorial|update|updating|loop|login|trees|woods|driving range|boot|lobby|hole|course|map|settings|meeting|work|windows|standby|demo|calibration|setup|ball|tee|game|round|match|page|queue|hand|throat|head|account|rut|ceiling|net|machine|dispenser|hopper|slot|gate|tray|past|middle of (?:a|the) (?:round|game|update))";

pub const ROWS: &[Row] = &[
    (
        r"(?:cant|cannot|can not|couldnt|unable to|not able to|wont let (?:me|us|him|her|them|anyone)|doesnt let (?:me|us)|not letting (?:me|us)|arent able to|isnt letting (?:me|us)|impossible to) (?:\w+ )?(?:to )?(?:get|go|come|walk|exit|leave|escape|make it)\b(?: back)?(?: (?:out|outside|outta|the building|the club|the room|the washroom|the bathroom|this (?:place|building)|here|from here|through the door|anymore)\b| ?[.!,]| ?$| and | help| please| because| of (?:here|the building|this place|the club)| now)",
        r"(?:cant|cannot|can not|couldnt|unable to|not able to) (?:\w+ )?(?:make it|come|wait|get through the|go)\b(?: ?[.!,]| ?$| (?:to|tonight|today|on|at|this|because|now|please|and|back|either|anymore|after|through))|(?:kids|guests|friends|people|we|half|some) (?:\w+ ){0,3}?(?:cant|cannot|couldnt) (?:make it|come)|cant get through the (?:main |front |outside |outer )?door",
    ),
    (
        r"(?:cant|cannot|unable to|wont let (?:me|us)|not letting (?:me|us)) (?:exit|leave|get out|go out|escape)\b",
        r"(?:leave|left|get out|exit) (?:\w+ )?(?:a |an |my |until|before|without|early|till|the (?:ball|tee|clubs)|yet|behind|work|him|her|alone)|cant leave (?:it|this|that|him|her|yet|till|until|work|before|a |my|without|early|the (?:house|office|kids))",
    ),
    (
        r"(?:locked|lock|stuck|trapped|shut|traped|traaped|lokced|trap) (?:us |me |him |her |them )?(?:in|inside|indoors|insde)\b(?: the (?:building|club|bathroom|washroom|restroom|toilet|room|elevator|lift|vestibule|lobby|hallway|entry|entrance|storage|closet|place|staff|facility|bay)| here| and| help| please| ?[.!,?]| ?$| a (?:bathroom|washroom|room|closet)| (?:your|this) (?:place|building|club|washroom|bathroom|facility)| (?:bay|box) \d| washroom| bathroom| with| by| now| for)",
        r"(?:dialled|dialed|all|fully|really|so|totally|absolutely|mentally) (?:\w+ )?(?:and )?locked in|locked in (?:a |the |my |our |your |that |this |on |with (?:my|the|a) )?(?:\w+ )?(?:price|rate|booking|spot|slot|time|swing|focus|target|putting|tempo|deal|discount|reservation|score|zone|deal|today|tonight|for (?:the|our|my|next|friday|saturday|sunday|monday|tuesday|wednesday|thursday|tomorrow|\d))|(?:booking|spot|slot|time|date|reservation|rate|price|team|score|deal) (?:is |are |was |all )?locked in|get locked in|lock (?:me|us) in(?: for| at| on|to)|lock in (?:for|at|on|my|our|the|a|that)|locked in (?:today|tonight|on|rn)",
    ),
    (
        r"(?:were|was|im|i am|we are|am|are|hes|he is|shes|she is|theyre|someone is|someones|somebody is|{P} (?:is |got |are )?) ?(?:stuck|trapped|locked) (?:in|inside)\b",
        r"(?:dialled|dialed|all|fully|really|so) (?:\w+ )?(?:and )?locked in|locked in (?:today|tonight|on|rn|with|for|right now|my|this|a)|locked in$|locked in[.!]|locked in (?:boys|baby|fellas|lads)",
    ),
    (
        r"(?:trapped|entrapped|stuck behind the door|barricaded)\b",
        r"trapped? (?:the|my|a|his|it|between|ball|in (?:the|a) (?:sand|bunker|rough|trees|woods))|sand trap",
    ),
    (
        r"let (?:me|us|him|her) (?:the \w+ )?out\b(?: of (?:here|this|the (?:building|club|washroom|bathroom|room)))?",
        r"",
    ),
    (
        r"(?:how (?:do|can|to|would|should) (?:i|we|you)?(?: even)? ?(?:get|go|come|exit|leave|escape|walk)(?: back)? (?:out\b|outside|from here|the building|this place|of here)|how do (?:i|we|you) (?:exit|leave)(?: ?[?.!]| ?$| the (?:building|club|place|facility))|no way out|(?:cant|cannot) find (?:the |an |a )?(?:way out|exit)|need to get out|(?:get|let) (?:me|us) outta here|which way is out)",
        r"how (?:do|can|to) (?:i|we|you)? ?leave (?:a|you|my|our|the (?:ball|clubs|bay|key))|get (?:outside|out) (?:more|to play)",
    ),
    (
        r"(?:doors?|exit|handle|push ?bar|crash bar|gate|lock) (?:\w+ ){0,4}?(?:wont|will not|doesnt|does not|isnt|is not|not|stuck|jammed|locked|refuses) (?:\w+ ){0,3}?(?:from (?:the )?inside|to get out|to let (?:me|us) out|letting (?:me|us) out|let (?:me|us) out|to leave|to go out|and (?:were|im|i am|we are) (?:inside|stuck|in))",
        r"",
    ),
    (
        r"(?:from|on) the inside\b.{0,40}(?:wont|cant|stuck|locked|jammed|doesnt)|(?:exit|emergency) door (?:\w+ ){0,2}?(?:wont|doesnt|is|isnt|not|blocked|locked|jammed|stuck)",
        r"(?:blocked|is|isnt) (?:by|open|latching|closing|closed|propped|shut|ajar)|(?:wont|doesnt|isnt|not) (?:close|closing|latch|latching|lock|shut)|exit door is (?:on|which|where)",
    ),
    (
        r"(?:stuck|trapped) in (?:the |an |a |your )?(?:elevator|lift|washroom|bathroom|restroom|toilet|closet|vestibule|hallway|stairwell|staff room|storage)",
        r"",
    ),
    (
        r"(?:(?:suis|sommes|est|es|reste|rest[eé]s?) (?:\w+ )?(?:enferm[eé]e?s?|coinc[eé]e?s?|bloqu[eé]e?s?|pris\w*|pi[eé]g[eé]e?s?) ?(?:[aà] l ?int[eé]rieur|dedans|dans (?:les? |la )?(?:toilettes?|salle|b[aâ]timent|club|ascenseur)|ici)|(?:peux|peut|pouvons|arrive|arrivons|arrive-t) (?:\w+ )?(?:pas|plus) ?(?:[aà] )?(?:de )?(?:sortir|partir)|(?:laissez|faites)[- ](?:moi|nous) sortir|comment (?:on |je |est-ce qu ?on |faire pour )?(?:sort|sortir)\b|porte (?:\w+ ){0,3}ouvre pas de l ?int[eé]rieur)",
        r"sortir (?:du|de la|de ce|de l) ?(?:jeu|menu|partie|bunker|mode|[eé]cran|application|practice|trappe)",
    ),
];

/// Silences every row of this family.
pub const NOT_TRAPPED: &str = NOT_A_PLACE;
