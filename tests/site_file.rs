//! `site.toml`: what the sample site says, and what is said about a bad one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use clubos::site::lan::Shelly;
use clubos::site::load::read;
use clubos::site::{
    BayId, DriverKind, Effect, FeedUrl, LanDevice, LoadMode, Problem, Role, Site, SiteProblems, Target, load,
    secret,
};
use proptest::prelude::*;

const SAMPLE: &str = include_str!("sites/clubhouse.toml");
const EXAMPLE: &str = include_str!("../site.example.toml");

fn simulated(text: &str) -> Result<Site, SiteProblems> {
    read("site.toml", text, Path::new("/etc/clubos"), LoadMode::Simulated)
}

fn real(text: &str) -> Result<Site, SiteProblems> {
    read("site.toml", text, Path::new("/etc/clubos"), LoadMode::Real)
}

/// The problems of the packaged example after one replacement.
#[track_caller]
fn after(from: &str, to: &str) -> Vec<Problem> {
    assert!(EXAMPLE.contains(from), "the example has no {from:?}");
    real(&EXAMPLE.replacen(from, to, 1)).err().map_or_else(Vec::new, |problems| problems.0)
}

/// Asserts that exactly one problem is found, at the line of `marker` in the changed text, and that it says `what`.
#[track_caller]
fn only(from: &str, to: &str, marker: &str, what: &str) {
    let problems = after(from, to);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let changed = EXAMPLE.replacen(from, to, 1);
    let line = if marker.is_empty() {
        0
    } else {
        changed[..changed.find(marker).unwrap()].matches('\n').count() + 1
    };
    assert_eq!(problems[0].line, line, "{}", problems[0]);
    assert!(problems[0].what.contains(what), "{}", problems[0]);
    assert!(!problems[0].mend.is_empty(), "{}", problems[0]);
}

#[test]
fn the_sample_site_is_the_clubhouse() {
    let site = simulated(SAMPLE).unwrap();
    assert_eq!((site.id.as_str(), site.name.as_str()), ("clubhouse", "The Clubhouse, Harbour Road"));
    assert_eq!(site.zone_name, "America/Halifax");
    assert_eq!(site.bays.keys().map(|b| b.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(site.bays[&BayId(4)].aliases.contains(&"by the washroom".to_owned()));
    assert_eq!(site.doors.keys().map(Target::as_str).collect::<Vec<_>>(), ["door-main", "door-staff"]);
    assert_eq!(site.customer_doors().map(|d| d.label.as_str()).collect::<Vec<_>>(), ["main door"]);
    assert_eq!(site.facts["wifi_password"], "fairway-2026");
    assert_eq!(site.facts["early_minutes"], "15");
    assert_eq!(site.facts["site"], site.name);
    assert_eq!(site.policy.entry_before, Duration::from_secs(900));
    assert_eq!((site.policy.unlocks_per_booking, site.policy.emergency_release), (2, false));
    let people: Vec<_> = site.people.iter().map(|p| (p.name.as_str(), p.role)).collect();
    assert_eq!(people, [("dana", Role::Manager), ("sam", Role::OnCall)]);
}

#[test]
fn the_sample_site_can_do_every_effect_on_a_simulated_device() {
    let site = simulated(SAMPLE).unwrap();
    for effect in Effect::ALL {
        let targets =
            ["bay-1", "bay-4", "door-main", "audio", "lights", "thermostat", "network"].map(Target::new);
        let drivers: Vec<_> = targets.iter().filter_map(|t| site.driver(*effect, t)).collect();
        assert!(!drivers.is_empty(), "{effect}");
        assert!(drivers.iter().all(|d| **d == DriverKind::Simulated), "{effect}");
    }
    assert!(site.driver(Effect::SimRestart, &Target::new("bay-5")).is_none());
}

#[test]
fn the_sample_site_has_every_fact() {
    let site = simulated(SAMPLE).unwrap();
    for fact in clubos::site::facts::FACTS {
        assert!(site.facts.contains_key(fact.name), "{}", fact.name);
    }
}

#[test]
fn a_simulated_device_is_refused_in_a_real_club() {
    let problems = real(SAMPLE).unwrap_err().0;
    assert_eq!(problems.iter().filter(|p| p.what.contains("simulated device in a real club")).count(), 22);
}

#[test]
fn the_packaged_example_is_a_real_site_without_a_problem() {
    let site = real(EXAMPLE).unwrap();
    assert_eq!(site.driver(Effect::PcReboot, &Target::new("bay-2")), Some(&DriverKind::AgentMqtt));
    assert!(matches!(
        site.driver(Effect::DoorUnlock, &Target::new("door-main")),
        Some(DriverKind::UnifiAccess { .. })
    ));
    let broker = site.broker.unwrap();
    assert_eq!((broker.port, broker.password_file), (1883, PathBuf::from("/etc/clubos/broker-password")));
    assert_eq!(site.access.unwrap().certificate_sha256.len(), 64);
}

#[test]
fn every_key_of_the_example_is_documented() {
    let docs = include_str!("../docs/site.md");
    let keys = EXAMPLE.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key.trim()));
    for key in keys.filter(|key| !key.starts_with('#')) {
        assert!(docs.contains(&format!("{key}`")) || docs.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn quiet_hours_may_span_midnight() {
    let site = simulated(SAMPLE).unwrap();
    let at = |text: &str| clubos::clock::UnixMs::from(text.parse::<jiff::Timestamp>().unwrap());
    // Halifax is four hours behind in November.
    assert!(site.is_quiet(at("2026-11-21T02:30:00Z")));
    assert!(!site.is_quiet(at("2026-11-21T01:30:00Z")));
}

#[test]
fn an_unknown_key_is_refused_with_the_likely_one() {
    only(
        "entry_before_min = 15 ",
        "entry_befor_min = 15 ",
        "entry_befor_min",
        "did you mean `entry_before_min`",
    );
    only("[broker]", "[brokre]\nx = 1\n[broker]", "[brokre]", "did you mean `broker`");
    only("wifi_name =", "wifi_nam =", "wifi_nam =", "did you mean `wifi_name`");
}

#[test]
fn every_problem_is_named_not_only_the_first() {
    let text = EXAMPLE
        .replace("America/Halifax", "America/Halifx")
        .replace("22:00-08:00", "22-8")
        .replace("+19025550190", "902")
        .replace("number = 2", "number = 1");
    let problems = real(&text).unwrap_err().0;
    let keys: Vec<_> = problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["site.zone", "hours.quiet", "people[0].phone", "bays"]);
    assert!(problems.windows(2).all(|w| w[0].line <= w[1].line));
}

#[test]
fn nothing_physical_has_a_default() {
    only("number = 1  ", "# number = 1  ", "[[bays]]", "is missing");
    only("driver = \"agent-mqtt\"  ", "# ", "[[bays.devices]]", "is missing");
    only("target = \"door-main\"  ", "# ", "[[doors]]", "is missing");
    only("staff_only = false", "# ", "[[doors]]", "is missing");
    only("door_id = \"00000000-0000-0000-0000-000000000001\"", "", "[[doors]]", "is missing");
    only(
        "effects = [\"sim.restart\", \"radar.reset\", \"pc.reboot\"]",
        "",
        "[[bays.devices]]",
        "names no effect",
    );
}

#[test]
fn the_head_of_the_file_must_be_there() {
    for (key, what) in
        [("id = \"harbour\"", "site.id"), ("zone = \"America", "site.zone"), ("quiet = \"22", "hours.quiet")]
    {
        let problems = after(key, "# ");
        assert!(problems.iter().any(|p| p.key == what && p.what == "is missing"), "{problems:#?}");
    }
    let problems = real("").unwrap_err().0;
    assert!(problems.iter().any(|p| p.key == "site"), "{problems:#?}");
}

#[test]
fn a_name_that_means_two_things_is_refused() {
    only("\"by the washroom\"", "\"First on the left\"", "\"First on the left\"", "means bay 2 and bay 1");
    only(
        "\"front door\"",
        "\"by the washroom\"",
        "aliases = [\"by the washroom\", \"main",
        "means main door and bay 2",
    );
    only(
        "label = \"staff door\"",
        "label = \"front door\"",
        "label = \"front door\"",
        "means front door and main door",
    );
    only("\"by the washroom\"", "\"by the bar\", \"By the Bar\"", "\"by the bar\"", "stands twice for bay 2");
}

#[test]
fn a_name_that_is_a_number_or_could_mean_any_is_refused() {
    for name in ["one", "2", "bay two", "box 3", "number four", "the first bay"] {
        only(
            "\"by the washroom\"",
            &format!("\"{name}\""),
            &format!("\"{name}\""),
            if name == "2" { "too short" } else { "is a number" },
        );
    }
    for name in ["left", "the sim", "my bay"] {
        only("\"by the washroom\"", &format!("\"{name}\""), &format!("\"{name}\""), "could mean any");
    }
}

#[test]
fn the_same_bay_or_door_twice_is_refused() {
    only("number = 2", "number = 1", "[[bays]]\nnumber = 1\naliases = [\"by", "bay 1 stands twice");
    let second = "[[doors]]\ntarget = \"door-main\"\nlabel = \"staff";
    only("target = \"door-staff\"", "target = \"door-main\"", second, "`door-main` stands twice");
    let last = "[[doors]]\ntarget = \"door-staff\"";
    only("-000000000002\"", "-000000000001\"", last, "the same door at the controller");
}

#[test]
fn a_device_does_only_what_such_a_device_can_do() {
    only("\"radar.reset\", \"pc.reboot\"]", "\"door.unlock\"]", "\"door.unlock\"", "nothing a bay can do");
    only(
        "\"radar.reset\", \"pc.reboot\"]",
        "\"radar.rest\"]",
        "\"radar.rest\"",
        "did you mean `radar.reset`",
    );
    only(
        "\"radar.reset\", \"pc.reboot\"]",
        "\"sim.restart\"]",
        "\"sim.restart\", \"sim.restart\"",
        "stands twice",
    );
    let again = "\n[[bays.devices]]\ndriver = \"agent-mqtt\"\neffects = [\"sim.restart\"]\n\n[[doors]]\ntarget = \"door-main\"";
    only(
        "\n[[doors]]\ntarget = \"door-main\"",
        again,
        "[[bays.devices]]\ndriver = \"agent-mqtt\"\neffects = [\"sim.restart\"]\n",
        "two devices of bay 2",
    );
    only(
        "driver = \"unifi-access\"\ndoor_id = \"00000000-0000-0000-0000-000000000002\"",
        "driver = \"agent-mqtt\" # moved",
        "driver = \"agent-mqtt\" # moved",
        "does not move such a device",
    );
}

#[test]
fn a_driver_needs_the_system_it_speaks_through() {
    let broker = EXAMPLE[EXAMPLE.find("[broker]").unwrap()..EXAMPLE.find("[access]").unwrap()].to_owned();
    only(&broker, "", "[[bays]]", "`agent-mqtt` needs a broker");
    let access = EXAMPLE[EXAMPLE.find("[access]").unwrap()..EXAMPLE.find("[[bays]]").unwrap()].to_owned();
    only(&access, "", "[[doors]]", "`unifi-access` needs a controller");
}

#[test]
fn unknown_drivers_and_hall_devices_are_refused() {
    only(
        "driver = \"agent-mqtt\"  ",
        "driver = \"agent-mqt\"  ",
        "driver = \"agent-mqt\"",
        "did you mean `agent-mqtt`",
    );
    let radio = format!("{EXAMPLE}\n[hall.radio]\ndriver = \"agent-mqtt\"\neffects = [\"audio.restart\"]\n");
    let problems = real(&radio).unwrap_err().0;
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].what.contains("no device `radio` (did you mean `audio`?)"), "{}", problems[0]);
    let wrong = SAMPLE.replace("effects = [\"audio.restart\"]", "effects = [\"lights.on\"]");
    assert!(simulated(&wrong).unwrap_err().0[0].what.contains("nothing audio can do"));
}

#[test]
fn entry_windows_have_limits() {
    only("entry_before_min = 15 ", "entry_before_min = 121 ", "entry_before_min", "out of range");
    only("entry_after_min = 15 ", "entry_after_min = -1 ", "entry_after_min", "out of range");
    only("unlocks_per_booking = 2 ", "unlocks_per_booking = 50 ", "unlocks_per_booking", "out of range");
    let site = real(&EXAMPLE.replace("entry_before_min = 15 ", "entry_before_min = 30 ")).unwrap();
    assert_eq!(site.facts["early_minutes"], "30");
}

#[test]
fn zones_hours_and_phones_are_checked() {
    only("America/Halifax", "Halifax", "zone = ", "no time zone");
    for quiet in ["22:00", "24:00-08:00", "22:00-22:00", "9-17", "22:00-8:00"] {
        only("22:00-08:00", quiet, "quiet = ", "no span of a day");
    }
    only("+19025550190", "902-555-0190", "phone = ", "no phone number");
    assert!(!after("+19025550190", "902-555-0190")[0].to_string().contains("902-555"));
}

#[test]
fn people_have_a_name_and_a_role_and_there_is_at_least_one() {
    only("name = \"sam\"", "name = \"dana\"", "name = \"dana\"\nrole = \"on-call\"", "two people are called");
    only("role = \"on-call\"", "role = \"oncall\"", "role = \"oncall\"", "did you mean `on-call`");
    let people = EXAMPLE[EXAMPLE.find("[[people]]").unwrap()..EXAMPLE.find("[broker]").unwrap()].to_owned();
    only(&people, "", "", "nobody can be called");
}

#[test]
fn addresses_and_hashes_are_checked() {
    only("\"127.0.0.1\"", "\"tcp://127.0.0.1:1883\"", "host = ", "is no host");
    only("https://10.20.0.3", "http://10.20.0.3", "url = \"http:", "no https address");
    only("certificate_sha256 = \"0000", "certificate_sha256 = \"00", "certificate_sha256", "is no SHA-256");
    only("port = 1883", "port = 70000", "port = ", "out of range");
    only("https://book.clubhouse.example", "book.clubhouse.example", "booking_url", "no https address");
}

#[test]
fn a_secret_in_the_file_itself_is_refused_and_never_repeated() {
    let problems =
        after("password_file = \"broker-password\"", "password_file = \"x\"\npassword = \"hunter2\"");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].key, "broker.password");
    assert!(problems[0].mend.contains("password_file"));
    assert!(!problems[0].to_string().contains("hunter2"));
    only("name = \"sam\"", "name = \"sam\"\npin = \"1234\"", "pin = ", "a secret stands in the file");
}

#[test]
fn facts_that_follow_from_other_keys_cannot_be_written() {
    only("address =", "early_minutes = \"20\"\naddress =", "early_minutes", "follows from another key");
    only("price = \"$35\"", "price = 35", "price = 35", "text in quotes");
    only("price = \"$35\"", "price = \"a\\nb\"", "price = ", "line break");
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let problems = after("id = \"harbour\"", "id = harbour\"");
    assert!(problems.iter().any(|p| p.line == 6 && p.what.contains("not valid TOML")), "{problems:#?}");
}

#[test]
fn a_file_cut_off_anywhere_never_panics_and_never_names_a_target_the_whole_does_not() {
    let whole = simulated(SAMPLE).unwrap();
    for cut in (0..SAMPLE.len()).filter(|cut| SAMPLE.is_char_boundary(*cut)) {
        if let Ok(site) = simulated(&SAMPLE[..cut]) {
            assert!(site.bays.keys().all(|bay| whole.bays.contains_key(bay)), "cut at {cut}");
            assert!(
                site.doors.iter().all(|(t, d)| whole.doors[t].staff_only == d.staff_only),
                "cut at {cut}"
            );
            assert!(
                site.hall.iter().all(|(t, h)| h.effects.iter().all(|e| whole.hall[t].effects.contains(e))),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_one_problem() {
    let problems = load(Path::new("/no/such/site.toml"), LoadMode::Real).unwrap_err().0;
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.contains("cannot be read"));
}

#[test]
fn a_secret_file_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = std::env::temp_dir().join(format!("clubos-secret-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("broker-password");
    std::fs::write(&path, "correct-horse\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let refused = secret::read(&path).unwrap_err().to_string();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let read = secret::read(&path).unwrap();
    let located = secret::locate("broker-password", Path::new("/etc/clubos"), Some(&dir));
    let (away, beside) = (Path::new("/nowhere"), Path::new("/etc/clubos"));
    let running = secret::outside("broker-password", beside, &dir, away);
    std::fs::copy(&path, dir.join("clubos.access-token")).unwrap();
    let stored = secret::outside("access-token", beside, away, &dir);
    let named = secret::outside("/x/clubos.access-token", beside, away, &dir);
    std::fs::write(&path, "\n").unwrap();
    let empty = secret::read(&path).unwrap_err().to_string();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(refused.contains("can be read by everybody") && !refused.contains("horse"), "{refused}");
    assert_eq!(read, "correct-horse");
    assert!(empty.contains("holds no secret"), "{empty}");
    assert_eq!(located, path);
    assert_eq!(running, path, "a check by hand reads what the service reads");
    assert_eq!(stored, dir.join("clubos.access-token"), "also while the service is down");
    assert_eq!(named, Path::new("/x/clubos.access-token"));
    assert_eq!(
        secret::locate("broker-password", Path::new("/etc/clubos"), Some(&dir)),
        Path::new("/etc/clubos/broker-password")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_damage_to_the_file_makes_the_loader_panic(at in 0usize..SAMPLE.len(), gone in 0usize..40, put in ".{0,10}") {
        let text: Vec<char> = SAMPLE.chars().collect();
        let (at, end) = (at.min(text.len()), (at + gone).min(text.len()));
        let damaged: String = text[..at].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        let _ = simulated(&damaged);
    }
}

#[test]
fn bookings_and_telemetry_are_read_and_have_defaults() {
    let plain = real(EXAMPLE).unwrap();
    assert_eq!(plain.bookings.limit, Duration::from_secs(48 * 3600));
    assert!(plain.bookings.ical.is_none() && plain.telemetry.sentry_dsn_file.is_none());
    let more = "[bookings]\nical_url_file = \"cal\"\nevery = \"2m\"\nlimit_h = 12\ncalling_code = \"+44\"\n\
                bay_from = [\"X-ROOM\", \"SUMMARY ~ room ([0-9])\"]\n\
                [telemetry]\nsentry_dsn_file = \"/etc/clubos/dsn\"\n";
    let site = real(&format!("{EXAMPLE}\n{more}")).unwrap();
    let feed = site.bookings.ical.unwrap();
    assert_eq!(feed.every, Duration::from_secs(120));
    assert_eq!(feed.url, FeedUrl::File(PathBuf::from("/etc/clubos/cal")));
    assert_eq!(
        (site.bookings.limit, site.bookings.calling_code.as_str()),
        (Duration::from_secs(12 * 3600), "44")
    );
    assert_eq!(site.bookings.map.bay.len(), 2);
    assert_eq!(site.telemetry.sentry_dsn_file, Some(PathBuf::from("/etc/clubos/dsn")));
}

#[test]
fn what_is_wrong_about_bookings_is_named_with_its_line() {
    for (key, what) in [
        ("ical_url = \"http://cal.example/feed.ics\"", "is no https address"),
        ("every = \"5s\"", "no time from 1m to 24h"),
        ("limit_h = 0", "out of range"),
        ("calling_code = \"Canada\"", "no calling code"),
        ("bay_from = [\"SUMARY\"]", "did you mean `SUMMARY`"),
        ("bay_from = [\"SUMMARY ~ (\"]", "cannot be read"),
        ("feed = \"x\"", "no such key"),
    ] {
        only("[broker]  ", &format!("[bookings]\n{key}\n\n[broker]  "), key, what);
    }
    let twice = "[bookings]\nical_url = \"https://a.example/x\"\nical_url_file = \"x\"\n\n[broker]  ";
    only("[broker]  ", twice, "ical_url = ", "named twice");
}

#[test]
fn the_text_line_is_read_with_its_defaults() {
    let texts = real(EXAMPLE).unwrap().texts.unwrap();
    assert_eq!((texts.provider.name(), texts.number.as_str()), ("quo", "+19025550100"));
    assert_eq!(texts.key_file, Path::new("/etc/clubos/quo-key"));
    let seconds = [texts.poll_every, texts.silence_alarm, texts.look_up_for].map(|d| d.as_secs());
    assert_eq!(seconds, [2, 12 * 3600, 120]);
    assert!(texts.webhook_secret_files.is_empty() && texts.webhook_url.is_none());
    assert!(simulated(SAMPLE).unwrap().texts.is_none());
}

#[test]
fn a_text_line_that_cannot_work_is_refused_with_its_mend() {
    only("provider = \"quo\" ", "provider = \"qou\" ", "provider = \"qou\"", "no text provider `qou`");
    only("number = \"+19025550100\"", "number = \"555\"", "number = \"555\"", "no phone number");
    only("number_id = \"PN00000000\"", "", "[texts]", "is missing");
    only("key_file = \"quo-key\"", "key = \"x\"\nkey_file = \"quo-key\"", "key = \"x\"", "no such key");
    only(
        "key_file = \"quo-key\"",
        "key_file = \"quo-key\"\npoll_every_s = 0",
        "poll_every_s",
        "out of range",
    );
    only(
        "key_file = \"quo-key\"",
        "key_file = \"quo-key\"\napi_url = \"http://quo.example\"",
        "api_url",
        "no https address",
    );
}

#[test]
fn home_assistant_is_off_unless_named_and_takes_no_wish_unless_told() {
    assert!(real(EXAMPLE).unwrap().home_assistant.is_none());
    let with = |table: &str| real(&format!("{EXAMPLE}\n{table}\n")).unwrap().home_assistant.unwrap();
    assert!(!with("[home_assistant]").commands);
    assert!(with("[home_assistant]\ncommands = true").commands);
}

#[test]
fn a_ninjaone_pc_names_its_region_its_number_and_files_for_its_secrets() {
    let text = EXAMPLE.replacen(
        "driver = \"agent-mqtt\"\neffects = [\"sim.restart\", \"radar.reset\", \"pc.reboot\"]\n\n[[doors]]",
        "driver = \"agent-mqtt\"\neffects = [\"sim.restart\", \"radar.reset\"]\n\n[[bays.devices]]\ndriver = \"ninjaone\"\n\
         host = \"eu.ninjarmm.com\"\ndevice_id = 4711\nclient_id = \"abc\"\nclient_secret_file = \"ninja-secret\"\n\
         effects = [\"pc.reboot\"]\n\n[[doors]]",
        1,
    );
    let problems = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let problems = real(&text.replacen(from, to, 1)).err().map_or_else(Vec::new, |problems| problems.0);
        problems.iter().map(|p| format!("{}: {}; {}", p.key, p.what, p.mend)).collect::<Vec<_>>().join("\n")
    };
    let site = real(&text).unwrap();
    let Some(DriverKind::Lan(clubos::site::LanDevice::NinjaOne(pc))) =
        site.driver(Effect::PcReboot, &Target::new("bay-2"))
    else {
        panic!("no PC at NinjaOne")
    };
    assert_eq!((pc.host.as_str(), pc.device_id, pc.forced), ("eu.ninjarmm.com", 4711, false));
    assert_eq!(pc.client_secret_file, Path::new("/etc/clubos/ninja-secret"));
    assert!(pc.refresh_token_file.is_none() && pc.certificate_sha256.is_none());
    for (from, to, said) in [
        ("eu.ninjarmm.com", "ninja.example", "is no region of NinjaOne"),
        ("device_id = 4711", "device_id = 0", "device_id"),
        ("device_id = 4711\n", "", "is missing"),
        ("client_id = \"abc\"\n", "", "client_id"),
        ("client_secret_file", "client_secret", "a secret stands in the file itself"),
        ("effects = [\"pc.reboot\"]", "effects = [\"sim.restart\"]", "`ninjaone` cannot do `sim.restart`"),
        ("client_id = \"abc\"", "client_id = \"abc\"\nforce = true", "force"),
    ] {
        let found = problems(from, to);
        assert!(found.contains(said), "{to}: {found}");
    }
    let own = format!("host = \"ninja.example:8443\"\ncertificate_sha256 = \"{}\"", "ab".repeat(32));
    assert_eq!(problems("host = \"eu.ninjarmm.com\"", &own), "");
}

#[test]
fn an_account_for_the_older_network_api_takes_the_place_of_uplinks_named_by_hand() {
    let bay = "[[bays.devices]]\ndriver = \"unifi-network\"\ndevice = \"02:00:00:00:00:02\"\nport = 5\n\
               effects = [\"poe.cycle\"]\n\n[[doors]]";
    let console = |more: &str| {
        let table = format!(
            "[network]\nurl = \"https://10.20.0.1\"\nkey_file = \"network-key\"\ncertificate_sha256 = \"{}\"\n{more}\n",
            "ab".repeat(32)
        );
        let text =
            EXAMPLE.replacen("[[doors]]", bay, 1).replacen("[access]", &format!("{table}\n[access]"), 1);
        real(&text)
    };
    let said = |site: Result<Site, SiteProblems>| {
        site.err().map_or_else(Vec::new, |p| p.0).iter().map(|p| p.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert!(said(console("")).contains("of which no uplink is known"));
    let site = console("username = \"clubos\"\npassword_file = \"network-password\"").unwrap();
    let account = site.network.unwrap().account.unwrap();
    assert_eq!(account.username, "clubos");
    assert_eq!(account.password_file, Path::new("/etc/clubos/network-password"));
    let named = "uplinks = [\"02:00:00:00:00:02/5\"]\nusername = \"clubos\"\npassword_file = \"x\"";
    assert!(said(console(named)).contains("is an uplink"), "what a person names counts in any case");
    assert!(said(console("username = \"clubos\"")).contains("password_file"));
    assert!(said(console("password_file = \"x\"")).contains("username"));
    assert!(said(console("username = \"clubos\"\npassword = \"x\"")).contains("a secret stands in the file"));
}

#[test]
fn webhooks_of_doors_are_off_until_their_secret_is_named() {
    assert_eq!(real(EXAMPLE).unwrap().access.unwrap().webhook_secret_file, None);
    let text = EXAMPLE.replacen(
        "token_file = \"access-token\"",
        "token_file = \"access-token\"\nwebhook_secret_file = \"access-webhook\"",
        1,
    );
    let file = real(&text).unwrap().access.unwrap().webhook_secret_file;
    assert_eq!(file.as_deref(), Some(Path::new("/etc/clubos/access-webhook")));
}

/// The example with one more device at bay 2, of which only its own lines are wrong.
#[track_caller]
fn device(lines: &str) -> Vec<Problem> {
    after(
        "[[doors]]\ntarget = \"door-main\"",
        &format!("[[bays.devices]]\n{lines}\n[[doors]]\ntarget = \"door-main\""),
    )
}

#[test]
fn devices_behind_the_broker_are_read() {
    for lines in [
        "driver = \"tasmota\"\ntopic = \"plug\"\neffects = [\"outlet.cycle\"]",
        "driver = \"tasmota\"\ntopic = \"p\"\nfull_topic = \"%topic%/%prefix%/\"\nrelay = 2\noff_s = 5\neffects = [\"tv.on\"]",
        "driver = \"zigbee2mqtt\"\nname = \"bays/tv 2\"\neffects = [\"tv.on\", \"tv.off\"]",
        "driver = \"zigbee2mqtt\"\nname = \"p\"\ncycle = '{\"state\":\"OFF\",\"countdown\":8}'\neffects = [\"outlet.cycle\"]",
        "driver = \"mqtt-switch\"\ncommand = \"tv/set\"\non = \"1\"\neffects = [\"tv.on\"]",
    ] {
        assert!(device(lines).is_empty(), "{lines}: {:?}", device(lines));
    }
}

#[test]
fn a_device_behind_the_broker_needs_the_keys_of_its_effects() {
    for (lines, key, what) in [
        ("driver = \"tasmota\"\neffects = [\"outlet.cycle\"]", "topic", "is missing"),
        ("driver = \"tasmota\"\ntopic = \"a/+\"\neffects = [\"outlet.cycle\"]", "topic", "no topic"),
        (
            "driver = \"tasmota\"\ntopic = \"p\"\nrelay = 9\neffects = [\"outlet.cycle\"]",
            "relay",
            "out of range",
        ),
        (
            "driver = \"tasmota\"\ntopic = \"p\"\nfull_topic = \"cmnd/p\"\neffects = [\"tv.on\"]",
            "full_topic",
            "does not make",
        ),
        ("driver = \"tasmota\"\ntopic = \"p\"\neffects = [\"radar.reset\"]", "effects", "cannot do"),
        (
            "driver = \"zigbee2mqtt\"\nname = \"p\"\neffects = [\"outlet.cycle\"]",
            "cycle",
            "cannot do `outlet.cycle`",
        ),
        (
            "driver = \"zigbee2mqtt\"\nname = \"p\"\ncycle = '{\"state\":\"OFF\"}'\neffects = [\"outlet.cycle\"]",
            "cycle",
            "no timer",
        ),
        (
            "driver = \"zigbee2mqtt\"\nname = \"p\"\nbase = \"homeassistant\"\neffects = [\"tv.on\"]",
            "base",
            "Home Assistant",
        ),
        (
            "driver = \"zigbee2mqtt\"\nname = \"p\"\nbase = \"clubos\"\neffects = [\"tv.on\"]",
            "base",
            "no topic of a device",
        ),
        ("driver = \"mqtt-switch\"\neffects = [\"tv.on\"]", "command", "cannot do `tv.on`"),
        ("driver = \"mqtt-switch\"\ncommand = \"a\"\neffects = [\"tv.on\"]", "on", "cannot do `tv.on`"),
        (
            "driver = \"mqtt-switch\"\ncommand = \"a\"\non = \"1\"\neffects = [\"tv.off\"]",
            "off",
            "cannot do `tv.off`",
        ),
        (
            "driver = \"mqtt-switch\"\ncommand = \"a\"\neffects = [\"outlet.cycle\"]",
            "cycle",
            "cannot do `outlet.cycle`",
        ),
        (
            "driver = \"mqtt-switch\"\ncommand = \"clubos/v1/bay/1/cmd\"\non = \"1\"\neffects = [\"tv.on\"]",
            "command",
            "no topic",
        ),
        (
            "driver = \"hass-agent\"\ndevice = \"BAY-2\"\neffects = [\"sim.restart\"]",
            "sim_restart",
            "cannot do `sim.restart`",
        ),
        (
            "driver = \"hass-agent\"\ndevice = \"a/b\"\npc_reboot = \"button/x\"\neffects = [\"pc.reboot\"]",
            "device",
            "slash",
        ),
        (
            "driver = \"hass-agent\"\ndevice = \"B\"\npc_reboot = \"x\"\neffects = [\"pc.reboot\"]",
            "pc_reboot",
            "no command",
        ),
        (
            "driver = \"lnxlink\"\nclient_id = \"b\"\neffects = [\"sim.restart\"]",
            "sim_restart",
            "cannot do `sim.restart`",
        ),
        ("driver = \"lnxlink\"\neffects = [\"pc.reboot\"]", "client_id", "is missing"),
    ] {
        let problems = device(lines);
        let named = problems.iter().find(|p| p.key.ends_with(key) && p.what.contains(what));
        assert!(named.is_some_and(|p| !p.mend.is_empty()), "{lines}: {problems:#?}");
    }
}

#[test]
fn two_carriers_of_one_effect_in_a_bay_are_refused_whatever_their_family() {
    let lnxlink =
        "driver = \"lnxlink\"\nclient_id = \"b\"\nsim_restart = \"bash/x\"\neffects = [\"sim.restart\"]";
    assert!(device(lnxlink).iter().any(|p| p.what.contains("two devices of bay 2 carry `sim.restart`")));
}

#[test]
fn devices_without_tls_come_in_where_the_site_says() {
    let site =
        real(&EXAMPLE.replacen("[broker]", "[broker]\nplain_devices = \"192.0.2.10:1883\"\n#", 1)).unwrap();
    assert_eq!(site.broker.unwrap().plain_devices, Some("192.0.2.10:1883".parse().unwrap()));
    for wrong in ["0.0.0.0:1883", "192.0.2.10", "club"] {
        let problems = after("[broker]", &format!("[broker]\nplain_devices = \"{wrong}\"\n#"));
        assert!(problems.iter().any(|p| p.what.contains("no such address")), "{wrong}: {problems:?}");
    }
}

/// The packaged example with this in the place of its lights, and a broker as before.
fn lights(table: &str) -> Result<Site, Vec<Problem>> {
    let text = format!("{EXAMPLE}\n[hall.lights]\neffects = [\"lights.on\", \"lights.off\"]\n{table}\n");
    real(&text).map_err(|problems| problems.0)
}

#[test]
fn plugs_by_shelly_are_read_with_their_defaults() {
    let site = lights("driver = \"shelly\"\nhost = \"10.20.0.31\"").unwrap();
    let plug = site.driver(Effect::LightsOn, &Target::new("lights"));
    let expected = DriverKind::Lan(LanDevice::Shelly(Shelly {
        host: "10.20.0.31".to_owned(),
        port: 80,
        channel: 0,
        password_file: None,
        cycle_seconds: 8,
        playing_above_w: None,
    }));
    assert_eq!(plug, Some(&expected));
    let site = lights("driver = \"shelly-mqtt\"\nprefix = \"shellies/shelly1-01\"\ngeneration = 1").unwrap();
    assert!(matches!(
        site.driver(Effect::LightsOn, &Target::new("lights")),
        Some(DriverKind::Lan(LanDevice::ShellyMqtt(plug))) if plug.generation == 1 && plug.cycle_seconds == 8
    ));
}

#[test]
fn a_device_over_http_is_read_with_its_defaults() {
    let site = lights(
        "driver = \"http\"\nurl = \"http://10.20.0.41:8081/\"\nheader_file = \"key\"\n\
         on = \"POST /power {\\\"on\\\": true}\"\noff = \"GET /off?now=1\"\nstate = \"GET /state\"",
    )
    .unwrap();
    let Some(DriverKind::Lan(LanDevice::Http(call))) = site.driver(Effect::LightsOn, &Target::new("lights"))
    else {
        panic!("no http")
    };
    assert_eq!(
        (call.url.as_str(), call.header_file.as_deref()),
        ("http://10.20.0.41:8081", Some(Path::new("/etc/clubos/key")))
    );
    assert_eq!((call.state_on.as_str(), call.state_off.as_str()), ("true", "false"));
    assert_eq!(call.on.as_ref().unwrap().body.as_deref(), Some("{\"on\": true}"));
    assert_eq!(call.off.as_ref().unwrap().path, "/off?now=1");
}

#[test]
fn what_is_wrong_about_a_plug_or_a_thing_is_named_with_its_mend() {
    let http = "driver = \"http\"\non = \"POST /on\"\noff = \"POST /off\"\n";
    let shelly = "driver = \"shelly\"\nhost = \"10.20.0.31\"\n";
    for (start, key, what) in [
        (shelly, "cycle_seconds = 1", "1 is out of range"),
        (shelly, "cycle_seconds = 121", "121 is out of range"),
        (shelly, "channel = 8", "8 is out of range"),
        (shelly, "playing_above_w = 0", "0 is out of range"),
        (shelly, "generation = 2", "no such key"),
        (shelly, "password = \"x\"", "a secret stands in the file"),
        ("driver = \"shelly\"\n", "port = 80", "is missing"),
        ("driver = \"shelly\"\n", "host = \"http://10.20.0.31\"", "is no host"),
        ("driver = \"shelly-mqtt\"\n", "channel = 1", "is missing"),
        ("driver = \"shelly-mqtt\"\n", "prefix = \"shellies/+\"", "is no topic"),
        ("driver = \"shelly-mqtt\"\nprefix = \"plug\"\n", "generation = 3", "3 is out of range"),
        (http, "", "is missing"),
        (http, "url = \"10.20.0.41\"", "no address of a device"),
        (http, "url = \"ftp://10.20.0.41\"", "no address of a device"),
        (http, "url = \"http://user:x@10.20.0.41\"", "no address of a device"),
        (http, "url = \"http://10.20.0.41/api\"", "no address of a device"),
        (http, "url = \"https://10.20.0.41\"", "is missing"),
        (http, "url = \"https://10.20.0.41\"\ncertificate_sha256 = \"ab\"", "no SHA-256"),
        (http, "url = \"http://10.20.0.41\"\nstate = \"POST /state\"", "must not move"),
        (http, "url = \"http://10.20.0.41\"\nstate_pointer = \"on\"", "no JSON pointer"),
        (http, "url = \"http://10.20.0.41\"\nset = \"PUT /to\"", "has no place"),
        (http, "url = \"http://10.20.0.41\"\ncycle = \"restart\"", "no method"),
        ("driver = \"http\"\nurl = \"http://10.20.0.41\"\non = \"POST /on\"\n", "", "cannot do `lights.off`"),
    ] {
        let problems = lights(&format!("{start}{key}")).expect_err(key);
        assert_eq!(problems.len(), 1, "{key}: {problems:#?}");
        assert!(problems[0].what.contains(what) && !problems[0].mend.is_empty(), "{key}: {}", problems[0]);
    }
    let cycle = EXAMPLE.to_owned()
        + "\n[hall.audio]\neffects = [\"audio.restart\"]\ndriver = \"shelly-mqtt\"\nprefix = \"plug\"\ngeneration = 1\n";
    let problems = real(&cycle).unwrap_err().0;
    assert!(problems[0].what.contains("cannot do `audio.restart`") && problems[0].mend.contains("no timer"));
}

/// A site whose bay 1 has a projector with these keys.
fn with_projector(keys: &str) -> (String, Result<Site, SiteProblems>) {
    let device =
        format!("[[bays.devices]]\neffects = [\"projector.on\", \"projector.cycle\"]\n{keys}\n\n[[doors]]");
    let text = EXAMPLE.replacen("[[doors]]", &device, 1);
    (text.clone(), real(&text))
}

#[test]
fn projectors_are_read_with_the_ports_of_their_protocols() {
    let (_, site) =
        with_projector("driver = \"pjlink\"\nhost = \"10.20.0.31\"\ninput = \"3A\"\npassword_file = \"p\"");
    let site = site.unwrap();
    let kinds = || site.bays.values().flat_map(|bay| bay.drivers.values());
    let pjlink = kinds().find_map(|kind| match kind {
        DriverKind::Lan(LanDevice::Pjlink(at)) => Some(at.clone()),
        _ => None,
    });
    let pjlink = pjlink.unwrap();
    assert_eq!((pjlink.host.as_str(), pjlink.port, pjlink.input.as_str()), ("10.20.0.31", 4352, "3A"));
    assert_eq!(pjlink.password_file, Some(PathBuf::from("/etc/clubos/p")));
    let (_, site) = with_projector("driver = \"benq\"\nhost = \"projector-1\"\ninput = \"hdmi2\"");
    let site = site.unwrap();
    let benq = site.bays.values().flat_map(|bay| bay.drivers.values()).find_map(|kind| match kind {
        DriverKind::Lan(LanDevice::Benq(at)) => Some((at.port, at.input.clone())),
        _ => None,
    });
    assert_eq!(benq, Some((8000, "hdmi2".to_owned())));
}

#[test]
fn a_projector_that_cannot_work_is_refused_with_its_line() {
    for (driver, keys, marker, what) in [
        (
            "pjlink",
            "host = \"10.20.0.31\"\ninput = \"hdmi\"",
            "input = \"hdmi\"",
            "`hdmi` is no PJLink input",
        ),
        ("pjlink", "host = \"10.20.0.31\"\ninput = \"70\"", "input = \"70\"", "`70` is no PJLink input"),
        ("pjlink", "host = \"http://x\"\ninput = \"31\"", "host = \"http://x\"", "is no host"),
        ("pjlink", "host = \"x\"\nport = 0\ninput = \"31\"", "port = 0", "out of range"),
        (
            "pjlink",
            "host = \"x\"\npassword = \"y\"\ninput = \"31\"",
            "password = \"y\"",
            "a secret stands in the file itself",
        ),
        ("pjlink", "input = \"31\"", "effects = [\"projector.on\", \"projector.cycle\"]", "is missing"),
        ("pjlink", "host = \"x\"", "effects = [\"projector.on\", \"projector.cycle\"]", "is missing"),
        ("benq", "host = \"x\"\ninput = \"31\"", "input = \"31\"", "`31` is no input of these projectors"),
        (
            "benq",
            "host = \"x\"\npassword_file = \"p\"\ninput = \"dp\"",
            "password_file = \"p\"",
            "no such key",
        ),
    ] {
        let (text, site) = with_projector(&format!("driver = \"{driver}\"\n{keys}"));
        let problems = site.unwrap_err().0;
        assert_eq!(problems.len(), 1, "{keys}: {problems:#?}");
        let line = text[..text.find(marker).unwrap()].matches('\n').count() + 1;
        assert!(problems[0].what.contains(what) && !problems[0].mend.is_empty(), "{}", problems[0]);
        assert!(problems[0].line.abs_diff(line) <= 1, "{keys}: line {} is not {line}", problems[0].line);
    }
}

#[test]
fn a_projector_is_not_named_for_what_it_cannot_do() {
    let keys = "driver = \"pjlink\"\nhost = \"x\"\ninput = \"31\"";
    let (text, _) = with_projector(keys);
    let problems = real(&text.replacen("\"projector.cycle\"]", "\"tv.on\"]", 1)).unwrap_err().0;
    assert!(problems.len() == 1 && problems[0].what.contains("`pjlink` cannot do `tv.on`"), "{problems:#?}");
    assert!(problems[0].mend.contains("projector.input"), "{}", problems[0]);
}
