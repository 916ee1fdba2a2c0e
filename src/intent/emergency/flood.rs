//! Water where none belongs.

use super::Row;

/// Small leaks of things that hold drinks are a ticket, not an alarm.
const DRINK: &str = r"(?:fridge|cooler|dispenser|vending|bottles?|cup|cups|can|cans|coffee|drinks?|beer|kettle|fountain|ice machine|glass of|spilled|spilt|spill|tap wont|faucet drips?|mop)\b";

pub const ROWS: &[Row] = &[
    (
        r"(?:flood(?:ed|ing|s)?|inundat\w+)\b",
        r"flood ?lights?|flood(?:ed|ing)? (?:with|of|by) (?:messages|emails|calls|texts|bookings|requests|light|notifications|people|ads)|(?:course|hole|fairway|green|bunker|basement at home|my (?:house|basement)|highway|roads?|street|downtown)\b|in the game|virtual|lol|haha",
    ),
    (
        r"(?:burst|broken|busted|ruptured|leaking|leaky|split|exploded|cracked|frozen) (?:water )?(?:pipes?|main|hose|water heater|boiler|hot water tank|sprinkler)\b|(?:pipe|main|sprinkler|boiler|water heater|hose|radiator)s? (?:\w+ ){0,3}?(?:burst|bursted|broke|exploded|ruptured|leaking|leaks|going off|went off|spraying|gushing|dripping)\b|(?:sewage|sewer|septic) (?:\w+ ){0,3}?(?:back\w*|coming|leak\w*|over\w*|everywhere|smell and)|sewage",
        r"(?:main|the) (?:screen|tv|projector|display|picture|image|monitor|light|lights|menu|door|alarm|power|speaker)\b|(?:fridge|cooler|dispenser|vending|bottles?|cup|cups|can|cans|coffee|drinks?|beer|kettle|fountain|ice machine|glass of|spilled|spilt|spill|tap wont|faucet drips?|mop)\b",
    ),
    (
        r"water (?:\w+ ){0,4}?(?:pouring|coming|leaking|gushing|dripping|running|rushing|streaming|spraying|flowing|seeping|pooling|rising|raining|shooting|spewing|falling|getting|dropping) (?:\w+ ){0,3}?(?:in|into|through|from|down|out|up|under|onto|on|everywhere|all|across|over|off)\b",
        r"(?:fridge|cooler|dispenser|vending|bottles?|cup|coffee|drinks?|beer|kettle|fountain|ice machine|tap|faucet|hot water|no water|toilet (?:is |keeps )?running|sink (?:is )?slow)\b|water (?:hazard|hole|feature)|(?:on|in) (?:the )?(?:course|hole|game|screen|sim|fairway|green)|virtual|ball",
    ),
    (
        r"water (?:is |s |all |just |literally |absolutely )?(?:everywhere|all over|coming in|on the floor everywhere|ankle deep|pouring|leaking|gushing|dripping)\b",
        r"(?:fridge|cooler|dispenser|vending|bottles?|cup|coffee|drinks?|beer|kettle|fountain|ice machine|spilled|spilt|spill|water hazard|hitting|my (?:ball|shots?))\b|(?:course|hole|fairway|game) ",
    ),
    (
        r"(?:ceiling|roof|wall|walls|upstairs|light|lights|light fixture|vents?|sprinkler|projector|electrical|outlet|breaker|panel) (?:\w+ ){0,4}?(?:leak(?:ing|s|ed|y)?|drip(?:ping|s|ped)?|pouring|dripping water|leaking water|collaps\w+|caving in|caved in|bulging|sagging)\b",
        r"(?:light|lights|vents?|projector) (?:\w+ ){0,3}?(?:coming|came) (?:down|on)|drip(?:ping)? (?:coffee|sweat)|sunlight|light leak\w*|leak(?:ing|s)? light|(?:data|info|news) leak",
    ),
    (
        r"leak(?:ing|s|age|ed)? (?:\w+ ){0,4}?(?:from|in|through|down|on|onto|out of|at|by|near|above|over) (?:the |your |our |a )?(?:\w+ )?(?:ceiling|roof|wall|walls|pipe|pipes|upstairs|floor|sprinkler|washroom|bathroom|electrical|projector|lights?|boiler|bay|box|hallway|storage|entrance|lobby|hvac|duct|vent|toilet)\b|(?:major|big|bad|huge|serious|massive|water|heavy) leak\b",
        DRINK,
    ),
    (
        r"(?:toilets?|washroom|bathroom|sink|urinal|drain|faucet|tap)s? (?:\w+ ){0,5}?(?:overflow(?:ing|ed|s)?|overflown|flooding|flooded|backing up everywhere|wont stop (?:running|flowing)|spraying|gushing|spewing)\b|overflow(?:ing|ed) (?:toilet|sink|urinal|water)",
        r"(?:garbage|trash|bin|towel)",
    ),
    (
        r"(?:ankle|knee|inch|inches|an inch|cm) (?:deep )?(?:of |in )?water|(?:its|it is) raining (?:in|inside)|standing water|puddle (?:is )?(?:growing|spreading|getting bigger)|(?:huge|big|giant|massive) puddle",
        r"(?:course|hole|fairway|bunker|game|parking|outside|lot|street)",
    ),
    (
        r"(?:inondation|inond[eé]\w*|d[eé]g[aâ]ts? des eaux|fuite d ?eau|tuyau (?:\w+ )?(?:[eé]clat[eé]|perc[eé]|cass[eé])|(?:eau|flotte) (?:\w+ ){0,4}?(?:coule|partout|rentre|entre|monte|d[eé]borde|plafond|gicle)|plafond (?:\w+ ){0,3}?(?:coule|fuit|goutte)|d[eé]borde\w*)",
        r"poubelle|bouteille|frigo",
    ),
];
