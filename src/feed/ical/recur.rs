//! Recurrence rules, on a clock without a zone.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarProperty,
    ICalendarRecurrenceRule, ICalendarValue,
};
use jiff::civil::DateTime;

/// One rule gives at most this many times up to the end of the window.
const MOST: usize = 40_000;

/// The rule cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadRule {
    Unreadable,
    TooOften,
}

/// The times of a rule that begins at `first`, up to `end` (its own UNTIL, inclusive) and `stop`.
pub(super) fn occurrences(
    rule: &ICalendarRecurrenceRule,
    first: DateTime,
    end: Option<DateTime>,
    stop: DateTime,
) -> Result<Vec<DateTime>, BadRule> {
    let until = end.map_or(stop, |end| end.min(stop));
    if until < first {
        return Ok(Vec::new());
    }
    let mut rule = rule.clone();
    rule.until = Some(partial(until).ok_or(BadRule::Unreadable)?);
    let start = partial(first).ok_or(BadRule::Unreadable)?;
    let event = ICalendarComponent {
        component_type: ICalendarComponentType::VEvent,
        entries: vec![
            ICalendarEntry::new(ICalendarProperty::Dtstart)
                .with_value(ICalendarValue::PartialDateTime(Box::new(start))),
            ICalendarEntry::new(ICalendarProperty::Rrule)
                .with_value(ICalendarValue::RecurrenceRule(Box::new(rule))),
        ],
        component_ids: Vec::new(),
    };
    let expanded = ICalendar { components: vec![event] }.expand_dates(Tz::Floating, MOST);
    if !expanded.errors.is_empty() {
        return Err(BadRule::Unreadable);
    }
    if expanded.events.len() >= MOST {
        return Err(BadRule::TooOften);
    }
    let civil = |event: &calcard::icalendar::dates::CalendarEvent<_, _>| civil(event);
    let times: Option<Vec<DateTime>> = expanded.events.iter().map(civil).collect();
    times.ok_or(BadRule::Unreadable)
}

/// Without a zone the clock reads as if it were UTC.
fn civil<Z: chrono::TimeZone, E>(
    event: &calcard::icalendar::dates::CalendarEvent<chrono::DateTime<Z>, E>,
) -> Option<DateTime> {
    let seconds = event.start.naive_local().and_utc().timestamp();
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime())
}

fn partial(at: DateTime) -> Option<PartialDateTime> {
    let small = |n: i8| u8::try_from(n).ok();
    Some(PartialDateTime {
        year: Some(u16::try_from(at.year()).ok()?),
        month: Some(small(at.month())?),
        day: Some(small(at.day())?),
        hour: Some(small(at.hour())?),
        minute: Some(small(at.minute())?),
        second: Some(small(at.second())?),
        tz_hour: None,
        tz_minute: None,
        tz_minus: false,
    })
}
