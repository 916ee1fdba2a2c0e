//! What a wall clock means: the zone a TZID names, or the one the calendar itself defines.
//!
//! A name that is known (IANA, X-LIC-LOCATION, Windows) goes before the calendar's own rules, which are
//! often those of one year only.

use std::collections::HashMap;
use std::str::FromStr;

use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::event::{civil_of, offset_of, recurrence_rule};
use super::recur;
use crate::clock::UnixMs;

/// The zones of one calendar.
pub(super) struct Zones {
    site: TimeZone,
    known: HashMap<String, Option<Zone>>,
}

#[derive(Debug, Clone)]
pub(super) enum Zone {
    Named(TimeZone),
    /// Changes of the clock as the calendar gives them, by local time.
    Defined(Vec<Change>),
}

/// From `at` on (read with the offset before it) the clock is `to` seconds ahead of UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    at: DateTime,
    from: i32,
    to: i32,
}

impl Zones {
    /// `until`: changes of the clock are looked for up to then.
    pub fn of(calendar: &ICalendar, site: &TimeZone, until: DateTime) -> Zones {
        let mut known = HashMap::new();
        for component in &calendar.components {
            if component.component_type == ICalendarComponentType::VTimezone
                && let Some(name) = text(component, &ICalendarProperty::Tzid)
            {
                known.insert(name.to_owned(), defined(calendar, component, name, until));
            }
        }
        Zones { site: site.clone(), known }
    }

    pub fn site(&self) -> Zone {
        Zone::Named(self.site.clone())
    }

    /// `None`: nobody knows this zone.
    pub fn named(&self, name: &str) -> Option<Zone> {
        match self.known.get(name) {
            Some(zone) => zone.clone(),
            None => by_name(name),
        }
    }
}

fn by_name(name: &str) -> Option<Zone> {
    let name = name.trim().trim_matches('"');
    if let Ok(zone) = TimeZone::get(name) {
        return Some(Zone::Named(zone));
    }
    // "/example.org/20260101/America/Halifax": globally unique names end with the common one.
    let parts: Vec<&str> = name.split('/').collect();
    for keep in [3, 2] {
        let tail = parts.len().checked_sub(keep).filter(|cut| *cut > 0).map(|cut| parts[cut..].join("/"));
        if let Some(zone) = tail.and_then(|tail| TimeZone::get(&tail).ok()) {
            return Some(Zone::Named(zone));
        }
    }
    let other = Tz::from_str(name).ok()?.name()?;
    TimeZone::get(&other).ok().map(Zone::Named)
}

fn defined(
    calendar: &ICalendar,
    component: &ICalendarComponent,
    name: &str,
    until: DateTime,
) -> Option<Zone> {
    if let Some(zone) = by_name(name) {
        return Some(zone);
    }
    let place = component.entries.iter().find(|e| e.name.as_str().eq_ignore_ascii_case("X-LIC-LOCATION"));
    if let Some(zone) = place.and_then(|e| e.values.first()?.as_text()).and_then(by_name) {
        return Some(zone);
    }
    let mut changes = Vec::new();
    for id in &component.component_ids {
        let part = calendar.components.get(*id as usize)?;
        if matches!(part.component_type, ICalendarComponentType::Standard | ICalendarComponentType::Daylight)
        {
            changes.extend(observance(part, until)?);
        }
    }
    changes.sort_by_key(|c| c.at);
    (!changes.is_empty()).then_some(Zone::Defined(changes))
}

/// STANDARD or DAYLIGHT: every time it begins.
fn observance(part: &ICalendarComponent, until: DateTime) -> Option<Vec<Change>> {
    let offset = |property| offset_of(part.property(&property)?.values.first()?);
    let (from, to) = (offset(ICalendarProperty::Tzoffsetfrom)?, offset(ICalendarProperty::Tzoffsetto)?);
    let first = civil_of(part.property(&ICalendarProperty::Dtstart)?.values.first()?)?.0;
    let mut begins = vec![first];
    if let Some(entry) = part.property(&ICalendarProperty::Rrule) {
        let mut rule = recurrence_rule(entry.values.first()?)?.clone();
        // In a VTIMEZONE the end of a rule is in UTC.
        let end = rule.until.take().map(|end| {
            super::event::local_until(&end, |utc| {
                utc.checked_add(jiff::SignedDuration::from_secs(from.into())).ok()
            })
        });
        let end = match end {
            Some(None) => return None,
            Some(end) => end,
            None => None,
        };
        begins.extend(recur::occurrences(&rule, first, end, until).ok()?);
    }
    for entry in part.properties(&ICalendarProperty::Rdate) {
        begins.extend(entry.values.iter().filter_map(|v| civil_of(v).map(|(at, _)| at)));
    }
    begins.sort_unstable();
    begins.dedup();
    Some(begins.into_iter().map(|at| Change { at, from, to }).collect())
}

fn text<'a>(component: &'a ICalendarComponent, property: &ICalendarProperty) -> Option<&'a str> {
    match component.property(property)?.values.first()? {
        ICalendarValue::Text(text) => Some(text),
        _ => None,
    }
}

impl Zone {
    /// The moment this clock shows `local`.
    pub fn moment(&self, local: DateTime) -> Option<UnixMs> {
        match self {
            Zone::Named(zone) => Some(local.to_zoned_datetime(zone.clone()).ok()?.timestamp().into()),
            Zone::Defined(changes) => {
                let offset = offset_at(changes, local)?;
                utc(local.checked_sub(jiff::SignedDuration::from_secs(offset.into())).ok()?)
            }
        }
    }

    /// What this clock shows at a moment.
    pub fn local(&self, at: UnixMs) -> Option<DateTime> {
        match self {
            Zone::Named(zone) => Some(at.timestamp().to_zoned_datetime(zone.clone()).datetime()),
            Zone::Defined(changes) => {
                let utc = at.timestamp().to_zoned_datetime(TimeZone::UTC).datetime();
                let shown =
                    |offset: i32| utc.checked_add(jiff::SignedDuration::from_secs(offset.into())).ok();
                // The last change that had happened by then.
                let mut offset = changes.first()?.from;
                for change in changes {
                    if shown(change.from)? >= change.at {
                        offset = change.to;
                    }
                }
                shown(offset)
            }
        }
    }
}

fn offset_at(changes: &[Change], local: DateTime) -> Option<i32> {
    let Some(last) = changes.iter().rev().find(|c| c.at <= local) else {
        return changes.first().map(|c| c.from);
    };
    // In the gap the clock jumps over, the offset before it counts.
    let gap = i64::from(last.to) - i64::from(last.from);
    let after = last.at.checked_add(jiff::SignedDuration::from_secs(gap)).ok()?;
    Some(if gap > 0 && local < after { last.from } else { last.to })
}

fn utc(at: DateTime) -> Option<UnixMs> {
    Some(at.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().into())
}
