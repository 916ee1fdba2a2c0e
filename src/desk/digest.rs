//! The daily digest: what is open and how yesterday went, once a day at the site's hour.
//!
//! The hour is a local one of the site: the timer is a moment, worked out anew each day, so that a change
//! of the clocks neither doubles nor skips it. A box that was off sends it when it is on again. A day on
//! which there is nothing to say has none.

use jiff::civil::Date;

use super::input::Reach;
use super::{Cx, Desk, Line, alerts, on_call};
use crate::clock::UnixMs;
use crate::store::digest::{self, Figures};
use crate::store::{self, escalation, ticket, timer};

/// The timer's kind; there is one.
pub(super) const TIMER: &str = "digest";
/// Tickets that are named; the rest are counted.
const NAMED: usize = 5;

/// Sets the timer for the next digest, unless one is overdue. One in mid-send is sent again: read twice is
/// better than not at all.
pub(super) fn resume(cx: Cx<'_>) -> store::Result<()> {
    for call in digest::calls_in(cx.db, "sending")? {
        digest::set_call(cx.db, call.id, "queued", None, Some("the box stopped while it was being sent"))?;
    }
    let overdue = timer::all(cx.db)?.iter().any(|t| t.kind == TIMER && t.due_at <= cx.now);
    if overdue && cx.site().hours.digest.is_some() { Ok(()) } else { plan(cx) }
}

fn plan(cx: Cx<'_>) -> store::Result<()> {
    match next_at(cx, cx.now) {
        Some(at) => timer::set(cx.db, TIMER, 0, at),
        None => timer::clear(cx.db, TIMER, 0),
    }
}

/// The site's hour next after `after`. `None`: the site wants no digest.
fn next_at(cx: Cx<'_>, after: UnixMs) -> Option<UnixMs> {
    next_local(cx, cx.site().hours.digest?, after)
}

/// The next moment after `after` at which clocks at the site show `hour`.
pub(super) fn next_local(cx: Cx<'_>, hour: jiff::civil::Time, after: UnixMs) -> Option<UnixMs> {
    let on = |day: Date| {
        let zoned = day.to_datetime(hour).to_zoned_datetime(cx.site().zone.clone()).ok()?;
        Some(UnixMs::from(zoned.timestamp())).filter(|at| *at > after)
    };
    let today = cx.site().local(after).date();
    on(today).or_else(|| on(today.tomorrow().ok()?))
}

/// The hour has come.
pub(super) fn due(cx: Cx<'_>) -> store::Result<()> {
    plan(cx)?;
    let today = cx.site().local(cx.now).date();
    let Some(text) = text(cx, today)? else { return Ok(()) };
    let Some(id) = digest::insert(cx.db, &today.to_string(), &text, cx.now)? else { return Ok(()) };
    let people = on_call::order(cx.db, cx.site(), cx.now)?.people;
    let channels = &cx.world.options.alert_channels;
    let mut shared = channels.iter().filter(|c| c.reach == Reach::SiteWide && !c.last_rung).peekable();
    if shared.peek().is_some() {
        for channel in shared {
            digest::queue(cx.db, id, &people.join(", "), &channel.name, cx.now)?;
        }
        return Ok(());
    }
    for person in &people {
        to_one(cx, id, person)?;
    }
    Ok(())
}

/// Over the first channel that reaches this person and was not tried for this digest.
fn to_one(cx: Cx<'_>, id: i64, person: &str) -> store::Result<()> {
    let tried = digest::channels_of(cx.db, id, person)?;
    let fits = |c: &&super::AlertChannel| {
        c.reach == Reach::PerPerson
            && !c.last_rung
            && !tried.contains(&c.name)
            && alerts::reaches(cx, c, person)
    };
    match cx.world.options.alert_channels.iter().find(fits) {
        Some(channel) => digest::queue(cx.db, id, person, &channel.name, cx.now),
        None => Ok(()),
    }
}

/// What the digest of this day says. `None`: nothing.
fn text(cx: Cx<'_>, today: Date) -> store::Result<Option<String>> {
    let tickets = tickets(cx)?;
    let waiting = escalation::waiting(cx.db)?;
    let low = waiting.iter().filter(|e| e.level == "low").count();
    let urgent = waiting.len() - low;
    let yesterday = yesterday(cx, today)?;
    if tickets.is_none() && waiting.is_empty() && yesterday == Figures::default() {
        return Ok(None);
    }
    let mut lines = vec![format!("{}: daily digest of {today}.", cx.site().name)];
    lines.extend(tickets);
    if low > 0 {
        lines.push(format!("{low} low-priority matter(s) wait for a person."));
    }
    if urgent > 0 {
        lines.push(format!("{urgent} call(s) nobody has acknowledged."));
    }
    let Figures { messages, escalated, escalations, effects_verified, effects_in_doubt } = yesterday;
    lines.push(format!(
        "Yesterday: {messages} message(s), {escalated} of them for a person; {escalations} matter(s) opened for people; \
         {effects_verified} action(s) done, {effects_in_doubt} failed or not confirmed."
    ));
    Ok(Some(lines.join("\n")))
}

/// Open tickets: how many, and of what.
fn tickets(cx: Cx<'_>) -> store::Result<Option<String>> {
    let open = ticket::open(cx.db)?;
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for one in open.iter().filter(|t| !t.is_parent) {
        let title = cx.library().get(&one.intent).map_or(one.intent.as_str(), |sop| sop.title.as_str());
        let name = one.bay.map_or_else(|| title.to_owned(), |bay| format!("{title}, bay {}", bay.0));
        match kinds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => *times += 1,
            None => kinds.push((name, 1)),
        }
    }
    let total: usize = kinds.iter().map(|(_, times)| times).sum();
    if total == 0 {
        return Ok(None);
    }
    let mut named: Vec<String> = kinds
        .iter()
        .take(NAMED)
        .map(|(name, times)| if *times > 1 { format!("{name} ({times})") } else { name.clone() })
        .collect();
    if kinds.len() > NAMED {
        named.push(format!("{} more", kinds.len() - NAMED));
    }
    let problems = open.iter().filter(|t| t.is_parent).count();
    let again = if problems > 0 { format!(" {problems} keep(s) coming back.") } else { String::new() };
    Ok(Some(format!("{total} open ticket(s): {}.{again}", named.join("; "))))
}

/// Figures from midnight to midnight, of a day of 23, 24 or 25 hours.
fn yesterday(cx: Cx<'_>, today: Date) -> store::Result<Figures> {
    let midnight = |day: Date| {
        let zoned = day.at(0, 0, 0, 0).to_zoned_datetime(cx.site().zone.clone());
        zoned.map_or(cx.now, |z| UnixMs::from(z.timestamp()))
    };
    let Ok(before) = today.yesterday() else { return Ok(Figures::default()) };
    digest::figures(cx.db, midnight(before), midnight(today))
}

impl Desk {
    /// The digest left over this channel.
    ///
    /// # Errors
    /// Only the database's.
    pub fn digest_sent(&mut self, call_id: i64) -> store::Result<()> {
        self.write(|cx| digest::set_call(cx.db, call_id, "sent", Some(cx.now), None))
    }

    /// The digest did not leave: its people get it over another channel. If the line is down it waits.
    ///
    /// # Errors
    /// Only the database's.
    pub fn digest_failed(&mut self, call_id: i64, why: &str) -> store::Result<()> {
        self.write(|cx| {
            if cx.world.line == Line::Down {
                return digest::set_call(cx.db, call_id, "queued", None, Some(why));
            }
            digest::set_call(cx.db, call_id, "failed", None, Some(why))?;
            let Some(call) = digest::call(cx.db, call_id)? else { return Ok(()) };
            for person in call.person.split(", ") {
                to_one(cx, call.digest_id, person)?;
            }
            Ok(())
        })
    }
}
