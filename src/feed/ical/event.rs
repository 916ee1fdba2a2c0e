//! One VEVENT as written, before its times are moments.

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendarComponent, ICalendarDuration, ICalendarEntry, ICalendarParameterName, ICalendarPeriod,
    ICalendarProperty, ICalendarRecurrenceRule, ICalendarStatus, ICalendarValue,
};
use jiff::civil::DateTime;

use super::zone::{Zone, Zones};
use crate::clock::UnixMs;

/// A time as written: what the wall shows, and on which wall.
#[derive(Debug, Clone)]
pub(super) struct When {
    pub civil: DateTime,
    pub zone: Zone,
    /// A day, without a time of day.
    pub date: bool,
}

impl When {
    pub fn moment(&self) -> Option<UnixMs> {
        self.zone.moment(self.civil)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Length {
    /// Until this time.
    Until(When),
    For(ICalendarDuration),
    /// Neither is given: a day for a date, nothing for a time.
    Open,
}

/// A VEVENT, all of it read.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub component: usize,
    pub uid: String,
    pub sequence: i64,
    pub start: When,
    pub length: Length,
    /// The instance of its series that this one stands in for.
    pub replaces: Option<When>,
    /// … and every later one.
    pub and_future: bool,
    pub rules: Vec<(ICalendarRecurrenceRule, Option<DateTime>)>,
    pub more: Vec<(When, Option<Length>)>,
    pub less: Vec<When>,
    pub cancelled: bool,
}

/// Why an event cannot be read.
pub(super) type Unread = &'static str;

/// `None` for the UID where it has none.
pub(super) fn read(
    component: &ICalendarComponent,
    index: usize,
    zones: &Zones,
) -> Result<Event, (Option<String>, Unread)> {
    let uid = component.uid().map(str::trim).filter(|uid| !uid.is_empty()).map(str::to_owned);
    let Some(name) = uid.clone() else { return Err((None, "no UID")) };
    fill(component, index, name, zones).map_err(|why| (uid, why))
}

fn fill(component: &ICalendarComponent, index: usize, uid: String, zones: &Zones) -> Result<Event, Unread> {
    let start = component.property(&ICalendarProperty::Dtstart).ok_or("no start")?;
    let start = when(start, zones)?;
    let replaces = component.property(&ICalendarProperty::RecurrenceId);
    let and_future = replaces.is_some_and(|e| e.parameters(&ICalendarParameterName::Range).next().is_some());
    let end = component.property(&ICalendarProperty::Dtend);
    let duration = component.property(&ICalendarProperty::Duration);
    let length = match (end, duration) {
        (Some(end), _) => Length::Until(when(end, zones)?),
        (None, Some(duration)) => Length::For(duration_of(duration)?),
        (None, None) => Length::Open,
    };
    if component.has_property(&ICalendarProperty::Exrule) {
        return Err("EXRULE, which RFC 5545 no longer has");
    }
    let rules = component
        .properties(&ICalendarProperty::Rrule)
        .map(|entry| rule(entry, &start))
        .collect::<Result<_, _>>()?;
    let sequence = component.property(&ICalendarProperty::Sequence).and_then(|e| e.values.first());
    Ok(Event {
        component: index,
        uid,
        sequence: match sequence {
            Some(ICalendarValue::Integer(n)) => *n,
            _ => 0,
        },
        length,
        replaces: replaces.map(|entry| when(entry, zones)).transpose()?,
        and_future,
        rules,
        more: dates(component, &ICalendarProperty::Rdate, zones)?,
        less: dates(component, &ICalendarProperty::Exdate, zones)?.into_iter().map(|(at, _)| at).collect(),
        cancelled: component.status() == Some(&ICalendarStatus::Cancelled),
        start,
    })
}

fn zone_of(entry: &ICalendarEntry, zones: &Zones) -> Result<Zone, Unread> {
    match entry.tz_id() {
        Some(name) => zones.named(name).ok_or("a time zone that nobody knows"),
        None => Ok(zones.site()),
    }
}

fn when(entry: &ICalendarEntry, zones: &Zones) -> Result<When, Unread> {
    when_of(entry.values.first().ok_or("a time that cannot be read")?, entry, zones)
}

fn when_of(value: &ICalendarValue, entry: &ICalendarEntry, zones: &Zones) -> Result<When, Unread> {
    let ICalendarValue::PartialDateTime(at) = value else { return Err("a time that cannot be read") };
    partial_when(at, entry, zones)
}

fn partial_when(at: &PartialDateTime, entry: &ICalendarEntry, zones: &Zones) -> Result<When, Unread> {
    let civil = civil(at).ok_or("a time that cannot be read")?;
    // A date is one of the site's days, whatever zone stands beside it.
    let zone = match (at.has_time(), at.tz_hour) {
        (false, _) => zones.site(),
        (true, Some(_)) => Zone::Named(fixed(at).ok_or("a time that cannot be read")?),
        (true, None) => zone_of(entry, zones)?,
    };
    Ok(When { civil, zone, date: !at.has_time() })
}

fn fixed(at: &PartialDateTime) -> Option<jiff::tz::TimeZone> {
    let seconds = i32::from(at.tz_hour?) * 3600 + i32::from(at.tz_minute.unwrap_or(0)) * 60;
    let seconds = if at.tz_minus { -seconds } else { seconds };
    Some(jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?))
}

fn dates(
    component: &ICalendarComponent,
    property: &ICalendarProperty,
    zones: &Zones,
) -> Result<Vec<(When, Option<Length>)>, Unread> {
    let mut all = Vec::new();
    for entry in component.properties(property) {
        for value in &entry.values {
            all.push(match value {
                ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                    let end = partial_when(end, entry, zones)?;
                    (partial_when(start, entry, zones)?, Some(Length::Until(end)))
                }
                ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                    (partial_when(start, entry, zones)?, Some(Length::For(duration.clone())))
                }
                value => (when_of(value, entry, zones)?, None),
            });
        }
    }
    Ok(all)
}

fn duration_of(entry: &ICalendarEntry) -> Result<ICalendarDuration, Unread> {
    match entry.values.first() {
        Some(ICalendarValue::Duration(duration)) if !duration.neg => Ok(duration.clone()),
        _ => Err("a length that cannot be read"),
    }
}

/// The rule, and its end on the wall of the event: an UNTIL in UTC is put there.
fn rule(entry: &ICalendarEntry, start: &When) -> Result<(ICalendarRecurrenceRule, Option<DateTime>), Unread> {
    let bad = "a recurrence rule that cannot be read";
    let mut rule = recurrence_rule(entry.values.first().ok_or(bad)?).ok_or(bad)?.clone();
    if rule.rscale.is_some() || rule.skip.is_some() {
        return Err("a recurrence rule of another calendar than the Gregorian");
    }
    let Some(end) = rule.until.take() else { return Ok((rule, None)) };
    let to_wall = |utc: DateTime| {
        let at = utc.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp().into();
        start.zone.local(at)
    };
    let end = local_until(&end, to_wall).ok_or(bad)?;
    Ok((rule, Some(end)))
}

pub(super) fn recurrence_rule(value: &ICalendarValue) -> Option<&ICalendarRecurrenceRule> {
    match value {
        ICalendarValue::RecurrenceRule(rule) => Some(rule),
        _ => None,
    }
}

/// The end of a rule as the wall shows it: a date is all of its day, UTC goes through `to_wall`.
pub(super) fn local_until(
    until: &PartialDateTime,
    to_wall: impl Fn(DateTime) -> Option<DateTime>,
) -> Option<DateTime> {
    let at = civil(until)?;
    match (until.has_time(), until.tz_hour) {
        (false, _) => Some(at.date().at(23, 59, 59, 0)),
        (true, None) => Some(at),
        (true, Some(_)) => to_wall(at),
    }
}

fn civil(at: &PartialDateTime) -> Option<DateTime> {
    let small = |n: Option<u8>| i8::try_from(n.unwrap_or(0)).ok();
    // 60 is a leap second: the minute's last for a clock that has none.
    let second = small(at.second)?.min(59);
    DateTime::new(
        i16::try_from(at.year?).ok()?,
        i8::try_from(at.month?).ok()?,
        i8::try_from(at.day?).ok()?,
        small(at.hour)?,
        small(at.minute)?,
        second,
        0,
    )
    .ok()
}

/// What the wall shows, and whether it is a whole day.
pub(super) fn civil_of(value: &ICalendarValue) -> Option<(DateTime, bool)> {
    match value {
        ICalendarValue::PartialDateTime(at) => Some((civil(at)?, !at.has_time())),
        _ => None,
    }
}

/// Seconds east of UTC, of TZOFFSETFROM and TZOFFSETTO.
pub(super) fn offset_of(value: &ICalendarValue) -> Option<i32> {
    let ICalendarValue::PartialDateTime(at) = value else { return None };
    let seconds = i32::from(at.tz_hour?) * 3600 + i32::from(at.tz_minute.unwrap_or(0)) * 60;
    Some(if at.tz_minus { -seconds } else { seconds })
}
