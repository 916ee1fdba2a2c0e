//! Danger in ordinary words, where no word of alarm stands: a body that goes down, a goodbye, a plug gone black,
//! a wall that weeps, "buzz us out".

use super::Row;

const JEST: &str = r"lol|haha|lmao|😂|🤣|jk\b";

pub const MEDICAL: &[Row] = &[
    (
        r"(?:her|my|his|the|wifes|girlfriends|daughters|sisters|partners) (?:\w+ )?waters? (?:just |has |have |has just )?(?:broke|broken|breaking)\b|(?:having|has|got|her|my|with|real|strong) contractions\b|(?:going into|in|in active) labou?r\b",
        r"muscle|main|heater|cooler|fountain|bottle|pipe|labou?r day|labou?r (?:cost|charge|law)",
    ),
    (
        r"{P} (?:just |suddenly |kind of |kinda )*(?:went over|went down|dropped|fell|folded|crumpled|toppled|collapsed|sank|slid)(?: (?:over|down|up|in half))? (?:like a \w+|hard|to the (?:floor|ground|turf)|on the (?:floor|ground|turf|tee|mat)|by the \w+|mid swing)\b",
        r"lol|haha|laugh\w*|price|score|screen|\bsim\b|tee shot|putt|ball (?:went|dropped|fell)|prices|laughing|in the game",
    ),
    (
        r"(?:ball|club|club ?head|shot|shank\w*|ricochet\w*|rebound\w*|bounced?|came) (?:\w+ ){0,6}?(?:in|into|to|on|above|below|near|got) (?:my|his|her|their|our \w+|my \w+|the) (?:left |right )?(?:eye|eyes|eyeball|temple|throat|mouth|teeth|forehead|ear|nose|cheek|jaw|ribs)\b",
        r"lol|haha|sun|eye (?:level|line|candy|test|of)|club ?face|bunker|target|to the ear|catch\w* (?:my|the) eye|mouth ?guard|word of mouth",
    ),
    (
        r"(?:goodbye|good bye|farewell|suicide) (?:text|note|letter|message|email|video)s?\b|sent (?:me|us|everyone|his \w+|her \w+) (?:a |his |her )?(?:goodbye|farewell)\b|(?:took|taken|swallowed|downed|emptied) (?:all of (?:them|it|my \w+|his \w+|her \w+)|them all|the (?:whole|entire|full) (?:bottle|box|pack|thing)|(?:\w+ ){0,2}(?:pills|tablets))\b",
        r"beer|wine|water|coke|pop\b|pizza|wings|balls|shots|tees|box of balls|refund|lol|haha",
    ),
    (
        r"(?:no ?one|nobody|everyone|everybody|the world|they|you all|people) (?:would|will|wouldnt|wont|d|ll|might) (?:\w+ ){0,3}?(?:notice|miss me|care|be better off)\b.{0,20}\b(?:im|i was|i were|i am|me|i|gone|dead)\b|(?:wont|will not|not going to|not gonna|wouldnt) be (?:around|alive|here) (?:much longer|anymore|any more|tomorrow|for it|by then|after tonight)\b|(?:last (?:ever )?(?:round|game|night) (?:ever|on earth|alive|of my life))\b",
        r"lol|haha|moving|move to|on vacation|relocat\w*|booking|slot|score",
    ),
    (
        r"(?:hes|he is|shes|she is|going to|gonna|about to|wants to|threatening to|says hes|says shes) (?:going to |gonna )?(?:jump|throw (?:him|her|my)self) (?:off|from|in front)\b|(?:standing|sitting|out) on the (?:ledge|railing|roof edge|edge of the roof)\b",
        JEST,
    ),
    (
        r"(?:il|elle|quelquun|mon \w+|ma \w+|un \w+) (?:\w+ ){0,3}?(?:repond (?:pu|plus|pas)|bouge (?:pu|plus|pas)|sest effondre\w*|est (?:tombe\w*|ecrase\w*|etendu\w*|couche\w*) (?:a terre|par terre|sur le)|enfle|fait un avc|tombe dans les pommes|perd la carte|est tout (?:blanc|bleu|gris|bleme)|est toute (?:blanche|bleue|grise|bleme))\b|(?:visage|gorge|langue|levres?) (?:\w+ ){0,3}?(?:enfle\w*|gonfle\w*)\b|(?:envie|gout) de (?:mourir|vivre|continuer)\b|en finir (?:avec|ce soir|$)",
        r"balle|ecran|systeme|trackman|simulateur|porte\b|blague",
    ),
];

pub const FIRE: &[Row] = &[
    (
        r"(?:plug|outlet|socket|power ?bar|power strip|panel|breaker|wall ?plate|cord|charger|switch|light fixture|wiring|wires?) (?:\w+ ){0,6}?(?:black and|blackened|gone black|went black|turned (?:black|brown)|charred|scorch\w*|crackl\w*|fizz\w*|sizzl\w*|too hot to touch|hot to (?:the )?touch|glowing|went bang|melting|melted|is melting)\b",
        r"turned (?:black|brown) (?:friday)|black and (?:white|decker)|screen|lol|haha",
    ),
    (
        r"(?:light|lamp|fixture|bulb|projector|heater|furnace|vent|fan|motor|unit) (?:\w+ ){0,5}?(?:dripp\w* (?:hot )?plastic|melting|is melting|glowing (?:orange|red)|shooting (?:out )?(?:sparks|flames)|spitting)\b|(?:grey|gray|black|white|thick) (?:stuff|haze|curls?|cloud|puffs?|wisps?) (?:\w+ ){0,3}?(?:curling|coming|rising|pouring|hanging|from|under|out)\b|(?:kinda |kind of |really |so |all )?(?:hazy|smokey|smoky|foggy) (?:in here|inside|in the (?:bay|box|hall\w*|lobby|room))\b",
        r"fog machine|vap(?:e|ing)|picture|image|projector is (?:hazy|foggy|blurry)|screen|glasses|window|lol|haha",
    ),
    (
        r"(?:alarm|alarms|siren|sirens|strobes?|horns?|lights|speaker|voice|announcement|message) (?:\w+ ){0,8}?(?:get out|telling us to (?:leave|get out|evacuate)|says? (?:to )?(?:leave|evacuate|get out)|evacuat\w+)\b|(?:are we|do we|should we|supposed to) (?:\w+ )?evacuate\b",
        r"drill|test\w*|plan\b|procedure|policy|in case|lol|haha",
    ),
];

pub const SECURITY: &[Row] = &[
    (
        r"(?:in|from|under|out of) (?:his|her|their) (?:waistband|waist band|belt|jacket|hoodie) .{0,20}\b(?:gun|knife|weapon|handle)|(?:showed?|showing|flash\w*|lift\w*|pull\w*|shows?) (?:us |me |him |her |them )?(?:whats|what was|something|a handle|his shirt|the handle|a piece|a blade|a gun|a knife) (?:\w+ ){0,6}?(?:waistband|waist|belt|pants|hoodie|knife|gun|blade)\b|(?:gun|knife|weapon|blade|handle) (?:\w+ ){0,3}?(?:waistband|waist|hip|belt)\b",
        JEST,
    ),
    (
        r"(?:took|grabbed|snatched|ripped|stole) (?:my|her|his|our) (?:phone|purse|wallet|bag|keys|clubs) (?:\w+ ){0,3}?(?:out of|from) (?:my|her|his|our) (?:hands?|arms?|pocket|shoulder)\b|(?:mugged|carjacked|held up|jumped) (?:me|us|him|her|my \w+|outside|in the|at the|by)\b|(?:pushed|shoved|slapped|choked|punched|hit|beating) (?:me|us|her|him|my \w+) (?:\w+ ){0,4}?(?:wall|down|ground|floor|door|face|again|and (?:took|ran|left))\b",
        r"lol|haha|ball|shot|putt|jumped (?:in|at the chance|on)|by the (?:price|score)|in match play|in the (?:game|match|standings)",
    ),
    (
        r"(?:burglar|intruder|intrusion|break in|security|motion) (?:alarm|alert|siren)?s? ?(?:\w+ ){0,4}?(?:going off|going|went off|screaming|blaring|ringing|sounding|triggered|tripped|zone \d|on the panel|and siren)\b",
        r"test\w*|chirp\w*|code|in case|how do|company|camera|low battery",
    ),
    (
        r"(?:restraining|no contact|protection|peace) (?:order|bond)\b|(?:my )?(?:ex|stalker|abuser|husband|boyfriend) (?:is |s |just |has )*(?:outside|here|found (?:me|us)|followed|at the door|in the (?:lot|parking|lobby|building)|banging on)\b",
        r"lol|haha|to (?:pick|join|play|drop)|let (?:him|her) in|can (?:he|she)|has (?:a |the )?(?:booking|clubs)|husband (?:is |s )?(?:here|outside|at the door)|boyfriend (?:is |s )?(?:here|outside|at the door)",
    ),
];

pub const TRAPPED: &[Row] = &[(
    r"(?:buzz|let) (?:us|me|him|her|them|my \w+|the \w+) out\b|get (?:us|me) out\b|(?:open|unlock|release|buzz|debarrer?) (?:\w+ ){0,3}?(?:door )?so (?:that )?(?:we|i|he|she|they) can (?:\w+ )?(?:leave|get out|go home|exit)\b|(?:we|i|he|she|they) (?:want|need|have|would like|are trying|im trying|were trying|am trying|been trying|have been trying)(?: \w+){0,3} to (?:leave|go home|get out|exit)\b.{0,40}\b(?:door|lock\w*|open\w*|bar|button|exit|nothing)\b",
    r"out of (?:the |this |my |our |a )?(?:contract|membership|plan|game|menu|mode|round|loop|league|group|account|bunker|booking|tournament|screen)|get (?:us|me|them|the \w+) out (?:on|onto|to|for|in)|let (?:me|us) out early|locked out|let (?:us|me) in\b|membership|subscription|contract|finally|let (?:us|me) out (?:now|after|on)|let (?:us|me) out ?(?:thanks|ty)|clubs out|balls? out|out of (?:his|her|my) way",
)];

pub const FLOOD: &[Row] = &[
    (
        r"(?:an |\w+ )?(?:inch|inches|cm|pouces?|pond|lake|river|stream|creek|waterfall|swamp)(?: of (?:it|water))? (?:\w+ ){0,3}?(?:on the (?:floor|carpet|turf|mats?)|by the (?:pcs?|computers?|outlets?|power\w*)|around the (?:pcs?|computers?|bays?)|in (?:the )?(?:bay|box|hall\w*|lobby|washroom|mens|ladies|entrance)\b|down the wall|behind the (?:screen|wall)|under the)",
        r"course|hole|fairway|game|tee shot|screen (?:hole|tear|rip)|tear|rip|cut|hole|river rock|stream(?:ing)? (?:music|video|the)|gap|crack",
    ),
    (
        r"(?:wall|walls|drywall|ceiling|tiles?|roof) (?:\w+ ){0,5}?(?:weeping|bubbl\w+|swollen|soaked|soaking|sopping|drenched|gave in|giving way|let go|came down with|coming down with|falling (?:down )?(?:with|and) )\b|rain(?:s|ing)? (?:down )?(?:on|onto|into|inside|in) (?:on )?(?:our|the|my|us|bay|box|here|your) ?(?:clubs|bags?|computers?|pcs?|screen|projector|bay|box|hall\w*|building|stuff|heads?|mats?)\b",
        r"course|hole|game|outside|outdoors|green|fairway|simulat\w*|wallpaper|texture",
    ),
];

/// Sounds like danger, and is a service call, a thing that is lost, or praise.
pub const CALM: &[Row] = &[
    (
        r"(?:here|came|come|coming|arriv\w+|scheduled|booked|on ?site|at the (?:door|front|entrance)|outside|dropping by|stopping by) (?:\w+ ){0,3}?(?:to|for) (?:\w+ ){0,3}?(?:inspect\w*|test\w*|recharge|service|annual|yearly|monthly|maintenance|install\w*|replace|swap|refill|restock|quote|estimate|certif\w*|walk ?through)\b|(?:alarm|fire|sprinkler|security|extinguisher|elevator|locksmith|first aid|aed) (?:\w+ )?(?:company|inspector|inspection|contractor|technician|tech|service|guy|rep)\b",
        "",
    ),
    (
        r"(?:did|has|have|can|could) (?:anyone|anybody|someone|you|you guys|they) (?:\w+ )?(?:find|found|see|seen|turn(?:ed)? in|pick(?:ed)? up|hand(?:ed)? in) (?:a|an|my|our|any|some|his|her)\b|(?:absolute|total|real|secret|straight|pure|complete) (?:weapon|killer|bomb|missile|murder|assassin)\b|drip\w* (?:\w+ )?air\b",
        "",
    ),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Scan, scan};

    const DANGERS: &[(&str, &[&str])] = &[
        (
            "emergency.medical",
            &[
                "my sister's water just broke",
                "he went down like a tree",
                "grandpa folded in half by the couch",
                "the ball bounced back and got me in the eye",
                "he sent me a goodbye text and he's in there alone",
                "she took all of her pills",
                "i won't be around much longer",
                "il répond plus",
                "ma soeur a la gorge qui enfle",
            ],
        ),
        (
            "emergency.fire",
            &[
                "the plug by the couch is black and crackling",
                "socket is too hot to touch",
                "it's all hazy in here",
                "a voice on the speaker is telling us to leave, do we evacuate",
            ],
        ),
        (
            "emergency.security",
            &[
                "he showed us what's in his waistband",
                "a man ripped my phone out of my hand",
                "burglar alarm is going off",
                "i have a restraining order and he is here",
            ],
        ),
        (
            "emergency.trapped",
            &["can you buzz us out", "please open it so we can leave", "let my wife out of the washroom"],
        ),
        (
            "emergency.flood",
            &[
                "an inch of water by the computers",
                "the wall is weeping badly",
                "it's raining on our clubs in bay 2",
            ],
        ),
    ];

    const CALM: &[&str] = &[
        "here to recharge the extinguishers, fire door is locked",
        "did anyone find an epipen in a blue case",
        "that driver is an absolute weapon",
        "the air con is dripping cold air on us",
        "my car got broken into at the mall",
        "our house flooded so we are late",
        "can you buzz us in",
        "let me out of this contract",
        "ball went over the tree like a rocket",
        "my putter went cold like a fridge",
        "we want to leave a review",
        "took all of the balls back to the tray",
        "how do i get out of this menu",
    ];

    #[test]
    fn ordinary_words_of_danger_ring_as_what_they_are() {
        for (intent, texts) in DANGERS {
            for text in *texts {
                assert_eq!(scan(text), Scan::Fires(intent), "{text}");
            }
        }
    }

    #[test]
    fn everyday_talk_does_not_ring() {
        for text in CALM {
            assert!(!matches!(scan(text), Scan::Fires(_)), "{text}");
        }
    }

    #[test]
    fn what_guards_one_sentence_hides_no_danger_in_the_next() {
        let text = "we want to leave a review. please open it so we can leave";
        assert_eq!(scan(text), Scan::Fires("emergency.trapped"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 120, ..ProptestConfig::default() })]

        /// What is said in other sentences, before or after, neither hides a danger nor makes one.
        #[test]
        fn a_danger_rings_wherever_in_a_long_text_it_stands(
            before in proptest::collection::vec(proptest::sample::select(CALM), 0..4),
            family in 0usize..5,
            which in 0usize..20,
            after in proptest::collection::vec(proptest::sample::select(CALM), 0..4),
        ) {
            let (_, texts) = DANGERS[family];
            let danger = texts[which % texts.len()];
            let around = |parts: &[&str]| parts.iter().map(|p| format!("{p}. ")).collect::<String>();
            // A text about a booking that something elsewhere spoils is another matter.
            let text = format!("{}{danger}. {}", around(&before), around(&after));
            prop_assert!(matches!(scan(&text), Scan::Fires(_)), "{}", text);
            let calm = format!("{}{}", around(&before), around(&after));
            prop_assert!(!matches!(scan(&calm), Scan::Fires(_)), "{}", calm);
        }
    }
}
