//! Nightly housekeeping: every bay restarted once a night at the site's hour, so that a day begins fresh.
//!
//! Never into a bay that is in use, or may be: the gate decides that (`policy`). A bay that is in use is looked
//! at again every quarter of an hour, for three hours; then it is left for the next night. The hour is a local
//! one of the site, worked out anew each day.

use std::time::Duration;

use super::{Cx, digest};
use crate::policy::{self, Asker, Refusal, Request};
use crate::site::{BayId, Outcome, Target};
use crate::store::effect::EffectRow;
use crate::store::{self, ticket, timer};

/// The timer's kind; its reference is the bay.
pub(super) const TIMER: &str = "housekeeping";
/// So long after the hour a bay is still tried.
const WINDOW: Duration = Duration::from_secs(3 * 3600);
const AGAIN: Duration = Duration::from_secs(15 * 60);

/// Sets the timers of tonight; one that came due while the box was off stays.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<()> {
    let set = timer::all(cx.db)?;
    let of = |reference: i64| set.iter().find(|t| t.kind == TIMER && t.reference == reference);
    for old in set.iter().filter(|t| t.kind == TIMER) {
        if bay_of(cx, old.reference).is_none() {
            timer::clear(cx.db, TIMER, old.reference)?;
        }
    }
    for bay in cx.site().bays.keys() {
        let reference = i64::from(bay.0);
        if of(reference).is_none_or(|timer| timer.due_at > cx.now) && bay_of(cx, reference).is_some() {
            plan(cx, reference)?;
        }
    }
    Ok(())
}

/// The bay that a timer speaks of, if the site has housekeeping for it.
fn bay_of(cx: Cx<'_>, reference: i64) -> Option<BayId> {
    let effect = cx.site().housekeeping.as_ref()?.effect;
    let bay = BayId(u8::try_from(reference).ok()?);
    cx.site().driver(effect, &Target::from(bay)).map(|_| bay)
}

fn plan(cx: Cx<'_>, reference: i64) -> store::Result<()> {
    let next = cx.site().housekeeping.as_ref().and_then(|night| digest::next_local(cx, night.at, cx.now));
    match next {
        Some(at) => timer::set(cx.db, TIMER, reference, at),
        None => timer::clear(cx.db, TIMER, reference),
    }
}

/// A bay's hour has come, or a further try.
pub(super) fn due(cx: Cx<'_>, reference: i64) -> store::Result<()> {
    let (Some(bay), Some(night)) = (bay_of(cx, reference), cx.site().housekeeping.as_ref()) else {
        return timer::clear(cx.db, TIMER, reference);
    };
    let begun = digest::next_local(cx, night.at, cx.now - WINDOW).is_some_and(|at| at <= cx.now);
    if !begun {
        return plan(cx, reference); // the box was off all night
    }
    let target = Target::from(bay);
    let request = Request {
        effect: night.effect,
        target: &target,
        value: None,
        asker: &Asker::House,
        thread_id: None,
        episode_id: None,
    };
    let verdict = match policy::precheck(cx.db, cx.gate(), &request, cx.now)? {
        Ok(_) => policy::authorise(cx.db, cx.gate(), &request, cx.now)?.1,
        Err(refusal) => Err(refusal), // not journaled: it would stand there every quarter of an hour
    };
    match verdict {
        Ok(()) => plan(cx, reference),
        Err(Refusal::BayInUse | Refusal::Busy { .. } | Refusal::Offline | Refusal::CoolDown { .. }) => {
            timer::set(cx.db, TIMER, reference, cx.now + AGAIN)
        }
        Err(refusal) => {
            tracing::info!(%target, reason = %refusal.reason(), "no housekeeping tonight");
            plan(cx, reference)
        }
    }
}

/// An effect of nobody's conversation ended: what housekeeping could not do, people find in the tickets.
pub(super) fn ended(cx: Cx<'_>, row: &EffectRow) -> store::Result<()> {
    let wrong = matches!(row.outcome, Some(Outcome::Failed | Outcome::Unknown));
    if !wrong || row.asked_by != policy::HOUSE {
        return Ok(());
    }
    let what = cx.site().deed(row.effect, &row.target);
    let how = if row.outcome == Some(Outcome::Failed) { "failed" } else { "could not be confirmed" };
    let detail = format!("Nightly housekeeping: {what} {how}.");
    ticket::insert(cx.db, "housekeeping", "low", row.target.bay(), None, None, &detail, cx.now).map(drop)
}
