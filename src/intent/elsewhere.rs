//! Words of matters that are not the club's: at home, another business, the trade in equipment, general knowledge,
//! advertising. They refuse nothing by themselves: how many kinds stand in a text is one sign for the gate.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

static KINDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // At home, at work, in the family.
        r"\b(?:at (?:my |the |our )?(?:home|house|work|office|school|cottage|apartment|condo)|my (?:\w+ )?(?:house|basement|garage|backyard|apartment|landlord|cat|dog|laptop|printer|iphone|phone screen|xbox|ps5|boss|truck|mortgage|homework)|chez (?:moi|nous)|babe|honey|mom|grandma|bro\b)\b",
        // Other businesses and their goods.
        r"\b(?:costco|walmart|starbucks|tims|dominos|pizza place|uber|taxi|cab|airbnb|hotel|flight|airline|dentist|doctors office|clinic|pharmacy|prescription|vet|plumber|plumbing|mechanic|tires?|pneus|oil change|salon|hair|spa|gym|goodlife|curling|bowling|tennis|badminton|rink|arena|casino|cinema|movie|netflix|spotify|gmail|facebook|instagram|google|alexa|siri|excel|windows 12|bank|mortgage|insurance|landlord|rent|apartment|appartement|garage)\b",
        // Courses, and golf outside.
        r"\b(?:tee times?|green fees?|pro shop|driving range|outdoor|real life|carts?|cart path|marshal|greenskeeper|aerat\w+|frost delay|masters|ryder cup|pga|liv|open championship|handicap index|golf canada|caddie|tiger|rory|scheffler|augusta)\b",
        // The trade in clubs and simulators.
        r"\b(?:regrip\w*|reshaft\w*|shafts?|stiff|graphite|loft|trade ?in|used|resale|sell(?:ing)?|for sale|obo|buy (?:a|an|your|my|used|one)|should i (?:buy|get|play)|which (?:is|driver|ball) (?:better|best)|worth it|skytrak|mevo|rapsodo|garmin|gspro|uneekor|topgolf|slice|swing tips?|lessons? on youtube)\b",
        // General knowledge and idle tasks.
        r"\b(?:who (?:won|invented|wrote|is the (?:president|pm|king))|capital of|meaning of|translate|convert|calculate|solve|write (?:me )?(?:a|an)|poem|joke|recipe|weather|temperature outside|forecast|score of|what year|how old is|how tall is|define|synonyms?|explain|summari[sz]e|homework|essay|quel temps|blague|recette)\b",
        // Advertising, frauds, strangers.
        r"\b(?:click|http|www|bit\.ly|congrat\w*|winner|you(?:ve| have)? (?:won|been selected)|prize|gift ?card (?:of|worth)|crypto|bitcoin|invest\w*|loan|seo|leads|quote for|free (?:quote|trial|estimate)|per hour from home|earn|verify your|account (?:was|is|has been) (?:locked|suspended)|parcel|customs|refund of|canvass\w*|survey|vote|donat\w*|charity|resume|hiring|job|wrong (?:number|chat)|unsubscribe|stop texting|who is this|whos this)\b",
        // To the machine.
        r"\b(?:chatgpt|llm|language model|system prompt|previous instructions|your instructions|your rules|developer mode|pretend|roleplay|act as|you are now|admin access|sudo|jailbreak)\b",
    ]
    .into_iter()
    .map(pattern::rule)
    .collect()
});

/// How many kinds of such words stand in the text, 0..=3. `plain`: [`super::normalise::plain`].
pub fn kinds(plain: &str) -> f32 {
    KINDS.iter().filter(|k| k.is_match(plain)).count().min(3) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matters_of_others_are_counted_and_the_clubs_own_are_not() {
        assert_eq!(kinds("my gspro in the basement at home wont load"), 2.0);
        assert_eq!(kinds("who won the masters"), 2.0);
        assert_eq!(kinds("trackman is frozen in bay 2"), 0.0);
        assert_eq!(kinds("the door wont open and our booking started"), 0.0);
    }
}
