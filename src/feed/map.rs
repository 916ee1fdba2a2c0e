//! What in an event is bay, phone, name, reference and PIN: by the rules of `site.toml`, or the defaults
//! (`docs/bookings.md`). The first rule that finds something decides.
//!
//! A bay that is not clear (none, two, or one the site has not) makes no booking: it is left out and
//! counted. A number that cannot be read makes one without the right to open a door.

use std::collections::{BTreeMap, HashSet};

use sha2::{Digest, Sha256};

use super::ical::{Calendar, Instance};
use super::phone;
use crate::clock::UnixMs;
use crate::site::{BayId, EventMap, Rule, Site};
use crate::store::booking::Booking;

/// What is longer is no booking, but a closure or a mistake. A day of 25 h fits.
const LONGEST_MS: i64 = 26 * 3_600_000;
/// Longest id that is kept as it is.
const LONGEST_ID: usize = 120;

/// The bookings of a calendar.
#[derive(Debug, Default)]
pub struct Mapped {
    pub bookings: Vec<Booking>,
    /// What is no booking, by why.
    pub skipped: BTreeMap<&'static str, usize>,
}

impl Mapped {
    pub fn skipped_count(&self) -> usize {
        self.skipped.values().sum()
    }

    /// `2 without a bay, 1 with no UID`; empty if nothing was skipped.
    pub fn why(&self) -> String {
        let parts: Vec<String> = self.skipped.iter().map(|(why, n)| format!("{n} with {why}")).collect();
        parts.join(", ")
    }
}

/// The bookings that a calendar means.
pub fn bookings(calendar: &Calendar, site: &Site) -> Mapped {
    let mut mapped = Mapped { bookings: Vec::new(), skipped: calendar.unread.clone() };
    let mut ids = HashSet::new();
    for instance in &calendar.instances {
        match one(calendar, instance, site) {
            Ok(booking) if !ids.insert(booking.id.clone()) => {
                *mapped.skipped.entry("the id of another").or_default() += 1;
            }
            Ok(booking) => mapped.bookings.push(booking),
            Err(why) => *mapped.skipped.entry(why).or_default() += 1,
        }
    }
    mapped
}

fn one(calendar: &Calendar, instance: &Instance, site: &Site) -> Result<Booking, &'static str> {
    let length = instance.end.0 - instance.start.0;
    if length == 0 {
        return Err("no length");
    }
    if length > LONGEST_MS {
        return Err("more than a day");
    }
    let map = &site.bookings.map;
    let bay = bay(calendar, instance, site, map)?;
    let first = |rules: &[Rule]| found(calendar, instance, rules).next();
    let code = &site.bookings.calling_code;
    let phone = found(calendar, instance, &map.phone).find_map(|text| phone::e164(&text, code));
    Ok(Booking {
        id: id(&instance.id),
        phone,
        name: first(&map.name).map(|name| clip(&name, 80)).unwrap_or_default(),
        bay,
        starts_at: instance.start,
        ends_at: instance.end,
        reference: first(&map.reference).map(|text| clip(&text, 40)),
        pin: first(&map.pin).map(|text| clip(&text, 20)),
        source: String::new(),
        read_at: UnixMs(0),
    })
}

/// The one bay that the first property with any bay in it names.
fn bay(calendar: &Calendar, instance: &Instance, site: &Site, map: &EventMap) -> Result<BayId, &'static str> {
    for rule in &map.bay {
        let mut named: Vec<BayId> = Vec::new();
        let mut unknown = false;
        for text in texts(calendar, instance, rule) {
            match of_name(&text, site) {
                Some(bay) => named.push(bay),
                None => unknown |= rule.pattern.is_some(),
            }
        }
        named.sort_unstable();
        named.dedup();
        match named[..] {
            [] if unknown => return Err("a bay this site has not"),
            [] => {}
            [bay] if !unknown => return Ok(bay),
            _ => return Err("more than one bay"),
        }
    }
    Err("no bay")
}

/// `2`, `bay-2`, or another name of the bay in `site.toml`.
fn of_name(text: &str, site: &Site) -> Option<BayId> {
    let text = text.trim().to_lowercase();
    let number =
        text.strip_prefix("bay").map_or(text.as_str(), |rest| rest.trim_start_matches([' ', '-', '#']));
    if let Some(bay) = number.parse().ok().map(BayId).filter(|bay| site.bays.contains_key(bay)) {
        return Some(bay);
    }
    site.bays.values().find(|bay| bay.aliases.contains(&text)).map(|bay| bay.id)
}

/// What the rules find, in their order.
fn found<'a>(
    calendar: &'a Calendar,
    instance: &'a Instance,
    rules: &'a [Rule],
) -> impl Iterator<Item = String> + 'a {
    rules.iter().flat_map(move |rule| texts(calendar, instance, rule))
}

/// Everything that one rule finds: each match of its expression, or the whole value.
fn texts(calendar: &Calendar, instance: &Instance, rule: &Rule) -> Vec<String> {
    let values = calendar.texts(instance, &rule.property);
    let found: Vec<&str> = match &rule.pattern {
        None => values,
        Some(pattern) => {
            let group = |c: regex::Captures<'_>| c.get(1).or_else(|| c.get(0)).map(|m| m.range());
            let of_value = |v: &str| pattern.captures_iter(v).filter_map(group).collect::<Vec<_>>();
            values.into_iter().flat_map(|v| of_value(v).into_iter().filter_map(move |r| v.get(r))).collect()
        }
    };
    found.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn clip(text: &str, most: usize) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(most).collect();
    plain.trim().to_owned()
}

/// Ids are kept; one that is too long, or holds what no id should, is told by its hash.
fn id(written: &str) -> String {
    let plain = written.len() <= LONGEST_ID && written.chars().all(|c| c.is_ascii_graphic());
    if plain {
        return format!("ical:{written}");
    }
    let digest = Sha256::digest(written.as_bytes());
    let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("ical:{hex}")
}
