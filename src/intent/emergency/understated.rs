//! Danger told quietly: signs rather than names ("he went grey and sweaty", "a funny burnt smell").

use super::Row;

const JEST: &str = r"lol|haha|lmao|😂|🤣|laugh\w*|jk\b";

pub const MEDICAL: &[Row] = &[
    (
        r"(?:hard time|hard|trouble|difficulty|struggling|not able|unable|having issues|gasping|misere|du mal|difficulte)s? (?:with |in |to |a |catching |getting |drawing )*(?:his |her |my |their |a |any |enough )?(?:breath\w*|air|respirer|souffle)\b|(?:cant|cannot|couldnt) (?:catch|get) (?:his |her |my |their |a |any |enough )?(?:breath|air)\b|(?:not|isnt|arent|aint) breathing (?:right|well|properly|normal\w*|much|good|too)|breathing (?:is |s )?(?:funny|weird|strange|shallow|bad\w*|really hard|very hard|fast and|hard and)|wheez\w+|gasping|out of breath and|winded and cant",
        r"lol|haha|laugh\w*|stairs|workout|out of shape|dust\w*|air con\w*|hot in here|stuffy|pressure|air (?:conditioning|pump|is)",
    ),
    (
        r"(?:{P}|face|lips|skin|mouth) (?:\w+ ){0,5}?(?:gr[ea]y|blue|purple|pale|white as|clammy|sweaty|sweating|shaking|trembling|twitching|jerking|drooling|foaming|swelling(?: up)?|swollen|puffing up|drooping|numb|slurring|slurred|limp)\b(?: (?:and|in the face|around|all over|a lot|up|badly|as a|on one|on the floor|now|at the lips)|[.,!]| ?$)",
        r"lol|haha|laugh\w*|screen|button|light|shirt|wearing|jacket|hat|polo|projector|\bsim\b|simulator|balls?\b|hands are (?:cold|sweaty|freezing)|(?:were|we are|im|i am|everyone|everyone is|everybody is|people are|we) (?:\w+ )?sweat(?:y|ing)|sweaty (?:hands|palms)|nerv\w+|shaking (?:my|his|her|our) head|hot in here|so hot|heat\b|warm|temperature|cold|from the cold|hair|tees?\b|car\b|truck|shoes|grip|swing|putter|putts?\b",
    ),
    (
        r"(?:doesnt|does not|dont|isnt|not) (?:look|looking|seem|feel|feeling) (?:\w+ )?(?:right|well|good|ok|okay|himself|herself)\b.{0,40}\b(?:gr[ea]y|pale|sweat\w*|dizzy|chest|arm|breath\w*|confused|fell|floor|cant (?:stand|talk|speak))",
        JEST,
    ),
    (
        r"(?:just |suddenly |has |hes |shes )?(?:{P} )(?:\w+ ){0,3}?(?:dropped|went down|hit the (?:floor|deck|ground)|crumpled|toppled|slumped|keeled)\b(?: over)?.{0,30}\b(?:not (?:answering|moving|talking|responding|waking|getting up)|isnt (?:answering|moving|talking|responding|waking|getting up)|wont (?:answer|move|wake|get up|come)|cant (?:get up|move|talk)|doesnt (?:answer|move|respond))|(?:slumped (?:over|on|in)|man down|person down|somebody down|someone down)\b",
        r"lol|haha|\bsim\b|screen|game|price|signal|phone|wifi|club\b",
    ),
    (
        r"(?:chest|torax|poitrine) (?:\w+ ){0,4}?(?:tight\w*|heavy|pressure|pain\w*|squeez\w*|hurt\w*|burning|crushing)|(?:pressure|tightness|pain|heaviness|squeezing|burning|douleurs?|serrement|pression) (?:\w+ ){0,2}?(?:in|on|across|dans|a) (?:my |his |her |the |la |sa |ma )?(?:chest|poitrine)|heart (?:is |s )?(?:racing|pounding|skipping|fluttering) (?:and|really|wont|for)|(?:palpitations|angina)\b",
        r"lol|haha|chest (?:turn|rotation|freezer|high|height|of drawers)|(?:treasure|tool) chest|swing|rotat\w+",
    ),
    (
        r"(?:wont|doesnt|not|cant|didnt|hasnt) (?:come (?:round|around|to)|coming (?:round|around|to)|wake|wake up|waking|woken)\b|(?:cant|couldnt|wont) (?:be )?w(?:ake|oken) (?:him|her|them|up)|eyes? (?:are |have |just )?(?:rolled|rolling) (?:back|up)|(?:some kind of|having a|had a|a sort of|in a|like a|taken a) (?:fit|turn|convulsion|seizure)\b(?:[.,!]| and| on| in| right| now| ?$)",
        r"(?:screen|sim|simulator|pc|computer|projector|tv|trackman|touchscreen|monitor|radar|tablet|it|system|display|mouse)(?: \w+){0,3} (?:wont|doesnt|not|cant|having)|alarm|early|in time|laughing fit|hissy fit|lol|haha|turn (?:at|on|to)\b",
    ),
    (
        r"(?:stuck|lodged|caught|something) (?:\w+ ){0,2}?in (?:his|her|my|their|the) (?:throat|airway|windpipe)|(?:swallowed|ate|drank|inhaled) (?:a |an |some |the )?(?:tee|battery|coin|bleach|cleaner|chemical\w*|magnet|glass|poison|ball|marker|something (?:bad|sharp))|(?:took|taken|swallowed) (?:too many|a bunch of|all (?:the|his|her|my)|a lot of|a load of|a bottle of|a handful of) (?:\w+ )?(?:pills|tablets|meds|medication|sleeping)",
        JEST,
    ),
    (
        r"(?:(?:quite )?a (?:bit|lot|ton) of|lots of|so much|too much|losing|spitting|coughing) (?:\w+ )?blood\b|blood (?:is )?(?:coming|pouring|dripping|running|streaming|gushing|spurting)|bleed\w* (?:a lot|bad\w*|heav\w+|everywhere|from|wont|pretty|quite|all)|(?:cant|cannot|couldnt|wont) (?:stop|slow) (?:the |his |her |my )?(?:bleeding|blood|nose ?bleed)|(?:cut|gash|split|opened|sliced|cracked) (?:his |her |my )?(?:head|forehead|eyebrow|lip|hand|finger|face|scalp|temple)\b|(?:deep|bad|nasty) (?:cut|gash|wound)|needs? stitches",
        r"lol|haha|last (?:week|year)|club ?head|driver head|headcover|price|bleeding edge",
    ),
    (
        r"(?:got|had|took|felt|gave|given|getting) (?:me |him |her |us )?(?:a |an )?(?:\w+ )?(?:zap|zapped|shock|shocked|jolt|electric shock|electrocuted)\b(?: (?:off|from|by|when|touching|on|and|me)|[.,!]| ?$)|(?:touching|touched) .{0,30}(?:shocks|zaps|shocked|zapped) (?:me|you|him|her)",
        r"price|static|lol|haha|sticker shock|shocked (?:at|by (?:the|how)|that|to)|(?:a |the )?shock (?:to see|how)|bill|cost|in shock at|shaft",
    ),
    (
        r"(?:slurr\w+ (?:his|her|their|words|speech)|speech (?:is |s |has )?(?:slurred|gone|funny|weird)|cant (?:speak|talk|move (?:his|her) (?:arm|leg|side|face))|one side of (?:his|her) (?:face|body)|face (?:is |has )?(?:dropped|drooped|drooping)|confused and (?:\w+ )?(?:cant|slurring|dizzy|dont|doesnt))\b",
        r"cant (?:talk|speak) (?:to|with|right now|now|on|long|about|french|english|anglais)|lol|haha|screen|couldnt|mic\b",
    ),
    (
        r"(?:stung|sting|bee|wasp|nuts?|peanuts?|shellfish|nut bar|allerg\w+).{0,40}\b(?:swell\w*|swollen|hives|throat|lips|breath\w*|rash (?:all|spreading)|puff\w*)|(?:lips|tongue|throat|face|eyes) (?:is |are |s |has |have )?(?:\w+ )?(?:swell\w+|swollen|closing|puff\w+|itch\w+ and)|(?:need|needs|where|get|have|any|avez.vous|got) (?:\w+ ){0,3}?epi ?pens?",
        JEST,
    ),
    (
        r"(?:il|elle|on|quelquun|mon \w+|ma \w+|un \w+|une \w+|le monsieur|la dame) (?:\w+ ){0,6}?(?:se reveille (?:pas|plus)|repond (?:pas|plus)|bouge (?:pas|plus)|respire (?:mal|pas|plus)|tombe sans connaissance|sans connaissance|perd connaissance|convulse|tremble de partout|sest ouvert|sest coupe|fait une crise|sest fracture)|(?:douleurs?|mal|serre|pression) (?:\w+ ){0,2}?(?:a|dans|au) (?:la |le |sa |ma )?(?:poitrine|coeur|thorax|bras gauche)|(?:de la misere|du mal|peine|difficulte) a respirer|avale (?:des|trop de|plein de) (?:pilules|comprimes|medicaments)|epipen",
        r"porte|balle|image|bouton|blague|lecran|ecran|trackman|simulateur|logiciel|systeme|souris|programme|radar",
    ),
];

pub const FIRE: &[Row] = &[
    (
        r"(?:funny|weird|strange|odd|strong|bad|acrid|hot|electrical|chemical|faint|slight|horrible|awful|nasty|burnt?|burning|scorched|plasticky?|gassy|rotten eggs?|gas|gaz) (?:\w+ ){0,3}?(?:smell|odou?r|stench|fumes)\b.{0,30}\b(?:computer|pc|projector|outlet|plug|panel|wire\w*|electr\w*|heater|furnace|vent|ceiling|cabinet|wall|boiler|machine|screen|burnt?|burning|gas|smoke|rack|breaker|utility)|smells? (?:strongly |really |very |kinda |a bit |bad\w* )*(?:of|like) (?:\w+ ){0,2}?(?:gas|burn\w*|smoke|propane|melt\w*|scorch\w*|rotten eggs?|electrical|hot (?:wires?|plastic|metal|electronics))\b",
        r"burnt (?:coffee|popcorn|toast|pizza|food)|coffee|popcorn|toast\b|gas station|cigar\w*|weed|skunk|feet|sweat|bbq|old smoke|vap\w+|cook\w+|cleaning|cleaner|lemon|paint",
    ),
    (
        r"(?:bit|lot|puff|wisps?|cloud|trail|haze|some|little|whiff|plume) of (?:\w+ )?smoke\b|smoke (?:from|behind|in|at|near|above|under|out of|off)\b|(?:outlet|plug|socket|power bar|power strip|extension cord|panel|breaker|charger|cable|wire|adapter|battery|laptop|phone|vape) (?:\w+ ){0,4}?(?:hot and|smok\w+|crackl\w+|sizzl\w+|buzzing and|melt\w*|glowing|scorch\w*|throwing sparks|spark\w*|burn\w*|singed|black marks)|(?:throwing|shooting|spitting|seeing|saw|made|big|some|little) sparks?\b|(?:smoulder|smolder)\w*|(?:trash|garbage|bin|curtain|towel|carpet|couch|mat|paper) (?:\w+ ){0,3}?(?:alight|on fire|caught|is burning|ablaze|is lit|smok\w+)|lit (?:the|a) (?:trash|garbage|bin|curtain|couch|paper)",
        r"smoke ?break|(?:can|may|could|where can|allowed to|ok to) (?:i |we |you )?smoke\b|bbq|barbecue|grill\w*|(?:smoke|fire) (?:detector|alarm)|cigar\w*|weed|vaping|vape (?:cloud|smell|juice)|smoke machine|fog machine|lol|haha|glowing (?:green|blue|red|white|light)|no smoke|battery (?:is )?(?:low|dead|dying)|spark\w* and (?:\w+ ){0,4}lost power|spark (?:joy|interest)|smoke (?:from|off) (?:my|his|her) (?:driver|swing|club)|(?:hot|caught) (?:and ready|a break)|burn(?:ed|t)? (?:out|it|calories)|neighbou?rs bbq",
    ),
    (
        r"(?:boucane|ca sent (?:le |la |les )?(?:plastique|caoutchouc|fil|chauffe|roussi|brule|gaz|fumee)|sent (?:le )?(?:plastique|roussi|chauffe)|odeur (?:\w+ ){0,3}?(?:brule|roussi|plastique|gaz|chauffe)|fait des (?:etincelles|flammeches)|prise (?:\w+ ){0,3}?(?:fume|chauffe|brule|etincelle)|(?:ordi|ordinateur|projecteur|prise|fil|panneau|chauffage) (?:\w+ ){0,3}?fume)\b",
        r"cigarettes?|pot\b|blague|dehors pour fumer",
    ),
];

pub const SECURITY: &[Row] = &[
    (
        r"(?:guys?|lads?|men|people|dudes?|kids|customers|drunks?|two|groups?|they|teams?|players) (?:\w+ ){0,5}?(?:swinging (?:at|clubs?|punches|on)|throwing (?:punches|fists|hands)|going at (?:it|each)|squaring up|coming to blows|shoving|pushing each|punching|brawling|hitting each|throwing down|at each others? throats?)",
        r"lol|haha|swinging (?:at|clubs?) (?:the|and missing|well|good)|swinging at (?:balls?|it|air|the ball)",
    ),
    (
        r"(?:someone|somebody|some ?one|(?:a|some|this|that|the) (?:\w+ )?(?:guy|man|dude|men|guys|stranger|person|woman|fella|lad|kid|teen\w*)|people|they|he) (?:\w+ ){0,6}?(?:follow(?:ed|ing|s) (?:me|us|her|my)|with a (?:bat|gun|knife|machete|crowbar|weapon|hammer|pipe|stick|blade|club (?:yelling|threat\w+))|swinging a (?:bat|hammer|club at)|prying|trying (?:the |all the )?(?:door handles?|doors?|windows?|back door|locks?)|rattling|hiding (?:in|behind)|wont stop (?:following|yelling|staring|touching|knocking|banging)|touched (?:me|my|her)|grabb(?:ed|ing) (?:me|my|her|us)|spit(?:ting)? (?:at|on)|climbing (?:in|through|over)|wearing a (?:mask|balaclava)|in a (?:mask|balaclava)|cornered|blocking (?:the door|us|me|our way))\b",
        r"(?:my|our) (?:friend|buddy|wife|husband|partner|son|dad)|covid|goalie|lol|haha|instagram|on social|following (?:us|me) on|tee box|grabbed (?:me|my|us) (?:a|an|some|the|clubs?|jacket)",
    ),
    (
        r"(?:quelquun|un (?:gars|homme|type|inconnu|monsieur)|des (?:gars|hommes|jeunes|types)|il|ils) (?:\w+ ){0,4}?(?:me suit|nous suit|me suivent|nous suivent|a un (?:couteau|fusil|gun|baton|bat)|avec un (?:couteau|fusil|gun|baton|bat|pistolet)|crie apres (?:nous|moi)|veut (?:se battre|nous frapper|pas partir|pas sortir)|frappe|se tapent?|menace|essaie d(?:e |)(?:entrer|ouvrir|rentrer|forcer)|est rentre de force|casse la (?:porte|vitre|fenetre))|(?:jai|on a|nous avons) peur\b|chicane (?:\w+ )?(?:pogne|vire|violente)",
        r"peur (?:de (?:briser|casser|perdre|manquer)|que (?:ca|le)|des? (?:prix|couts?))|blague|frappe (?:bien|la balle|loin|des)",
    ),
];

pub const TRAPPED: &[Row] = &[
    (
        r"(?:door|exit|push ?bar|bar|handle|gate|lock)s? (?:\w+ ){0,5}?(?:from in here|from inside|on our way out|when (?:we|i) (?:push|try to leave|try to get out)|to get out|to go home|to leave|letting (?:us|me) (?:out|leave)|let (?:us|me) (?:out|leave|go)|and (?:were|im|we are|i am) (?:still |stuck |trapped |all )*(?:in|inside|in here|in the dark))\b",
        r"(?:get|let (?:us|me)) (?:back )?in\b|outside|to let (?:us|me) in|(?:has |have |just |finally )?(?:opened|unlocked|unlocks)|blocking|wedged|thanks",
    ),
    (
        r"(?:shut|closed|bolted|jammed|sealed|stranded) (?:myself |us |me |him |her )?(?:in|inside) (?:the |a |your )?(?:wash ?room|bath ?room|rest ?room|toilet|stall|closet|storage|vestibule|lobby|hall\w*|bay|box|building|club|room|place|here)|(?:push(?:ed|ing)?|tried|trying|pressed|pull(?:ed|ing)?) (?:the |on the |every |all the |both )?(?:\w+ )?(?:bar|exit|doors?|handle|button)\b.{0,40}\b(?:cant|cannot|no way|still|wont) (?:\w+ )?(?:get out|leave|out|outside|open from|exit|stuck in)|(?:cant|cannot|no way|trick|trying|way) (?:to )?(?:\w+ )?(?:get(?:ting)?|go|going) (?:out(?:side)?|home)\b(?: of (?:here|the building|this place)|[.,!?]| the door| because| it| and| ?$)",
        r"get out of (?:the )?(?:game|menu|round|mode|app|screen|practice)|getting out (?:of|more)|locked out|get in\b|outside and|bunker|rough|trees|sand|lie\b|booking|cancel\w*",
    ),
    (
        r"(?:pris|prise|pognes?|pognee|coinces?|coincee|enfermes?|enfermee|barres?|embarres?|embarree|bloques?) (?:\w+ )?(?:en dedans|dedans|a linterieur|dans (?:les? |la )?(?:toilettes?|salle de bains?|batisse|batiment|place|local|club|vestibule))|(?:porte|portes) (?:\w+ ){0,4}?(?:laisse\w* (?:pas |plus )?(?:\w+ )?sortir|ouvre\w* (?:pas|plus) (?:de |par )?(?:linterieur|en dedans|pour sortir))|(?:pas|plus|pas capable|capables?) (?:\w+ )?(?:de |nous laisser |me laisser |laisser )*(?:sortir|sen aller dehors)\b",
        r"sortir (?:du|de la|de ce|de l) ?(?:jeu|menu|partie|bunker|mode|ecran|application|practice|trappe)|sortir (?:le|la|son|ma|un) ",
    ),
];

pub const FLOOD: &[Row] = &[
    (
        r"(?:waters?|rain|sewage|liquid) (?:is |are |s |just |now |keeps |keep |all |really |started |steadily )*(?:coming|running|pouring|streaming|dripping|leaking|trickling|gushing|seeping|spilling|falling|spraying) (?:\w+ )?(?:down|through|from|out of|into|under|in|onto|over|off|by|along|between|behind|up) (?:\w+ ){0,2}?(?:wall|walls|ceiling|roof|tiles?|lights?|electr\w*|outlets?|floor|carpet|bay|box|door|projector|pc|computer|pipes?|toilet|washroom|hallway|window|turf|mats?|breaker|panel|vent|screen|lobby|us|inside|everywhere)|(?:its |it is |it )?(?:pouring|gushing|streaming|raining|dripping) (?:in |down |water )?(?:through|from|out of|inside|onto) (?:the |our |my )?(?:\w+ )?(?:ceiling|roof|tiles?|wall|light|vent|bay|box|here|projector|pipe|floor|washroom|pc|computer)",
        r"raining inside (?:my|out)|water (?:hazard|hole)|sweat\w*|window(?:s)? (?:is|are) open|in the game|on the course|coffee|beer|bottle|virtual|cooler|fridge",
    ),
    (
        r"(?:ankle|shin|knee|inch|inches|couple inches|toe)[ -]?deep\b|(?:few|couple of|two|three|2|3|several|an) (?:inch\w*|cm) of water|(?:floor|carpet|turf|washroom|hallway|lobby|bay|bathroom) (?:is |s |are )?(?:\w+ )?(?:under ?water|swimming|soaked through|covered in water|like a pool|a lake|full of water)|(?:toilet|sink|drain|tap|pipe|faucet|urinal|valve|radiator|hose)s? (?:\w+ ){0,4}?(?:wont (?:shut|turn) off|spilling|spraying|overflow\w*|backing up|backed up (?:and|all|into|onto)|running over|gushing|shooting)",
        r"course|hole\b|fairway|bunker|parking|snow|rough|grass|ankle deep in (?:snow|rough|debt)|beer",
    ),
    (
        r"l?(?:eau|pluie) (?:\w+ ){0,4}?(?:coule|tombe|degoutte|goutte|sort|rentre|monte|pisse|gicle|deborde|entre)|(?:ca|il pleut|y pleut) (?:\w+ )?(?:coule|goutte|degoutte|pisse|dans la (?:baie|box|salle)|en dedans|a linterieur) (?:du|de|dans|par|a)|(?:toilette|lavabo|evier|tuyau|plafond)s? (?:\w+ ){0,3}?(?:deborde|coule|fuit|gicle|degoutte|perce|pete|eclate)|plein deau (?:par terre|partout|sur le plancher)|de leau partout",
        r"bouteille|cafe|frigo|dehors|parcours|trou",
    ),
];
