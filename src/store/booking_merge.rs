//! Several lists of bookings as one: what is the same booking, and what cannot both be true.
//!
//! Decides nothing about rights; the gate does.

use super::booking::Booking;

/// Same bay, at the same time. One that begins when the other ends does not overlap.
pub(super) fn overlap(a: &Booking, b: &Booking) -> bool {
    a.bay == b.bay && a.starts_at < b.ends_at && b.starts_at < a.ends_at
}

/// By their numbers; where a list has none, by reference, name, or the very same times.
pub(super) fn same_customer(a: &Booking, b: &Booking) -> bool {
    if let (Some(one), Some(other)) = (&a.phone, &b.phone) {
        return one == other;
    }
    let same_span = a.starts_at == b.starts_at && a.ends_at == b.ends_at && a.source != b.source;
    let same_name = !a.name.is_empty() && a.name.eq_ignore_ascii_case(&b.name);
    let same_reference = a.reference.is_some() && a.reference == b.reference;
    let itself = a.source == b.source && a.id == b.id;
    itself || same_span || same_name || same_reference
}

/// The same booking in two lists.
pub(super) fn twins(a: &Booking, b: &Booking) -> bool {
    a.source != b.source && overlap(a, b) && same_customer(a, b)
}

/// Indices of bookings on one bay at the same time, each pair once.
pub(super) fn overlapping(list: &[Booking]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|i| (list[*i].bay, list[*i].starts_at));
    let mut pairs = Vec::new();
    for (place, &first) in order.iter().enumerate() {
        let later = order[place + 1..].iter();
        for &second in later
            .take_while(|i| list[**i].bay == list[first].bay && list[**i].starts_at < list[first].ends_at)
        {
            if overlap(&list[first], &list[second]) {
                pairs.push((first, second));
            }
        }
    }
    pairs
}

/// Every booking once, in the order given. Of twins the one with a number stays, else the one whose list
/// comes first by name, so that the choice does not change from one look to the next; it counts as read
/// when the fresher of the two lists was.
pub(super) fn merge(mut list: Vec<Booking>) -> Vec<Booking> {
    let mut dropped = vec![false; list.len()];
    for (a, b) in overlapping(&list) {
        if dropped[a] || dropped[b] || !twins(&list[a], &list[b]) {
            continue;
        }
        let rank = |i: usize| (list[i].phone.is_none(), list[i].source.clone(), list[i].id.clone());
        let (stays, goes) = if rank(a) <= rank(b) { (a, b) } else { (b, a) };
        dropped[goes] = true;
        let other = list[goes].clone();
        let own = &mut list[stays];
        own.read_at = own.read_at.max(other.read_at);
        own.reference = own.reference.take().or(other.reference);
        own.pin = own.pin.take().or(other.pin);
        if own.name.is_empty() {
            own.name = other.name;
        }
    }
    let mut gone = dropped.into_iter();
    list.retain(|_| !gone.next().unwrap_or(false));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMs;
    use crate::site::BayId;

    fn booking(source: &str, id: &str, phone: Option<&str>, from: i64, to: i64) -> Booking {
        Booking {
            id: id.into(),
            phone: phone.map(|p| p.parse().unwrap()),
            name: String::new(),
            bay: BayId(2),
            starts_at: UnixMs(from),
            ends_at: UnixMs(to),
            reference: None,
            pin: None,
            source: source.into(),
            read_at: UnixMs(if source == "ical" { 50 } else { 10 }),
        }
    }

    const ALEX: Option<&str> = Some("+19025550101");
    const ROBIN: Option<&str> = Some("+19025550102");

    #[test]
    fn one_booking_in_two_lists_is_given_out_once_and_is_as_fresh_as_the_fresher_list() {
        let both = vec![booking("ical", "x@1", ALEX, 0, 60), booking("file", "B1", ALEX, 0, 60)];
        let merged = merge(both);
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].id.as_str(), merged[0].read_at), ("B1", UnixMs(50)));
    }

    #[test]
    fn a_list_without_numbers_is_completed_by_one_that_has_them() {
        let both = vec![booking("file", "B1", None, 0, 60), booking("ical", "x@1", ALEX, 0, 60)];
        let merged = merge(both);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].phone.as_ref().map(|p| p.as_str()), ALEX);
    }

    #[test]
    fn two_customers_stay_two() {
        let both = vec![booking("file", "B1", ALEX, 0, 60), booking("ical", "x@1", ROBIN, 30, 90)];
        assert_eq!(overlapping(&both), [(0, 1)]);
        assert!(!same_customer(&both[0], &both[1]));
        assert_eq!(merge(both).len(), 2);
    }

    #[test]
    fn of_one_list_nothing_is_merged() {
        let both = vec![booking("ical", "a", None, 0, 60), booking("ical", "b", None, 0, 60)];
        assert!(!same_customer(&both[0], &both[1]), "two entries without a number are two customers");
        assert_eq!(merge(both).len(), 2);
    }

    #[test]
    fn back_to_back_is_no_overlap() {
        let both = vec![booking("file", "B1", ALEX, 0, 60), booking("ical", "x", ROBIN, 60, 90)];
        assert!(overlapping(&both).is_empty());
    }

    #[test]
    fn a_long_booking_meets_every_shorter_one_inside_it() {
        let three = vec![
            booking("file", "A", ALEX, 0, 100),
            booking("file", "B", ROBIN, 10, 20),
            booking("file", "C", ROBIN, 50, 60),
        ];
        assert_eq!(overlapping(&three), [(0, 1), (0, 2)]);
    }
}
