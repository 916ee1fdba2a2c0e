//! Rule patterns: regular expressions over [`super::normalise::plain`] text, which is lower case and without
//! accents. So `\w`, `\d`, `\s` and `\b` mean ASCII here, which keeps the machines small and fast.

use regex::Regex;

/// Compiles a rule. Accents in the pattern are taken off, as they are in the text.
#[expect(clippy::expect_used, reason = "patterns are constants of this house; the tests compile every one")]
pub fn rule(pattern: &str) -> Regex {
    let ascii = super::normalise::unaccent(pattern)
        .replace(r"[\w ]", "[0-9a-z_ ]")
        .replace(r"[\W]", "[^0-9a-z_]")
        .replace(r"\w", "[0-9a-z_]")
        .replace(r"\W", "[^0-9a-z_]")
        .replace(r"[\s,.(]", r"[\n\t ,.(]")
        .replace(r"[\s\W]", "[^0-9a-z_]")
        .replace(r"[\s,.!:?-]", r"[\n\t ,.!:?-]")
        .replace(r"\s", r"[\n\t ]")
        .replace(r"[\d ", "[0-9 ")
        .replace(r"\d", "[0-9]")
        .replace(r"\b", r"(?-u:\b)");
    Regex::new(&ascii).expect("constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_are_the_same_with_and_without() {
        let text = crate::intent::normalise::plain("Ça sent le BRÛLÉ");
        assert!(rule(r"\bça sent le br[uû]l[eé]\b").is_match(&text));
    }
}
