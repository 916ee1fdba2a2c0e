//! Young intents: a new SOP with a handful of phrases beside others with hundreds.
//!
//! The log-count adjustment of the head alone does not carry it: six rows also lie thinly among the neighbours and hold
//! few of a language's everyday words. A young class is lifted in all opinions together, and what its signs are worth
//! is learnt from a rehearsal: mature classes are made young, and their held-back rows are read.

/// From this many rows on a class stands on its own.
const MATURE: usize = 40;
/// How far a class is lifted: a share of the log of the rows it lacks to [`MATURE`]. What the young take from the mature
/// grows with their number, so several share it.
const LIFT: f32 = 1.5;
/// Rows that a class keeps in the rehearsal: five phrases and a title.
const KEPT: usize = 6;
/// One class in so many is young in one rehearsal.
const ONE_IN: usize = 8;
/// How often it is rehearsed, each time with other classes and other rows held back.
pub const REHEARSALS: usize = 2;

/// How far a young class is lifted where there are as many as in `counts`.
pub fn share(counts: &[usize]) -> f32 {
    let young = counts.iter().filter(|n| **n < MATURE).count().max(1);
    LIFT / (young as f32).sqrt()
}

/// Added to the scores of all opinions together, per class of so many rows.
pub fn lift(counts: &[usize], share: f32) -> Vec<f32> {
    counts.iter().map(|&n| -share * youth(n)).collect()
}

/// 0 for a mature class, falling with the log of its rows.
pub fn youth(rows: usize) -> f32 {
    (rows.clamp(1, MATURE) as f32 / MATURE as f32).ln()
}

/// How many rows each class has.
pub fn counts(y: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    y.iter().for_each(|&k| counts[k] += 1);
    counts
}

/// Whether there is anything to rehearse: a young class beside mature ones.
pub fn among_mature(counts: &[usize]) -> bool {
    let mature = counts.iter().filter(|n| **n >= MATURE).count();
    mature < counts.len() && mature >= 2 * ONE_IN
}

/// Of `kept` rows those that stay in rehearsal `round`, in which some mature classes are young. Never `spared`, which
/// nobody writes in five phrases (out-of-scope).
pub fn rehearse(
    kept: &[usize],
    y: &[usize],
    counts: &[usize],
    spared: Option<usize>,
    round: usize,
) -> Vec<usize> {
    let mut left: Vec<usize> =
        (0..counts.len())
            .map(|k| {
                if counts[k] >= MATURE && Some(k) != spared && k % ONE_IN == round {
                    KEPT
                } else {
                    usize::MAX
                }
            })
            .collect();
    // A multiplier spreads the rows that stay over the class.
    let mut order: Vec<usize> = kept.to_vec();
    order.sort_by_key(|&i| (i.wrapping_mul(0x9e37_79b9) >> 7) % 65_536);
    let mut stay: Vec<usize> = order
        .into_iter()
        .filter(|&i| {
            let own = &mut left[y[i]];
            *own > 0 && {
                *own = own.saturating_sub(1);
                true
            }
        })
        .collect();
    stay.sort_unstable();
    stay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_young_classes_are_lifted_and_the_youngest_most() {
        let counts = [6, 20, 40, 400];
        assert!(share(&counts) < share(&counts[1..]), "two share");
        let lift = lift(&counts, share(&counts));
        assert!(lift[0] > lift[1] && lift[1] > 0.0 && lift[2] == 0.0 && lift[3] == 0.0, "{lift:?}");
    }

    #[test]
    fn a_rehearsal_makes_some_mature_classes_young_and_leaves_the_rest() {
        let y: Vec<usize> = (0..3_400).map(|i| i % 34).collect();
        let mut of = counts(&y, 34);
        assert!(!among_mature(&of), "all mature");
        of[33] = 6;
        assert!(among_mature(&of));
        assert!(!among_mature(&[6; 34]), "all young");
        let kept: Vec<usize> = (0..3_400).collect();
        let stay = rehearse(&kept, &y, &of, Some(9), 1);
        let left = counts(&stay.iter().map(|&i| y[i]).collect::<Vec<_>>(), 34);
        for (k, n) in left.iter().enumerate() {
            let young = k % ONE_IN == 1 && k != 9 && k != 33;
            assert_eq!(*n, if young { KEPT } else { 100 }, "class {k}");
        }
        assert_ne!(stay, rehearse(&kept, &y, &of, Some(9), 2));
    }
}
