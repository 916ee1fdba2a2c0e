//! The line to the internet as one incident: it answers everyone whom the outage touches, and calls nobody for each.
//!
//! A grace passes first, so that a modem that blinks is none. Nobody is called for it: whoever is called over the line
//! cannot be, and here everything works without it. It ends by itself when the line is back. Who writes that the
//! simulator is offline meanwhile is answered with the truth and belongs to it.

use std::time::Duration;

use super::scene::Scene;
use super::{Cx, Line};
use crate::store::{self, journal, ticket, timer};

/// The timer's kind; there is one.
pub(super) const TIMER: &str = "line";
/// The incident.
const WHAT: &str = "internet";
/// What people write when it is out.
const SOP: &str = "sim.internet";
/// So long it must stay away.
const GRACE: Duration = Duration::from_secs(2 * 60);

/// The line was looked at, and is so.
pub(super) fn is(cx: Cx<'_>, line: Line) -> store::Result<()> {
    let open = ticket::open_incident(cx.db, WHAT)?;
    match (line, open) {
        (Line::Down, Some(_)) => Ok(()),
        (Line::Down, None) => timer::set(cx.db, TIMER, 0, cx.now + GRACE),
        (Line::Up, open) => {
            timer::clear(cx.db, TIMER, 0)?;
            let Some(open) = open else { return Ok(()) };
            ticket::close_incident(cx.db, open.id, "box", cx.now)?;
            let minutes = cx.now.since(open.opened_at).as_secs() / 60;
            let said = format!(
                "The internet line is back, {minutes} min after it was noted as out. What waited goes on."
            );
            journal::notice(cx.db, None, &said, cx.now)
        }
    }
}

/// The grace is over.
pub(super) fn due(cx: Cx<'_>) -> store::Result<()> {
    timer::clear(cx.db, TIMER, 0)?;
    if cx.world.line == Line::Up || ticket::open_incident(cx.db, WHAT)?.is_some() {
        return Ok(());
    }
    ticket::insert_incident(cx.db, WHAT, None, cx.now)?;
    tracing::warn!("the internet line is out");
    let said = "The internet line is out. Bays, doors and this page go on working; texts and calls over the line wait.";
    journal::notice(cx.db, None, said, cx.now)
}

/// One more whom an open outage touches.
pub(super) fn touches(cx: Cx<'_>, scene: &Scene, sop: &str) -> store::Result<()> {
    if sop != SOP {
        return Ok(());
    }
    if let Some(open) = ticket::open_incident(cx.db, WHAT)? {
        ticket::join_incident(cx.db, open.id, scene.thread.id)?;
    }
    Ok(())
}
