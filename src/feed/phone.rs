//! Phone numbers as people and booking systems write them, in E.164 form.
//!
//! Explicit `+` or `00` is taken at its word. Without it the number is the site's country's: for calling
//! code 1 by the North American plan (ten digits, area code and exchange from 2 on), for any other by
//! putting the code in place of the leading 0. What does not fit is no number: nobody is let in by a guess.

use crate::site::E164;

/// The number, if it is one. A `tel:` address (RFC 3966) is taken without its parameters.
pub fn e164(written: &str, calling_code: &str) -> Option<E164> {
    let written = written.trim();
    let tel = written.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    let bare = if tel.is_some() { written[4..].split(';').next()? } else { written };
    let bare = bare.trim();
    if bare.chars().any(|c| !(c.is_ascii_digit() || " +-./()\u{a0}".contains(c)))
        || bare.chars().filter(|c| *c == '+').count() > usize::from(bare.starts_with('+'))
    {
        return None;
    }
    // "+44 (0)20 …": the 0 in brackets is for callers from inside the country.
    let bare = if bare.starts_with('+') { bare.replacen("(0)", "", 1) } else { bare.to_owned() };
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let full = if bare.starts_with('+') {
        digits
    } else if let Some(international) = digits.strip_prefix("00") {
        international.to_owned()
    } else if calling_code == "1" {
        let ten = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits);
        format!("1{ten}")
    } else {
        let national = digits.strip_prefix('0').unwrap_or(&digits);
        if national.len() < 6 {
            return None;
        }
        format!("{calling_code}{national}")
    };
    if full.starts_with('1') && !is_north_american(&full) {
        return None;
    }
    format!("+{full}").parse().ok()
}

/// `1`, then NXX-NXX-XXXX with N from 2 to 9 (North American Numbering Plan).
fn is_north_american(full: &str) -> bool {
    let digits = full.as_bytes();
    full.len() == 11 && (b'2'..=b'9').contains(&digits[1]) && (b'2'..=b'9').contains(&digits[4])
}

#[cfg(test)]
mod tests {
    use super::e164;

    fn read(written: &str, code: &str) -> Option<String> {
        e164(written, code).map(|n| n.to_string())
    }

    #[test]
    fn north_american_numbers_are_read_as_people_write_them() {
        for written in [
            "+19025550101",
            "902-555-0101",
            "(902) 555-0101",
            "1 902 555 0101",
            "902.555.0101",
            " +1 (902) 555-0101 ",
            "tel:+1-902-555-0101",
            "TEL:+19025550101;ext=4",
            "0019025550101",
        ] {
            assert_eq!(read(written, "1").as_deref(), Some("+19025550101"), "{written}");
        }
    }

    #[test]
    fn a_number_of_another_country_needs_its_code_or_the_sites_country() {
        assert_eq!(read("+44 (0)20 7946 0101", "1").as_deref(), Some("+442079460101"));
        assert_eq!(read("020 7946 0101", "44").as_deref(), Some("+442079460101"));
        assert_eq!(read("0049 30 23125 101", "1").as_deref(), Some("+493023125101"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for written in [
            "",
            "call me",
            "555-0101",
            "902-555-0101 ext. 4",
            "2026-11-20",
            "20261120",
            "102-555-0101",
            "902-155-0101",
            "+1902555",
            "mailto:alex@club.example",
            "902 555 0101 or 902 555 0102",
            "++19025550101",
            "0000000000",
        ] {
            assert_eq!(read(written, "1"), None, "{written}");
        }
    }
}
