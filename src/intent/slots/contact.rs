//! A phone number or a booking reference in the text.

use std::sync::LazyLock;

use regex::Regex;

use crate::intent::pattern;

use crate::site::E164;

static PHONE: LazyLock<Regex> =
    LazyLock::new(|| pattern::rule(r"(?:\+\d[\d .()-]{7,18}\d|\(?\b\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b)"));
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"(?i)\b(?:booking|reference|ref|confirmation|reservation|order|conf)(?: (?:number|no\.?|code|id|reference|ref|#))?(?: is| was|:| #|#)? ?#?([a-z]{0,6}-?\d[a-z0-9-]{0,14})\b",
    )
});
static BARE_REFERENCE: LazyLock<Regex> = LazyLock::new(|| pattern::rule(r"\b([A-Z]{2,5}-?\d{3,10})\b"));
static NOT_REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| pattern::rule(r"(?i)^(?:\d{1,2}(?:am|pm|h|hrs?|st|nd|rd|th|min|mins)?)$"));

/// (phone in E.164, booking reference as written)
pub fn read(tidy: &str) -> (Option<String>, Option<String>) {
    let phone = PHONE.find_iter(tidy).find_map(|m| E164::from_typed(m.as_str()).ok()).map(String::from);
    let without_phone = PHONE.replace_all(tidy, " ");
    let named =
        REFERENCE.captures(&without_phone).map(|c| c[1].to_owned()).filter(|r| !NOT_REFERENCE.is_match(r));
    let reference = named.or_else(|| BARE_REFERENCE.captures(&without_phone).map(|c| c[1].to_owned()));
    (phone, reference)
}
