//! Details of the hall: heat, degrees, noise, lights.

use std::sync::LazyLock;

use regex::Regex;

use crate::intent::pattern::rule;

static HOT: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:too|so|really|very|super|pretty|bit|little|its|it is|getting|is|kinda|quite|extremely|crazy|stupid|way too|damn) (?:hot|warm|stuffy|humid|boiling|roasting|toasty)\b|\b(?:boiling|roasting|sweating|sweltering|sauna|stifling|heatwave|an oven|cooking in here|melting in here)\b|\bhot (?:in here|in the|inside|as)\b|\b(?:turn|put|crank|switch|get) (?:on |up )?(?:the )?(?:ac|a/c|air ?con\w*|air conditioning|fan|cooling)\b|\bcool (?:it|this place|the (?:room|place|bay)) down\b|\b(?:turn|bring) (?:the )?(?:heat|heating|temp|temperature|thermostat) down\b|\bturn down the (?:heat|temp\w*|thermostat)\b|\bcooler in here\b|\btrop chaud\b|\bfait chaud\b|\b(?:ac|air conditioning|a/c) (?:\w+ ){0,3}?(?:not working|isnt|broken|off|out|doesnt)\b",
    )
});
static COLD: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:too|so|really|very|super|pretty|bit|little|its|it is|getting|is|kinda|quite|extremely|damn|were|im) (?:cold|chilly|cool in here|frigid)\b|\bcold (?:in here|in the (?:room|bay|place|building|club)|inside|as|hands)\b|\bfreezing (?:in here|cold|inside|my|our|in (?:the |this )?(?:bay|box|place|building|room|club))\b|\b(?:im|were|we are|i am|its|it is|bit|so|absolutely|literally|hands are|fingers are|everyone is) freezing(?: ?$| ?[.!,]| here| tonight| out here| rn| cold| in)|\b(?:brr+|shivering|ice ?box|see (?:my|our) breath|like a fridge|wearing (?:a|my|our) (?:jacket|coat|parka|toque)s?)\b|\b(?:turn|put|crank|bump) (?:on |up )?(?:the )?(?:heat|heater|heating|furnace|thermostat)(?: up| on| a bit|$|[.!?, ])|\b(?:heat|heating|heater|furnace) (?:\w+ ){0,3}?(?:not working|isnt|off|broken|out|doesnt|not on)\b|\bno heat\b|\bwarm(?:er)? (?:it|this|in here|up the)\b|\bwarmer\b|\btrop froid\b|\bfait froid\b|\bon g[eè]le\b",
    )
});
static HEAT_DOWN: LazyLock<Regex> =
    LazyLock::new(|| rule(r"\b(?:heat|heating|temp|temperature|thermostat) (?:\w+ )?down\b"));
static NOT_WEATHER: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\bhot ?(?:dogs?|shots?|streak|hand|chocolate|sauce|wings|water|spot|key|drinks?|food|mic)\b|\bcold ?(?:beers?|drinks?|one|water|brew|topping|start)\b|\bnot (?:too |that |very )?(?:hot|cold|warm)\b|\bred hot\b|\bgetting hot with\b|\bmy (?:putter|driver|swing) is (?:so )?hot\b|\b(?:projector|pc|computer|unit|tablet) (?:is |s |feels |seems |getting )*(?:too |so |very |really |super )?hot\b",
    )
});

/// `Some(true)` too hot, `Some(false)` too cold.
pub fn too_hot(plain: &str) -> Option<bool> {
    let text = NOT_WEATHER.replace_all(plain, " ");
    let hot = HOT.is_match(&text) || HEAT_DOWN.is_match(&text);
    let cold = COLD.is_match(&text) && !HEAT_DOWN.is_match(&text);
    (hot != cold).then_some(hot)
}

static DEGREES: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(\d{2})(?:[.,](\d))? ?(°|degrees?|deg\b|celsius|celcius|fahrenheit|degr[eé]s|c\b|f\b)(?: ?(c|f|celsius|fahrenheit)\b)?|\b(?:heat|temp|temperature|thermostat|ac|set (?:it|to)|put it|make it|turn it) (?:\w+ ){0,3}?(?:to|at|on|around) (\d{2})(?:[.,](\d))?\b",
    )
});

/// Degrees Celsius asked for; what can only be Fahrenheit is converted. Half degrees.
pub fn degrees(plain: &str) -> Option<f32> {
    let c = DEGREES.captures(plain)?;
    let whole: f32 = c.get(1).or(c.get(5))?.as_str().parse().ok()?;
    let tenth: f32 = c.get(2).or(c.get(6)).and_then(|t| t.as_str().parse().ok()).unwrap_or(0.0);
    let value = whole + tenth / 10.0;
    let fahrenheit =
        [3, 4].iter().filter_map(|g| c.get(*g)).any(|g| g.as_str().starts_with('f')) || value > 40.0;
    let celsius = if fahrenheit { (value - 32.0) / 1.8 } else { value };
    let rounded = (celsius * 2.0).round() / 2.0;
    // Anything else is a launch angle.
    (5.0..=35.0).contains(&rounded).then_some(rounded)
}

static LOUD: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:too|so|really|very|super|pretty|way too|crazy|insanely|extremely|bit|kinda|quite|being|is|are|getting|how) (?:\w+ )?(?:loud|noisy|rowdy)\b|\b(?:turn|bring|lower|put|tone|crank) (?:\w+ ){0,4}?(?:music|volume|sound|tunes|audio|speakers?|noise|radio)(?: \w+){0,2}? ?(?:down|lower|off)\b|\bturn (?:it|that|this) down\b|\b(?:turn|lower|reduce) (?:down )?the (?:music|volume|sound|noise|speakers?)\b|\b(?:blasting|blaring|deafening|quieter|keep it down|cant hear (?:myself|ourselves|each other|ourself))\b|\b(?:loud|noisy) (?:music|neighbou?rs|group|guys|people|party)\b|\b(?:making|lots of|so much|too much) noise\b|\btrop fort\b|\bbaisser (?:la musique|le son|le volume)\b",
    )
});

pub fn too_loud(plain: &str) -> bool {
    LOUD.is_match(plain) && !plain.contains("not loud") && !plain.contains("alarm")
}

static LIGHTS_OFF: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:turn|switch|shut|put|flip|get) (?:off |out |down )(?:all |some of )?(?:of )?(?:the |these |our |those )?(?:\w+ )?lights?\b|\b(?:turn|switch|shut|have|get|want|like|keep|make) (?:\w+ ){0,4}?lights? (?:\w+ )?(?:off|out|down|dimm?ed|dimmer|lower|lowered)\b|\b(?:dim|kill|lower|dimm) (?:all |down )?(?:the |our |these )?(?:\w+ )?lights?\b|\blights? (?:\w+ ){0,2}?(?:too|so|really|very) bright\b|\btoo bright\b|\b[eé]teindre les lumi[eè]res\b",
    )
});

pub fn lights_off(plain: &str) -> bool {
    LIGHTS_OFF.is_match(plain) && !plain.contains("wont turn off")
}
