//! What staff may take back: the last thing that was done to a device, while it is fresh and something undoes it.
//!
//! Decides nothing: what is offered here passes the gate like every other wish.

use std::time::Duration;

use super::Look;
use crate::clock::UnixMs;
use crate::device::verify::Verification;
use crate::policy;
use crate::site::{Effect, Inverse, Outcome, Target};
use crate::store;
use crate::store::effect::{self, EffectRow};

/// Later than this it is no undo any more, but a new wish.
const FRESH: Duration = Duration::from_secs(3600);
/// How far back is looked for what came after it, in effects on the target.
const LOOK_BACK: u32 = 50;

/// The wish that takes an effect back.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    pub effect: Effect,
    pub target: Target,
    pub value: Option<f32>,
}

/// `None`: it was not seen done, nothing undoes it, it is old, or something came after it.
///
/// # Errors
/// The database's.
pub fn of(conn: &rusqlite::Connection, row: &EffectRow, now: UnixMs) -> store::Result<Option<Undo>> {
    let fresh = row.ended_at.is_some_and(|at| now.since(at) <= FRESH);
    let (Some(inverse), Some(Outcome::Verified), true) = (row.effect.inverse(), row.outcome, fresh) else {
        return Ok(None);
    };
    let takes_back = match inverse {
        Inverse::By(effect) => effect,
        Inverse::EarlierValue => row.effect,
    };
    let same_thing = |other: &&EffectRow| [row.effect, takes_back].contains(&other.effect);
    let all = effect::recent_on(conn, &row.target, LOOK_BACK)?;
    if all.iter().filter(same_thing).any(|other| other.id > row.id && other.sent_at.is_some()) {
        return Ok(None);
    }
    let value = match inverse {
        Inverse::By(_) => None,
        Inverse::EarlierValue => match earlier_value(row) {
            Some(value) => Some(value),
            None => return Ok(None),
        },
    };
    Ok(Some(Undo { effect: takes_back, target: row.target.clone(), value }))
}

/// What the device was seen set to when this was sent, if that was another value and one that may be set.
fn earlier_value(row: &EffectRow) -> Option<f32> {
    let verification: Verification = serde_json::from_str(row.verification.as_deref()?).ok()?;
    let value = verification.earlier_value()?;
    (Some(value) != row.value && policy::in_range(row.effect, Some(value))).then_some(value)
}

/// The same in words, for a button.
///
/// # Errors
/// The database's.
pub fn label(look: Look<'_>, row: &EffectRow) -> store::Result<Option<String>> {
    let undo = of(look.conn, row, look.now)?;
    Ok(undo.map(|undo| {
        let order = look.site.order(undo.effect, &undo.target);
        undo.value.map_or(order.clone(), |value| format!("{order} ({value} °C)"))
    }))
}
