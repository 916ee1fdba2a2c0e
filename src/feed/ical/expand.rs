//! From events to instances: series, their changes, what is taken away and what is added.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use calcard::icalendar::{
    ICalendar, ICalendarComponentType, ICalendarDuration, ICalendarMethod, ICalendarProperty, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::event::{self, Event, Length, Unread, When};
use super::recur::{self, BadRule};
use super::zone::Zones;
use super::{Calendar, Instance, MOST, NotACalendar, Window};
use crate::clock::UnixMs;

/// Zones differ by less than this: rules are followed that much further than the window.
const SLACK: Duration = Duration::from_secs(26 * 3600);

/// Adds the instances of one VCALENDAR.
pub(super) fn calendar(
    calendar: &ICalendar,
    source: usize,
    site: &TimeZone,
    window: Window,
    into: &mut Calendar,
) -> Result<(), NotACalendar> {
    if is_cancellation(calendar) {
        return Ok(());
    }
    let stop = (window.to + SLACK).timestamp().to_zoned_datetime(TimeZone::UTC).datetime();
    let zones = Zones::of(calendar, site, stop);
    let mut series: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut torn: HashSet<String> = HashSet::new();
    for (index, component) in calendar.components.iter().enumerate() {
        if component.component_type != ICalendarComponentType::VEvent {
            continue;
        }
        match event::read(component, index, &zones) {
            Ok(event) => series.entry(event.uid.clone()).or_default().push(event),
            Err((uid, why)) => {
                *into.unread.entry(why).or_default() += 1;
                torn.extend(uid);
            }
        }
    }
    for (uid, events) in series {
        // A change that cannot be read may have moved any instance: none of them can be believed.
        if torn.contains(&uid) {
            continue;
        }
        match one_series(&events, source, stop, window) {
            Ok(instances) => into.instances.extend(instances),
            Err(why) => *into.unread.entry(why).or_default() += 1,
        }
        if into.instances.len() > MOST {
            return Err(NotACalendar::TooMany);
        }
    }
    Ok(())
}

/// METHOD:CANCEL takes its events back (RFC 5546).
fn is_cancellation(calendar: &ICalendar) -> bool {
    let method = calendar.components.first().and_then(|c| c.property(&ICalendarProperty::Method));
    method.is_some_and(|m| m.values.contains(&ICalendarValue::Method(ICalendarMethod::Cancel)))
}

/// An instance while its series is put together.
#[derive(Debug, Clone)]
struct Draft {
    civil: DateTime,
    start: UnixMs,
    end: UnixMs,
    component: usize,
}

fn one_series(
    events: &[Event],
    source: usize,
    stop: DateTime,
    window: Window,
) -> Result<Vec<Instance>, Unread> {
    let newest = events.iter().filter(|e| e.replaces.is_none()).map(|e| e.sequence).max();
    let masters = events.iter().filter(|e| e.replaces.is_none() && Some(e.sequence) == newest);
    let mut drafts: BTreeMap<UnixMs, Draft> = BTreeMap::new();
    let mut recurs = events.iter().any(|e| e.replaces.is_some());
    let mut called_off = false;
    let mut several = 0;
    for master in masters {
        several += 1;
        recurs |= !master.rules.is_empty() || !master.more.is_empty() || several > 1;
        called_off |= master.cancelled;
        if !master.cancelled {
            for draft in of_master(master, stop)? {
                drafts.entry(draft.start).or_insert(draft);
            }
        }
    }
    let mut moved = Vec::new();
    if !called_off {
        for change in changes(events)? {
            apply(&change, &mut drafts, &mut moved)?;
        }
    }
    let uid = &events[0].uid;
    let all = drafts.into_iter().chain(moved);
    let within = all.filter(|(_, d)| d.start < window.to && (d.end > window.from || d.start >= window.from));
    Ok(within
        .map(|(key, draft)| Instance {
            id: if recurs { format!("{uid}/{}", stamp(key)) } else { uid.clone() },
            uid: uid.clone(),
            start: draft.start,
            end: draft.end,
            source,
            component: draft.component,
        })
        .collect())
}

/// `20261120T233000Z`.
fn stamp(at: UnixMs) -> String {
    at.timestamp().to_zoned_datetime(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Everything the series itself says: its start, its rules, RDATE without EXDATE.
fn of_master(master: &Event, stop: DateTime) -> Result<Vec<Draft>, Unread> {
    let mut starts: Vec<(When, Option<&Length>)> = vec![(master.start.clone(), None)];
    for (rule, end) in &master.rules {
        let times = recur::occurrences(rule, master.start.civil, *end, stop).map_err(|bad| match bad {
            BadRule::Unreadable => "a recurrence rule that cannot be read",
            BadRule::TooOften => "a recurrence rule that comes too often",
        })?;
        starts.extend(times.into_iter().map(|civil| (When { civil, ..master.start.clone() }, None)));
    }
    starts.extend(master.more.iter().map(|(at, length)| (at.clone(), length.as_ref())));
    let mut gone: HashSet<UnixMs> = HashSet::new();
    let mut days_gone: HashSet<jiff::civil::Date> = HashSet::new();
    for at in &master.less {
        if at.date && !master.start.date {
            days_gone.insert(at.civil.date());
        } else {
            gone.insert(at.moment().ok_or("a time that cannot be read")?);
        }
    }
    let mut drafts = Vec::with_capacity(starts.len());
    for (at, length) in starts {
        let start = at.moment().ok_or("a time that cannot be read")?;
        if gone.contains(&start) || days_gone.contains(&at.civil.date()) {
            continue;
        }
        let end = match length {
            Some(length) => end_of(&at, start, length, None)?,
            None => end_of(&at, start, &master.length, Some(&master.start))?,
        };
        drafts.push(Draft { civil: at.civil, start, end, component: master.component });
    }
    Ok(drafts)
}

/// The end of an instance. `of`: the start that the length was written for, where it is another's.
fn end_of(at: &When, start: UnixMs, length: &Length, of: Option<&When>) -> Result<UnixMs, Unread> {
    let bad = "an end that cannot be read";
    let end = match length {
        Length::Until(until) => match of {
            Some(of) if of.date => {
                let days = of.civil.date().until(until.civil.date()).map_err(|_| bad)?;
                at.zone.moment(at.civil.checked_add(days).map_err(|_| bad)?).ok_or(bad)?
            }
            Some(of) => {
                let (from, to) = (of.moment().ok_or(bad)?, until.moment().ok_or(bad)?);
                UnixMs(start.0 + (to.0 - from.0))
            }
            None => until.moment().ok_or(bad)?,
        },
        Length::For(duration) => after(at, start, duration).ok_or(bad)?,
        Length::Open if at.date => {
            at.zone.moment(at.civil.checked_add(jiff::Span::new().days(1)).map_err(|_| bad)?).ok_or(bad)?
        }
        Length::Open => start,
    };
    if end < start { Err("an end before its start") } else { Ok(end) }
}

/// Weeks and days are nominal, hours and below exact (RFC 5545, 3.3.6).
fn after(at: &When, start: UnixMs, length: &ICalendarDuration) -> Option<UnixMs> {
    let days = i64::from(length.weeks).checked_mul(7)?.checked_add(length.days.into())?;
    let seconds = u64::from(length.hours) * 3600 + u64::from(length.minutes) * 60 + u64::from(length.seconds);
    let base = match days {
        0 => start,
        days => at.zone.moment(at.civil.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?)?,
    };
    Some(base + Duration::from_secs(seconds))
}

/// A change of one instance, or from one on.
struct Change<'a> {
    event: &'a Event,
    replaces: UnixMs,
    /// The instance is named by its day.
    day: Option<jiff::civil::Date>,
}

/// By the instance they change; of several for one, the highest SEQUENCE, then the last.
fn changes(events: &[Event]) -> Result<Vec<Change<'_>>, Unread> {
    let mut best: HashMap<UnixMs, Change<'_>> = HashMap::new();
    for event in events {
        let Some(replaces) = &event.replaces else { continue };
        let at = replaces.moment().ok_or("a time that cannot be read")?;
        let day = (replaces.date && !event.start.date).then(|| replaces.civil.date());
        let better = best.get(&at).is_none_or(|known| event.sequence >= known.event.sequence);
        if better {
            best.insert(at, Change { event, replaces: at, day });
        }
    }
    let mut all: Vec<Change<'_>> = best.into_values().collect();
    all.sort_by_key(|c| c.replaces);
    Ok(all)
}

fn apply(
    change: &Change<'_>,
    drafts: &mut BTreeMap<UnixMs, Draft>,
    moved: &mut Vec<(UnixMs, Draft)>,
) -> Result<(), Unread> {
    let key = match change.day {
        Some(day) => {
            drafts.iter().find(|(_, d)| d.civil.date() == day).map_or(change.replaces, |(key, _)| *key)
        }
        None => change.replaces,
    };
    let event = change.event;
    let start = event.start.moment().ok_or("a time that cannot be read")?;
    drafts.remove(&key);
    if change.event.and_future {
        later(change, key, drafts)?;
    }
    if !event.cancelled {
        let end = end_of(&event.start, start, &event.length, Some(&event.start))?;
        let draft = Draft { civil: event.start.civil, start, end, component: event.component };
        moved.push((key, draft));
    }
    Ok(())
}

/// RANGE=THISANDFUTURE: every later instance is shifted as this one is, on the wall clock.
fn later(change: &Change<'_>, key: UnixMs, drafts: &mut BTreeMap<UnixMs, Draft>) -> Result<(), Unread> {
    let bad = "a time that cannot be read";
    let event = change.event;
    let following: Vec<UnixMs> = drafts.range(key..).map(|(at, _)| *at).collect();
    let Some(replaces) = &event.replaces else { return Ok(()) };
    let from = event.start.zone.local(replaces.moment().ok_or(bad)?).ok_or(bad)?;
    let shift = from.until(event.start.civil).map_err(|_| bad)?;
    for at in following {
        let Some(draft) = drafts.remove(&at) else { continue };
        if event.cancelled {
            continue;
        }
        let old = event.start.zone.local(draft.start).ok_or(bad)?;
        let civil = old.checked_add(shift).map_err(|_| bad)?;
        let when = When { civil, ..event.start.clone() };
        let start = when.moment().ok_or(bad)?;
        let end = end_of(&when, start, &event.length, Some(&event.start))?;
        let shifted = Draft { civil, start, end, component: event.component };
        drafts.insert(at, shifted);
    }
    Ok(())
}
