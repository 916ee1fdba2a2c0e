//! New SOPs without a restart, through the real program with the real model.

use std::path::PathBuf;

use reqwest::Client;

use crate::operator::PASSWORD;
use crate::program::Box;

const NOTICE: &str =
    "SELECT group_concat(text, char(10)) FROM notice HAVING group_concat(text, char(10)) LIKE ";

fn wifi(house: &Box) -> PathBuf {
    house.dir.join("sops/faq.wifi.md")
}

impl Box {
    /// Caches of its own, filled from the shared ones: a set that is refused must leave those alone.
    fn own_caches(&self) {
        for cache in ["state/cache", "models/cache"] {
            let cache = self.dir.join(cache);
            let shared = std::fs::read_link(&cache).unwrap_or_default();
            let _ = std::fs::remove_file(&cache); // a link, if it is there at all
            std::fs::create_dir_all(&cache).expect("a folder");
            let kept = std::fs::read_dir(shared).into_iter().flatten().flatten();
            for file in kept.filter(|file| file.path().is_file()) {
                std::fs::copy(file.path(), cache.join(file.file_name())).expect("copied");
            }
        }
    }
}

/// Changes the file and has the box read it.
fn rewrite(house: &Box, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(wifi(house)).expect("an SOP");
    std::fs::write(wifi(house), change(text)).expect("written");
    house.signal("HUP");
}

async fn noticed(house: &Box, what: &str) {
    house.found(&format!("{NOTICE}'%{what}%'")).await;
}

/// What the box answers to the question about the Wi-Fi.
async fn answer(house: &Box, http: &Client, token: &str) -> String {
    let id = house.console(http, token, "whats the wifi password").await.expect("stored");
    let ended = format!("SELECT ending_refs FROM message WHERE id = {id} AND ending = 'replied'");
    let refs = house.found(&ended).await;
    let reply: String = refs.chars().filter(char::is_ascii_digit).collect();
    house.found(&format!("SELECT body FROM message WHERE id = {reply}")).await
}

#[tokio::test]
async fn new_sops_are_spoken_after_a_reload_and_bad_ones_change_nothing_and_are_said() {
    let mut house = Box::new();
    house.own_caches();
    house.add_user("dana", "manager");
    house.up().await;
    house.says_yes("/readyz").await;
    let http = Client::new();
    let token = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
    assert!(!answer(&house, &http, &token).await.contains("Fairway tip"));
    let good = std::fs::read_to_string(wifi(&house)).expect("an SOP");

    rewrite(&house, |text| {
        let text = text.replacen("version: 1", "version: 2", 1);
        let at = text.find("{wifi_name}").expect("it tells the name");
        format!("{}Fairway tip: {}", &text[..at], &text[at..])
    });
    noticed(&house, "faq.wifi is version 2").await;
    assert!(answer(&house, &http, &token).await.contains("Fairway tip"));
    let kept = "SELECT source FROM sop_version WHERE sop_id = 'faq.wifi' AND version = 2";
    assert!(
        house.look(kept).is_some_and(|source| source.contains("Fairway tip")),
        "every version can be read again"
    );
    assert!(house.look("SELECT detail FROM change_log WHERE what = 'sops'").is_some());
    let last_good = house.dir.join("state/last-good/sops/faq.wifi.md");
    assert!(std::fs::read_to_string(&last_good).expect("kept").contains("Fairway tip"));

    rewrite(&house, |text| text.replacen("kind: answer", "kind: nonsense", 1));
    noticed(&house, "not taken, the ones before stay: %faq.wifi.md").await;
    assert!(answer(&house, &http, &token).await.contains("Fairway tip"));
    assert!(std::fs::read_to_string(&last_good).expect("kept").contains("kind: answer"));

    // An example that the emergency rules claim: right in form, and dangerous.
    rewrite(&house, |_| good.replacen("examples:\n", "examples:\n  - \"the building is on fire\"\n", 1));
    noticed(&house, "on fire%of faq.wifi as emergency.fire").await;
    assert!(answer(&house, &http, &token).await.contains("Fairway tip"));
    // `sop check` says so before anything is asked to reload.
    let checked = |more: &[&str]| {
        let output = house.command().args(["sop", "check"]).args(more).output().expect("the program");
        crate::program::said(output)
    };
    assert_eq!(checked(&[]).0, Some(0), "it is right in form");
    let site = house.dir.join("site.toml").display().to_string();
    let (code, said) = checked(&["--examples", "--site", &site]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("faq.wifi") && said.contains("emergency.fire"), "{said}");
}
