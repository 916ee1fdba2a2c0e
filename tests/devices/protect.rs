//! Snapshots of cameras from a simulated UniFi Protect console over real HTTPS.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use clubos::clock::UnixMs;
use clubos::device::protect::{NoPicture, ProtectClient, ProtectOptions, Snapshot};
use clubos::simclub::protect_server::{JPEG, Mood, ProtectServer};
use clubos::site::Protect;
use clubos::store::snapshot::{self, Content};

use crate::support::Scratch;

struct Console {
    settings: Protect,
    server: ProtectServer,
    scratch: Scratch,
}

impl Console {
    fn start(mood: Mood) -> Console {
        let scratch = Scratch::new();
        let server = ProtectServer::start(scratch.path(), mood).unwrap();
        Console { settings: server.settings(), server, scratch }
    }

    fn client(&self) -> ProtectClient {
        let options = ProtectOptions {
            patience: Duration::from_millis(1500),
            backoff: Duration::from_millis(50),
            longest_pause: Duration::from_secs(2),
        };
        ProtectClient::new(&self.settings, options).unwrap()
    }
}

fn secret(scratch: &Scratch, key: &str) -> std::path::PathBuf {
    let path = scratch.path().join(key);
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[tokio::test]
async fn a_picture_comes_and_an_offline_camera_is_an_answer() {
    let console = Console::start(Mood::Right);
    let client = console.client();
    assert_eq!(client.snapshot("cam-1").await, Ok(Snapshot::Jpeg(JPEG.to_vec())));
    console.server.set_mood(Mood::Offline);
    assert_eq!(client.snapshot("cam-1").await, Ok(Snapshot::Offline));
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_the_next_one_is_taken() {
    for (mood, why) in [
        (Mood::Html, NoPicture::NotAPicture),
        (Mood::Truncated, NoPicture::NotAPicture),
        (Mood::Huge, NoPicture::TooLarge),
        (Mood::Redirect, NoPicture::Redirect(302)),
    ] {
        let console = Console::start(mood);
        let client = console.client();
        assert_eq!(client.snapshot("cam-1").await, Err(why));
        console.server.set_mood(Mood::Right);
        assert!(matches!(client.snapshot("cam-1").await, Ok(Snapshot::Jpeg(_))));
    }
}

#[tokio::test]
async fn a_console_that_says_nothing_is_given_up() {
    let console = Console::start(Mood::Silent);
    assert!(matches!(console.client().snapshot("cam-1").await, Err(NoPicture::NoAnswer(_))));
}

#[tokio::test]
async fn a_429_is_waited_out_once() {
    for wait in [None, Some(1)] {
        let console = Console::start(Mood::OnceTooMany(wait));
        assert!(matches!(console.client().snapshot("cam-1").await, Ok(Snapshot::Jpeg(_))));
        let console = Console::start(Mood::TooMany(wait));
        assert_eq!(console.client().snapshot("cam-1").await, Err(NoPicture::TooMany));
        assert_eq!(console.server.asked(), 2);
    }
    let console = Console::start(Mood::TooMany(Some(600)));
    assert_eq!(console.client().snapshot("cam-1").await, Err(NoPicture::TooMany));
    assert_eq!(console.server.asked(), 1, "so long nobody waits");
}

#[tokio::test]
async fn another_certificate_is_refused_and_said_and_a_wrong_key_is_never_shown() {
    let mut console = Console::start(Mood::Right);
    let right = std::mem::replace(&mut console.settings.certificate_sha256, "0".repeat(64));
    let Err(NoPicture::NoAnswer(why)) = console.client().snapshot("cam-1").await else { panic!("refused") };
    assert!(why.contains("another certificate"), "{why}");
    assert_eq!(console.server.asked(), 0, "no key went to another device");
    console.settings.certificate_sha256 = right;
    console.settings.key_file = secret(&console.scratch, "wrong");
    assert_eq!(console.client().snapshot("cam-1").await, Err(NoPicture::Refused(401)));
}

#[test]
fn pictures_are_private_and_go_when_their_time_is_over() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("snapshots");
    snapshot::keep(&folder, 7, UnixMs(1000), "bay-2", Content::Jpeg(JPEG)).unwrap();
    snapshot::keep(&folder, 7, UnixMs(5000), "door-main", Content::Words("camera offline")).unwrap();
    let kept = snapshot::of(&folder, 7).unwrap();
    assert_eq!(
        kept.iter().map(|k| (k.place.as_str(), k.is_picture)).collect::<Vec<_>>(),
        [("bay-2", true), ("door-main", false)]
    );
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(&kept[0].name))), (0o700, 0o600));
    assert_eq!(snapshot::read(&folder, 7, &kept[0].name).unwrap().as_deref(), Some(JPEG));
    assert_eq!(snapshot::read(&folder, 8, &kept[0].name).unwrap(), None, "of another escalation");
    assert_eq!(snapshot::read(&folder, 7, "../clubos.db").unwrap(), None);
    assert_eq!(snapshot::prune(&folder, UnixMs(2000)).unwrap(), 1);
    assert_eq!(snapshot::of(&folder, 7).unwrap().len(), 1);
}
