//! Slips of typing, put into texts to measure what they cost: a letter dropped, doubled, swapped with the next, hit
//! beside, or one put in. The same seed slips the same.

/// Letters beside each other on a keyboard, for a slip to the side.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A text with slips, and how many there are.
pub fn slip(text: &str, percent: f64, random: &mut Random) -> (String, usize) {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut slips = 0;
    let mut i = 0;
    while i < letters.len() {
        let c = letters[i];
        if !c.is_ascii_alphabetic() || random.below(100_000) as f64 >= percent * 1_000.0 {
            out.push(c);
            i += 1;
            continue;
        }
        slips += 1;
        match random.below(5) {
            0 => {}
            1 => out.extend([c, c]),
            2 if letters.get(i + 1).is_some_and(char::is_ascii_alphabetic) => {
                out.extend([letters[i + 1], c]);
                i += 1;
            }
            2 | 3 => out.push(beside(c, random)),
            _ => out.extend([c, char::from(b'a' + random.below(26) as u8)]),
        }
        i += 1;
    }
    (out, slips)
}

fn beside(c: char, random: &mut Random) -> char {
    let low = c.to_ascii_lowercase();
    let near = ROWS.iter().find_map(|row| {
        let at = row.find(low)?;
        let step = if random.below(2) == 0 { at.checked_sub(1) } else { Some(at + 1) };
        row.chars().nth(step.unwrap_or(1)).or_else(|| row.chars().nth(at - 1))
    });
    match near {
        Some(n) if c.is_ascii_uppercase() => n.to_ascii_uppercase(),
        Some(n) => n,
        None => c,
    }
}

/// SplitMix64: small, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_as_many_as_asked_and_the_same_for_the_same_seed() {
        let text = "the simulator in the second bay has been frozen since ten".repeat(200);
        let (slipped, n) = slip(&text, 5.0, &mut Random(7));
        let letters = text.chars().filter(char::is_ascii_alphabetic).count();
        assert!((n as f64 / letters as f64 - 0.05).abs() < 0.01, "{n} of {letters}");
        assert_eq!(slip(&text, 5.0, &mut Random(7)).0, slipped);
        assert_ne!(slipped, text);
        assert_eq!(slip(&text, 0.0, &mut Random(7)), (text, 0));
    }

    #[test]
    fn numbers_and_marks_stay() {
        let (slipped, n) = slip("2, 17! é", 100.0, &mut Random(1));
        assert_eq!((slipped.as_str(), n), ("2, 17! é", 0));
    }
}
