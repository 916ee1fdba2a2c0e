//! Which bay is theirs, in as many words as people have for it.

use super::*;

fn places() -> Places {
    Places {
        bays: (1..=4).map(BayId).collect(),
        bay_aliases: vec![("by the washroom".into(), BayId(4)), ("first on the left".into(), BayId(1))],
        ..Places::default()
    }
}

/// The one own bay, as the contract has it: none for somebody else's, none for several.
fn own(text: &str) -> Option<u8> {
    let read = read(&crate::intent::normalise::plain(text), &places(), false);
    match read.bays[..] {
        [bay] if !read.others => Some(bay.0),
        _ => None,
    }
}

fn check(rows: &[(&str, Option<u8>)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(text, bay)| own(text) != *bay)
        .map(|(text, bay)| format!("{text:?}: {:?}, not {bay:?}", own(text)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn every_spelling_of_a_bay() {
    check(&[
        ("Hi there, bay 2 has gone quiet on us", Some(2)),
        ("Box Three keeps crashing", Some(3)),
        ("we r in box#4 and the screen is white", Some(4)),
        ("bay no. 2 not reading", Some(2)),
        ("bay no 3 wont start", Some(3)),
        ("Bay number one please", Some(1)),
        ("BAY2 FROZE", Some(2)),
        ("bay-3 is stuck", Some(3)),
        ("bay: 4", Some(4)),
        ("Simulator three isn't loading anything", Some(3)),
        ("sim 4 is doing the loading circle", Some(4)),
        ("sim4 froze", Some(4)),
        ("station 1 has no sound", Some(1)),
        ("the tv in room 2 went off", Some(2)),
        ("stall 3, ball not picked up", Some(3)),
        ("booth 2 is cold", Some(2)),
        ("b3 isnt tracking putts", Some(3)),
        ("number 4 has crashed", Some(4)),
        ("#4 is frozen again", Some(4)),
        ("It's number two that's frozen", Some(2)),
        ("2 is frozen", Some(2)),
        ("hi, 3 just crashed on us", Some(3)),
        ("3 wont load", Some(3)),
        ("We're in 3, nothing on the wall", Some(3)),
        ("im in 1 and the mouse is dead", Some(1)),
        ("playing in 4 tonight and its boiling", Some(4)),
        ("trackman on 2 is frozen", Some(2)),
        ("the screen in 3 went black", Some(3)),
        ("can you restart the sim on 2", Some(2)),
        ("projector's dead in 4", Some(4)),
        ("bya 2 wont respond", Some(2)),
        ("baay 2 frozen", Some(2)),
        ("bsy 3 frozen", Some(3)),
        ("nay 1 is down", Some(1)),
        ("boz 4 lost the picture", Some(4)),
        ("bxo 1 shots not counting", Some(1)),
        ("bay too is frozen", Some(2)),
        ("we are in bay to", Some(2)),
        ("Bay for isn't working", Some(4)),
        ("bay tow is black", Some(2)),
        ("2nd bay is black", Some(2)),
        ("the third sim crashed", Some(3)),
        ("we're in the second one and it froze", Some(2)),
        ("its the third one", Some(3)),
        ("The second one is frozen", Some(2)),
        ("the one by the washroom is stuck", Some(4)),
        ("Box 2.", Some(2)),
        ("(bay 3)", Some(3)),
        ("no sound @ bay 1", Some(1)),
        ("Bay 2 shots aren't registering", Some(2)),
        ("box 3 balls are nearly gone", Some(3)),
        ("bay 2 screens are off", Some(2)),
        ("bay 2's screen is off", Some(2)),
        ("box 1 over here is frozen", Some(1)),
        ("bay 2, 4 people, screen froze", Some(2)),
        ("bay 3 - 2 of us here and no picture", Some(3)),
        ("party of 6 in bay 4, projector is out", Some(4)),
        ("Booking 7pm bay 2 code not working", Some(2)),
        ("hole 3 on bay 2 is stuck", Some(2)),
        ("7 iron reads wrong in box 3", Some(3)),
        ("bay 1 has been stuck since 8", Some(1)),
        ("Bay 2 @ 7:30, door wont open", Some(2)),
        ("bay 2 for the third time tonight froze", Some(2)),
    ]);
}

#[test]
fn a_bare_number_is_a_bay_where_the_words_around_it_say_so() {
    check(&[
        ("3's projector isn't on", Some(3)),
        ("4 here, still waiting for the restart", Some(4)),
        ("Restart 2 pls", Some(2)),
        ("just moved over to 3, its cold here", Some(3)),
        ("the guy in 4 says his works, ours (2) doesnt", Some(2)),
        ("3 doesnt work, is 4 free?", Some(3)),
        ("ceiling tile fell in 1", Some(1)),
        ("bai 3 la souris marche pas", Some(3)),
        ("not 3, 2", Some(2)),
        ("restart 2 times didnt help", None),
        ("the lights in 5 minutes", None),
        ("we moved to 6pm", None),
        ("2 of us here", None),
    ]);
}

#[test]
fn of_two_bays_the_one_that_is_theirs() {
    check(&[
        ("pls dont restart bay 1 its bay 2 thats stuck", Some(2)),
        ("\"Bay 1 is restarting\" no!! we are bay 2", Some(2)),
        ("box 2 sim wont start. box 1 and 3 seem ok", Some(2)),
        ("we are in bay 1 and theres a fight in bay 4", Some(1)),
        ("can you move us out of bay 3 into bay 1", Some(3)),
        ("can you change our bay 2 booking from 6 to 7", Some(2)),
        ("our neighbours in 3 left their door open", None),
        ("which one is bay 2", None),
        ("where is bay 3", None),
        ("bay 3 if possible", None),
        ("delivery, box 2 of 3", None),
        ("can you move us out of here to bay 1", None),
        ("my buddy is hurt in bay 3", Some(3)),
        ("how do i get out of bay 2", Some(2)),
    ]);
}

#[test]
fn french_bays() {
    check(&[
        ("baie 2 est figée", Some(2)),
        ("la boîte trois ne démarre pas", Some(3)),
        ("simulateur 4 bloqué", Some(4)),
        ("on est dans la 2, l'écran est noir", Some(2)),
        ("la deux est gelée", Some(2)),
        ("nous sommes dans la trois", Some(3)),
        ("l'écran de la baie numéro 3 est noir", Some(3)),
        ("la deuxième baie est plantée", Some(2)),
        ("box trois, plus de son", Some(3)),
        ("je suis dans la première baie", Some(1)),
        ("on est quatre dans la box 2", Some(2)),
        ("réservation à 19h, baie 1", Some(1)),
        ("on est 3 personnes", None),
        ("à côté de la baie 2", None),
        ("je voudrais réserver la box 3 pour dimanche", None),
        ("les gars de la baie 4 crient", None),
    ]);
}

#[test]
fn the_corrected_bay_counts() {
    check(&[
        ("bay 2 sorry 3", Some(3)),
        ("bay 2, I mean bay 3", Some(3)),
        ("box 1 frozen. *box 2", Some(2)),
        ("bay 3 is down. oops, bay 4", Some(4)),
        ("in bay 1, no wait, bay 2", Some(2)),
        ("Bay 4 (not 3)", Some(4)),
        ("we're in 3 not 2", Some(3)),
        ("it's bay 2 actually", Some(2)),
        ("not bay 2, bay 3", Some(3)),
        ("sorry wrong one, its box 1", Some(1)),
        ("I booked bay 2 but we are in bay 3", Some(3)),
        ("they moved us from bay 2 to bay 3 and now 3 is frozen", Some(3)),
        ("we switched from 1 to 4 and it froze too", Some(4)),
        ("bay 1 is black, bay 2 is fine", Some(1)),
        ("bay 3 works fine but bay 2 doesnt", Some(2)),
    ]);
}

#[test]
fn another_ones_bay_is_not_theirs() {
    check(&[
        ("guys in bay 3 are loud", None),
        ("the people in box 1 are smoking", None),
        ("Bay 3 is so loud we can't hear anything", None),
        ("box 4 guys are yelling", None),
        ("music from bay 2 is deafening", None),
        ("someone in bay 4 is vaping", None),
        ("the one beside bay 2 is frozen", None),
        ("we're next to bay 3 and it froze", None),
        ("between bay 2 and bay 3 there is a puddle", None),
        ("across from box 1", None),
        ("the group next door in 4 keeps shouting", None),
        ("we're in bay 2 and the guys in bay 3 are too loud", Some(2)),
        ("the kids in box 1 keep running into our bay, box 2", Some(2)),
        ("the guy who had bay 2 before us left his wallet", Some(2)),
    ]);
}

#[test]
fn a_bay_only_asked_for_is_not_theirs() {
    check(&[
        ("can i book bay 2 for saturday", None),
        ("is bay 3 free at 8", None),
        ("is box 1 available tonight?", None),
        ("Could we switch to bay 4", None),
        ("can we move to box 1 please", None),
        ("I'd like bay 3 next time", None),
        ("do you have bay 2 open tomorrow", None),
        ("how much is bay 1", None),
        ("is bay 1 the left handed one", None),
        ("any chance we could have bay 4 instead", None),
        ("who's in bay 3", None),
        ("want to reserve box 2 sunday 5pm", None),
        ("can we get bay 2 restarted", Some(2)),
        ("could you get box 3 going again please", Some(3)),
        ("can we keep bay 2 another hour", Some(2)),
        ("is bay 2 frozen for you too? we're stuck", Some(2)),
        ("is bay 3 supposed to be this dark?", Some(3)),
        ("is box 2 down or is it just us", Some(2)),
        ("can you turn bay 4 on", Some(4)),
        ("please restart bay 1", Some(1)),
        ("we have bay 2 at 7 and can't get in", Some(2)),
        ("we're in bay 1, can we move to bay 3", Some(1)),
        ("I have bay 3 booked till 9, can we stay longer", Some(3)),
    ]);
}

#[test]
fn quoted_back_and_of_another_time() {
    check(&[
        ("you said bay 2 would be ready in 3 minutes", None),
        ("your text says box 4 but nothing happened", None),
        ("you told me bay 2, we are in bay 3", Some(3)),
        ("\"your bay 2 is restarting now please wait\" still nothing here", None),
        ("last time we were in bay 2 it was great", None),
        ("usually we play in box 1", None),
        ("last week bay 4 froze on us", None),
        ("I left my glove in bay 3 last week", Some(3)),
        ("bay 2 froze last night, can we get a refund", Some(2)),
    ]);
}

#[test]
fn several_are_not_one() {
    check(&[
        ("bays 1 and 2 are both frozen", None),
        ("box 1 & box 3 down", None),
        ("bays 1, 2 and 3 have no internet", None),
        ("bay 2 or 3 not sure which", None),
        ("we have bay 1 and bay 2 booked", None),
    ]);
    let both = read("bays 1 and 2 are frozen", &places(), false);
    assert_eq!(both.bays, [BayId(1), BayId(2)]);
}

#[test]
fn numbers_of_other_things() {
    check(&[
        ("booking number 4 please confirm", None),
        ("confirmation #3", None),
        ("be there in 3", None),
        ("we're 4 people", None),
        ("there are 2 of us", None),
        ("door code 2 4 1 3", None),
        ("hole number 3 wont load", None),
        ("on hole 2", None),
        ("my 3 wood carry is off", None),
        ("i'm 2 over par", None),
        ("see you at 2", None),
        ("were booked at 3", None),
        ("open from 2 to 4?", None),
        ("can we add 1 hour", None),
        ("its 2 dollars short", None),
        ("4 beers please", None),
        ("a bay for 4 people", None),
        ("need a bay for 2", None),
        ("can we get another bay too", None),
        ("is there a bay to rent", None),
        ("TrackMan 4 software?", None),
        ("do you have trackman 4", None),
        ("wait time 2 min", None),
        ("tee #2", None),
        ("second time this week", None),
        ("the first hole froze", None),
        ("try number 3 now", None),
        ("second bay from the door", None),
        ("i want one", None),
        ("one of the screens is black", None),
        ("were in one of the bays", None),
        ("2 screens are off", None),
        ("in 2 minutes we lose our slot", None),
        ("player 2 cant log in", None),
        ("call me at 902 555 0104", None),
        ("3 of the lights are out", None),
        ("we're in 2 groups", None),
        ("10 people in 2 cars", None),
        ("4-5 people", None),
        ("7:30", None),
    ]);
}

proptest::proptest! {
    #[test]
    fn a_bay_and_its_trouble_name_that_bay(
        n in 1u8..=4,
        word in proptest::sample::select(vec!["bay", "Box", "sim", "BAY", "simulator", "booth", "box ", "bay #", "bay number ", "bya "]),
        trouble in proptest::sample::select(vec!["is frozen", "wont load", "has no picture", "froze again", "isn't reading shots"]),
        hello in proptest::sample::select(vec!["", "hi, ", "Hey guys! ", "sorry to bother you, ", "we're 4 people and "]),
    ) {
        let space = if word.ends_with([' ', '#']) { "" } else { " " };
        let text = format!("{hello}{word}{space}{n} {trouble}");
        proptest::prop_assert_eq!(own(&text), Some(n), "{}", text);
    }

    /// Two bays set against each other: the one meant is told apart, whichever stands first.
    #[test]
    fn of_two_bays_set_against_each_other_the_meant_one_is_read(
        meant in 1u8..=4,
        step in 1u8..=3,
        word in proptest::sample::select(vec!["bay", "box", "sim"]),
        way in 0usize..6,
    ) {
        let other = (meant - 1 + step) % 4 + 1;
        let text = match way {
            0 => format!("not {word} {other} but {word} {meant} is frozen"),
            1 => format!("not {other} but {meant} is the one that froze"),
            2 => format!("my mistake, {meant} not {other}"),
            3 => format!("i asked about {word} {meant} not {other}"),
            4 => format!("you restarted {word} {other} but we're in {meant}"),
            _ => format!("oops, meant {word} {meant}, not {word} {other}"),
        };
        proptest::prop_assert_eq!(own(&text), Some(meant), "{}", text);
    }

    /// A number that counts, times or scores something is no bay, whatever the trouble.
    #[test]
    fn a_number_of_something_else_is_no_bay(
        n in 1u8..=4,
        saying in proptest::sample::select(vec![
            "problem with {} of our shots", "so cold in {} minutes", "stuck on hole {}", "tee box {} is missing",
            "issue with {} balls", "can someone check {} things for us", "it was {} under par that won",
            "need help in {} min", "mail box {} has our card", "we are {} people in line", "froze {} times",
        ]),
    ) {
        let text = saying.replace("{}", &n.to_string());
        proptest::prop_assert_eq!(own(&text), None, "{}", text);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(?s).{0,80}", asked: bool) {
        let plain = crate::intent::normalise::plain(&text);
        let _ = read(&plain, &places(), asked);
        let _ = is_only_a_bay(&plain, &places());
    }

    #[test]
    fn words_of_bays_in_any_order_do_not_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "bay", "2", "box", "and", "3", "#", "\"", "sorry", "é", "from", "to", "the", "second", "one", ",", "*", "guys in", "is free", "4 people", "/",
    ]), 0..14), asked: bool) {
        let plain = crate::intent::normalise::plain(&words.join(" "));
        let _ = read(&plain, &places(), asked);
    }
}

#[test]
fn a_refused_bay_is_none_of_those_to_act_on() {
    check(&[
        ("please dont reset 2, reset 3", Some(3)),
        ("do not restart bay 1 or 2, its 3", Some(3)),
        ("don't reboot box 4, it's box 1", Some(1)),
        ("dont touch bay 2 we want 3 restarted", Some(3)),
        ("dont restart bay 2, its 3 people playing there", Some(2)),
        ("please don't restart bay 2", Some(2)),
    ]);
}

#[test]
fn friends_of_theirs_keep_their_bay() {
    let bays = |text: &str| read(&crate::intent::normalise::plain(text), &places(), false).bays;
    assert_eq!(bays("we're in bay 1 and my friends in bay 2 are frozen too"), [BayId(1), BayId(2)]);
    assert_eq!(bays("we're in bay 1 and there's a fight in bay 4"), [BayId(1)]);
    assert_eq!(bays("we're in bay 1 and bay 4 has a fight going"), [BayId(1)]);
    assert_eq!(bays("we're in bay 1 and bay 2 and it's dark"), [BayId(1), BayId(2)]);
}

#[test]
fn trouble_told_of_a_bare_number_names_that_bay() {
    check(&[
        ("its freezing in 2, can you turn the heat to 21", Some(2)),
        ("on 1, the radar misses every ball", Some(1)),
        ("problems in 4", Some(4)),
        ("can someone look at 3", Some(3)),
        ("wrong one! its 2 thats frozen", Some(2)),
        ("1 is boiling, 2 and 3 feel ok", Some(1)),
        ("baytwo is stuck", Some(2)),
        ("unlike bay 3 ours in 4 wont load", Some(4)),
        ("we traded with the other guys so now its bay 3", Some(3)),
        ("bay 1 here. bay 2 keeps walking through our swings", Some(1)),
        ("i never said bay 3", None),
        ("bay 3... hang on let me check... ok its 2", Some(2)),
        ("non pas la 3, la 2", Some(2)),
        ("my score is 3 not 4", None),
        ("could you take a look in bay 4, we booked it at 2", Some(4)),
        ("we are on 4 and it froze, par 3", None),
        ("guys over here in bay 2 need a hand", Some(2)),
        ("my wife and kids are in bay 4 and the screen is black", Some(4)),
        ("im at bay 2, hes at bay 1. mine is frozen", Some(2)),
        ("both 1 and 2 froze", None),
        ("you guys reset bay 1 instead of bay 2, we are bay 2", Some(2)),
        ("3 has no sound", Some(3)),
        ("they moved us to 1 and its frozen", Some(1)),
        ("want to switch from 3 to 4 oclock", None),
        ("can we go to bay 4? bay 3 is dead", Some(3)),
        ("cest la baie 4 pas la 3", Some(4)),
        ("tees and towels needed in 3", Some(3)),
    ]);
}

#[test]
fn the_bay_they_are_in_counts_however_it_is_written() {
    check(&[
        ("Bay4frozen", Some(4)),
        ("bay 2 hole 3", Some(2)),
        ("1's frozen", Some(1)),
        ("1 and 2 work, 3 doesnt", Some(3)),
        ("the screen says bay 2 but the sign says bay 3. we're in 3, frozen", Some(3)),
        ("had bay 1 last time, today bay 4 and it's frozen", Some(4)),
        ("left my glove in bay 2 last week", Some(2)),
    ]);
}
