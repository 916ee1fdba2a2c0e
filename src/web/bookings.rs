//! Bookings as the outside system sends them: JSON or CSV in, all of it valid or nothing stored.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::error::Error;
use super::presence::OCCUPANCY;
use super::view::time;
use crate::clock::UnixMs;
use crate::feed::phone;
use crate::site::{BayId, Site};
use crate::store::booking::Booking;

/// A booking on the wire.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingBody {
    /// The booking system's own id.
    #[schema(example = "B1042")]
    pub id: String,
    /// `null` in an answer: the calendar gives no number. A list that is sent must give one.
    #[serde(default)]
    #[schema(example = "+19025550101")]
    pub phone: Option<String>,
    #[serde(default)]
    #[schema(example = "Alex")]
    pub name: String,
    /// Number or target: `2` or `bay-2`.
    #[serde(deserialize_with = "text_or_number")]
    #[schema(example = "2")]
    pub bay: String,
    /// RFC 3339, or the site's local time without an offset.
    #[schema(example = "2026-11-20T20:30")]
    pub from: String,
    #[schema(example = "2026-11-20T22:00")]
    pub to: String,
    /// What the customer has in hand to prove it at the door.
    #[serde(default, deserialize_with = "maybe_text_or_number")]
    pub reference: Option<String>,
    #[serde(default, deserialize_with = "maybe_text_or_number")]
    pub pin: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

impl From<TextOrNumber> for String {
    fn from(value: TextOrNumber) -> String {
        match value {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        }
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    TextOrNumber::deserialize(from).map(Into::into)
}

fn maybe_text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<TextOrNumber>::deserialize(from)?.map(Into::into))
}

impl BookingBody {
    pub fn of(booking: &Booking) -> BookingBody {
        BookingBody {
            id: booking.id.clone(),
            phone: booking.phone.as_ref().map(ToString::to_string),
            name: booking.name.clone(),
            bay: booking.bay.to_string(),
            from: time::rfc3339(booking.starts_at),
            to: time::rfc3339(booking.ends_at),
            reference: booking.reference.clone(),
            pin: booking.pin.clone(),
        }
    }
}

/// Reads and checks a whole feed, JSON or CSV.
///
/// # Errors
/// What is wrong and how to mend it, for a person.
pub fn parse(text: &str, csv: bool, site: &Site) -> Result<Vec<Booking>, String> {
    let bodies = if csv { from_csv(text.as_bytes()) } else { from_json(text.as_bytes()) };
    bodies.and_then(|bodies| check(site, &bodies)).map_err(|e| format!("{}: {}", e.what, e.mend))
}

/// Reads a JSON list.
///
/// # Errors
/// 400 for what is no list, 422 naming the index of what is no booking.
pub fn from_json(text: &[u8]) -> Result<Vec<BookingBody>, Error> {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(text).map_err(|e| {
        Error::new(StatusCode::BAD_REQUEST, format!("not a JSON list: {e}"), "send a JSON list, or text/csv")
    })?;
    let one = |(index, row)| {
        serde_json::from_value(row).map_err(|e| {
            let fields = "id, phone, name, bay, from, to, reference, pin";
            Error::invalid(
                format!("bookings[{index}]: {e}"),
                format!("its fields are {fields}; nothing was stored"),
            )
        })
    };
    rows.into_iter().enumerate().map(one).collect()
}

/// Where in the list something is wrong.
fn wrong(index: usize, field: &str, what: &str, mend: &str) -> Error {
    Error::invalid(format!("bookings[{index}].{field}: {what}"), format!("{mend}; nothing was stored"))
}

/// Checks a whole feed.
///
/// # Errors
/// 422 naming index and field of the first thing that is wrong.
pub fn check(site: &Site, bodies: &[BookingBody]) -> Result<Vec<Booking>, Error> {
    let mut bookings: Vec<Booking> = Vec::with_capacity(bodies.len());
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for (index, body) in bodies.iter().enumerate() {
        if let Some(first) = ids.insert(body.id.as_str(), index) {
            return Err(wrong(
                index,
                "id",
                &format!("the same as in bookings[{first}]"),
                "give each its own id",
            ));
        }
        bookings.push(one(site, index, body)?);
    }
    no_overlap(&bookings)?;
    Ok(bookings)
}

fn one(site: &Site, index: usize, body: &BookingBody) -> Result<Booking, Error> {
    let id = body.id.trim();
    if id.is_empty() || id.len() > 128 || id.starts_with(OCCUPANCY) {
        return Err(wrong(index, "id", "not an id", "1 to 128 characters"));
    }
    let phone = body.phone.as_deref().unwrap_or_default();
    let phone = phone::e164(phone, &site.bookings.calling_code)
        .ok_or_else(|| wrong(index, "phone", "not a phone number", "write it as +19025550101"))?;
    let number = body.bay.trim().trim_start_matches("bay-").parse().ok().map(BayId);
    let bay = number.filter(|bay| site.bays.contains_key(bay)).ok_or_else(|| {
        let known: Vec<String> = site.bays.keys().map(ToString::to_string).collect();
        wrong(index, "bay", "there is no such bay", &format!("one of {}", known.join(", ")))
    })?;
    let starts_at = moment(site, index, "from", &body.from)?;
    let ends_at = moment(site, index, "to", &body.to)?;
    if ends_at <= starts_at {
        return Err(wrong(index, "to", "not after from", "let it end after it begins"));
    }
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    Ok(Booking {
        id: id.to_owned(),
        phone: Some(phone),
        name: body.name.trim().to_owned(),
        bay,
        starts_at,
        ends_at,
        reference: given(&body.reference),
        pin: given(&body.pin),
        source: String::new(),
        read_at: UnixMs(0),
    })
}

/// RFC 3339 with an offset, or the wall clock of the site. A time that the change to winter time brings
/// twice is the first of the two (RFC 5545, 3.3.5).
fn moment(site: &Site, index: usize, field: &str, text: &str) -> Result<UnixMs, Error> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.into());
    }
    let local = text.parse::<jiff::civil::DateTime>().ok().filter(|_| text.len() > "2026-11-20".len());
    let at = local.and_then(|local| local.to_zoned_datetime(site.zone.clone()).ok());
    at.map(|at| at.timestamp().into()).ok_or_else(|| {
        let mend = "write 2026-11-20T20:30 (the site's time) or 2026-11-20T20:30:00-04:00";
        wrong(index, field, "not a time", mend)
    })
}

fn no_overlap(bookings: &[Booking]) -> Result<(), Error> {
    let mut order: Vec<usize> = (0..bookings.len()).collect();
    order.sort_by_key(|i| (bookings[*i].bay, bookings[*i].starts_at));
    for pair in order.windows(2) {
        let (earlier, later) = (&bookings[pair[0]], &bookings[pair[1]]);
        if earlier.bay == later.bay && later.starts_at < earlier.ends_at {
            let (first, second) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            let field = if second == pair[1] { "from" } else { "to" };
            let what = format!("overlaps bookings[{first}] on the same bay");
            return Err(wrong(second, field, &what, "let one begin when the other has ended"));
        }
    }
    Ok(())
}

/// Reads a CSV feed with the header `id,phone,name,bay,from,to,reference,pin` (RFC 4180; any order, the
/// last two and the name may be missing).
///
/// # Errors
/// 422 naming index and field.
pub fn from_csv(text: &[u8]) -> Result<Vec<BookingBody>, Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let known = ["id", "phone", "name", "bay", "from", "to", "reference", "pin"];
    let headers =
        reader.headers().map_err(|e| Error::invalid(format!("the CSV cannot be read: {e}"), "send UTF-8"))?;
    if let Some(other) = headers.iter().find(|h| !known.contains(h)) {
        return Err(Error::invalid(
            format!("there is no column {other:?}"),
            format!("known: {}", known.join(", ")),
        ));
    }
    let rows = reader.deserialize::<HashMap<String, String>>().enumerate();
    rows.map(|(index, row)| {
        let mut row = row.map_err(|e| Error::invalid(format!("bookings[{index}]: {e}"), "mend the line"))?;
        let mut need = |field: &str| {
            row.remove(field).ok_or_else(|| wrong(index, field, "is missing", "add the column"))
        };
        Ok(BookingBody {
            id: need("id")?,
            phone: Some(need("phone")?),
            bay: need("bay")?,
            from: need("from")?,
            to: need("to")?,
            name: need("name").unwrap_or_default(),
            reference: need("reference").ok(),
            pin: need("pin").ok(),
        })
    })
    .collect()
}
