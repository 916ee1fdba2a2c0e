//! Tables of what customers write, and the slots in it.

use super::*;
use crate::intent::Tense;

fn places() -> Places {
    Places {
        bays: (1..=4).map(BayId).collect(),
        bay_aliases: vec![("by the washroom".into(), BayId(4)), ("first on the left".into(), BayId(1))],
        door_aliases: vec![
            ("staff door".into(), "door-staff".into()),
            ("main door".into(), "door-main".into()),
            ("front door".into(), "door-main".into()),
        ],
        words: vec![],
    }
}

fn bays(text: &str) -> Vec<u8> {
    read(text, &places(), false).bays.iter().map(|b| b.0).collect()
}

#[test]
fn bays_are_read_however_they_are_written() {
    for (text, expected) in [
        ("trackman frozen on box 2", &[2][..]),
        ("bay1 screen is black", &[1]),
        ("Bay #3 wont load", &[3]),
        ("bya 2 is frozen", &[2]),
        ("box two", &[2]),
        ("the 3rd bay is dead", &[3]),
        ("second box is frozen", &[2]),
        ("sim number 4 crashed", &[4]),
        ("b2 is frozen", &[2]),
        ("bays 1 and 2 are both frozen", &[1, 2]),
        ("box 1 & box 3 down", &[1, 3]),
        ("we're in 3 and it froze", &[3]),
        ("the sim by the washroom is stuck", &[4]),
        ("first on the left is frozen", &[1]),
        ("baie 2 est figée", &[2]),
        ("bay 2, 4 people", &[2]),
        ("Bay 9 is frozen", &[9]),
        ("i booked bay 2 but we're in bay 3 and its frozen", &[3]),
        ("box 3 not 2", &[3]),
    ] {
        assert_eq!(bays(text), expected, "{text}");
    }
}

#[test]
fn other_numbers_are_no_bays() {
    for text in [
        "can i book a bay 2 hours",
        "do you have a bay for 4 people",
        "how much for 2 bays",
        "be there in 3 minutes",
        "hole 18 froze",
        "the second bay on the right",
        "i shot 72",
        "my 7 iron",
        "see you at 3",
        "we finish in 2 hours",
        "box of 12 balls",
        "i need one",
        "can we play 18 holes",
        "",
    ] {
        assert_eq!(bays(text), Vec::<u8>::new(), "{text}");
    }
}

#[test]
fn a_correction_leaves_only_the_corrected_bay() {
    for text in [
        "sorry, box 3",
        "*3",
        "3*",
        "i meant 3",
        "sorry i meant bay 3",
        "actually box 3",
        "bay 2 is frozen. sorry, bay 3",
        "bay 2... no wait, 3",
        "oops bay 3",
        "box 3*",
    ] {
        let slots = read(text, &places(), false);
        assert_eq!(slots.bays, [BayId(3)], "{text}");
        assert!(slots.correction, "{text}");
    }
    let apology = read("sorry to bother you but bay 3 is frozen again", &places(), false);
    assert_eq!((apology.bays, apology.correction), (vec![BayId(3)], false));
}

#[test]
fn somebody_elses_bay_is_told_apart() {
    for text in [
        "the guys in bay 3 are super loud",
        "people in box 3 are smoking",
        "the group beside us in 3 is yelling",
    ] {
        let slots = read(text, &places(), false);
        assert_eq!(slots.bays, [BayId(3)], "{text}");
        assert!(slots.others_bay, "{text}");
    }
    let both = read("we're in bay 2 and the guys in bay 3 are too loud", &places(), false);
    assert_eq!((both.bays, both.others_bay), (vec![BayId(2)], false));
    assert!(!read("we are in bay 2", &places(), false).others_bay);
}

#[test]
fn a_bare_number_answers_only_our_question() {
    assert_eq!(read("2", &places(), true).bays, [BayId(2)]);
    assert_eq!(read("the second one", &places(), true).bays, [BayId(2)]);
    assert_eq!(read("two please", &places(), true).bays, [BayId(2)]);
    assert!(read("2", &places(), false).bays.is_empty());
    assert!(read("in 2 minutes", &places(), true).bays.is_empty());
}

#[test]
fn at_the_door_is_now_and_here() {
    for text in [
        "im at the door",
        "We're outside",
        "standing at the main door and it wont open",
        "door won't open",
        "let me in",
        "im locked out",
        "can't get in",
        "the door is still locked",
        "je suis devant la porte",
    ] {
        assert!(read(text, &places(), false).at_door, "{text}");
    }
    for text in [
        "I'll be at the door in 10 min",
        "on my way, how do i get in",
        "locked out of my account",
        "can't get in to my trackman account",
        "washroom door wont open",
        "the door won't open from the inside",
        "not at the door yet",
        "what time do the doors open",
        "front door wont close properly",
    ] {
        assert!(!read(text, &places(), false).at_door, "{text}");
    }
    assert_eq!(read("im at the front door", &places(), false).door.as_deref(), Some("door-main"));
    assert_eq!(read("im at the door", &places(), false).door, None);
}

#[test]
fn only_what_happens_now_is_now() {
    for (text, tense) in [
        ("what do I do if it freezes", Tense::Hypothetical),
        ("what happens if the door doesn't open", Tense::Hypothetical),
        ("if the sim crashes do we get extra time", Tense::Hypothetical),
        ("it froze last week", Tense::Past),
        ("the sim crashed on us yesterday", Tense::Past),
        ("it froze last week and its frozen again", Tense::Now),
        ("booked yesterday and i can't get in", Tense::Now),
        ("frozen since yesterday", Tense::Now),
        ("can you restart it if possible", Tense::Now),
        ("not sure if its frozen or loading", Tense::Now),
        ("let me know if you can fix it", Tense::Now),
        ("trackman is frozen", Tense::Now),
    ] {
        assert_eq!(read(text, &places(), false).tense, tense, "{text}");
    }
}

#[test]
fn heat_noise_and_light_are_read() {
    let hot = |t: &str| read(t, &places(), false).too_hot;
    assert_eq!(hot("its so hot in here"), Some(true));
    assert_eq!(hot("can you turn the heat down"), Some(true));
    assert_eq!(hot("its freezing in here"), Some(false));
    assert_eq!(hot("we're freezing"), Some(false));
    assert_eq!(hot("can you turn up the heat"), Some(false));
    assert_eq!(hot("the sim keeps freezing"), None);
    assert_eq!(hot("do you sell hot dogs"), None);
    let degrees = |t: &str| read(t, &places(), false).degrees;
    assert_eq!(degrees("can you set it to 21"), Some(21.0));
    assert_eq!(degrees("20.5 degrees please"), Some(20.5));
    assert_eq!(degrees("make it 70f"), Some(21.0));
    assert!(read("music is way too loud", &places(), false).too_loud);
    assert!(read("can you turn the music down", &places(), false).too_loud);
    assert!(!read("no sound in bay 2", &places(), false).too_loud);
    assert!(read("can you dim the lights", &places(), false).lights_off);
    assert!(!read("the lights are off", &places(), false).lights_off);
}

#[test]
fn phone_and_reference_are_read() {
    let slots = read("my number is 902-555-0101, booking BK-20431", &places(), false);
    assert_eq!(slots.phone.as_deref(), Some("+19025550101"));
    assert_eq!(slots.reference.as_deref(), Some("BK-20431"));
    let none = read("booking at 7pm for 4", &places(), false);
    assert_eq!((none.phone, none.reference), (None, None));
}
