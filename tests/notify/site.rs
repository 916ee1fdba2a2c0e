//! `[notify]` of `site.toml`: what is written becomes channels; what is wrong is said with its mend.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clubos::notify::setup;
use clubos::site::Site;
use clubos::site::load::{LoadMode, SiteProblems, read};
use clubos::site::notify::SmsBy;

const SAMPLE: &str = include_str!("../sites/clubhouse.toml");
const ALL: &str = r#"
[notify]
page = "http://192.0.2.10:8080/"
slack_webhook_file = "hook"
sms = "twilio"
[notify.slack]
app_token_file = "app"
bot_token_file = "bot"
channel = "C0123456789"
[notify.ntfy]
url = "https://ntfy.example/"
topic_file = "topic"
[notify.push]
contact = "mailto:staff@club.example"
[notify.twilio]
account = "AC00000000000000000000000000000000"
secret_file = "twilio"
from = "+19025550100"
"#;

fn site(notify: &str, beside: &Path) -> Result<Site, SiteProblems> {
    read("site.toml", &format!("{SAMPLE}\n{notify}"), beside, LoadMode::Simulated)
}

fn wrong(notify: &str) -> String {
    let problems = site(notify, Path::new(".")).expect_err("refused").0;
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn dir(name: &str, secrets: &[(&str, &str)]) -> PathBuf {
    let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
    let dir = std::env::temp_dir().join(format!("clubos-notify-site-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    for (file, secret) in secrets {
        std::fs::write(dir.join(file), secret).unwrap();
        std::fs::set_permissions(dir.join(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    dir
}

#[test]
fn every_channel_the_site_names_is_made() {
    let secrets = [
        ("hook", "https://hooks.slack.example/services/T/B/X"),
        ("app", "xapp-1"),
        ("bot", "xoxb-1"),
        ("topic", "club-7f3"),
        ("twilio", "token"),
    ];
    let dir = dir("all", &secrets);
    let site = site(ALL, &dir).unwrap();
    assert_eq!(site.notify.page.as_deref(), Some("http://192.0.2.10:8080"));
    assert_eq!(site.notify.sms, Some(SmsBy::Twilio));
    assert!(!site.notify.words, "off unless said");
    let made = setup::make(&site, &dir, None);
    let names: Vec<_> = made.channels.iter().map(|c| c.name()).collect();
    assert_eq!(names, ["push", "slack", "slack-webhook", "ntfy", "sms", "voice"]);
    assert!(made.missing.is_empty() && made.push_key.is_some());
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn a_missing_secret_takes_its_own_channel_away_and_no_other() {
    let dir = dir("missing", &[("app", "xapp-1"), ("bot", "xoxb-1"), ("topic", "club-7f3")]);
    std::fs::set_permissions(dir.join("topic"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let made = setup::make(&site(ALL, &dir).unwrap(), &dir, None);
    let names: Vec<_> = made.channels.iter().map(|c| c.name()).collect();
    assert_eq!(names, ["push", "slack"]);
    let missing: Vec<_> = made.missing.iter().map(|(name, why)| (*name, why.to_string())).collect();
    assert_eq!(missing.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["slack-webhook", "ntfy", "voice"]);
    assert!(missing[1].1.contains("read by everybody"), "{}", missing[1].1);
    let _ = std::fs::remove_dir_all(dir);
}

#[test]
fn without_the_section_nobody_is_called() {
    let made = setup::make(&site("", Path::new(".")).unwrap(), Path::new("."), None);
    assert!(made.channels.is_empty() && made.missing.is_empty());
}

#[test]
fn mistakes_are_named_with_their_mend() {
    for (notify, says) in [
        ("[notify]\nslak = 1", "no such key"),
        ("[notify]\nslack_token = \"xoxb-1\"", "a secret stands in the file itself"),
        ("[notify]\nsms = \"twilio\"", "there is no `[notify.twilio]`"),
        ("[notify]\nsms = \"text\"", "did you mean `texts`"),
        ("[notify]\npage = \"192.0.2.10\"", "no http address"),
        (
            "[notify.slack]\napp_token_file = \"a\"\nbot_token_file = \"b\"\nchannel = \"#alarm\"",
            "no id of a Slack channel",
        ),
        ("[notify.ntfy]\ntopic_file = \"t\"", "notify.ntfy.url: is missing"),
        ("[notify.push]\ncontact = \"staff\"", "mailto:"),
        ("[notify.twilio]\naccount = \"AC1\"\nsecret_file = \"s\"\nfrom = \"+19025550100\"", "no SID"),
        (
            "[notify.twilio]\naccount = \"AC00000000000000000000000000000000\"\nsecret_file = \"s\"\nfrom = \"club\"",
            "no phone number",
        ),
    ] {
        let said = wrong(notify);
        assert!(said.contains(says), "{notify}\n{said}");
    }
    let person = SAMPLE.replacen("role = \"manager\"", "role = \"manager\"\nslack = \"dana\"", 1);
    let problems = read("site.toml", &person, Path::new("."), LoadMode::Simulated).unwrap_err();
    assert!(problems.0[0].what.contains("no id of a Slack member"), "{problems}");
}
