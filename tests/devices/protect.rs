//! Snapshots of cameras from a simulated UniFi Protect console over real HTTPS.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clubos::clock::UnixMs;
use clubos::device::pinned_tls;
use clubos::device::protect::{NoPicture, ProtectClient, ProtectOptions, Snapshot};
use clubos::site::{PROTECT_KEPT, Protect};
use clubos::store::snapshot::{self, Content};

use crate::support::Scratch;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0SIMULATED\xff\xd9";

#[derive(Clone, Copy)]
enum Mood {
    Right,
    Silent,
    Offline,
    Html,
    Huge,
    Truncated,
    Redirect,
    TooMany(Option<u64>),
    OnceTooMany(Option<u64>),
}

struct Console {
    settings: Protect,
    mood: Arc<Mutex<Mood>>,
    asked: Arc<AtomicUsize>,
    scratch: Scratch,
}

impl Console {
    async fn start(mood: Mood) -> Console {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let tls = axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(tls));
        let (mood, asked) = (Arc::new(Mutex::new(mood)), Arc::new(AtomicUsize::new(0)));
        let (m, a) = (mood.clone(), asked.clone());
        let app = Router::new().fallback(async move |uri: Uri, headers: HeaderMap| {
            let nth = a.fetch_add(1, Ordering::SeqCst);
            let mood = *m.lock().unwrap();
            answer(mood, nth, &uri, &headers).await
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(axum_server::from_tcp_rustls(listener, tls).unwrap().serve(app.into_make_service()));
        let scratch = Scratch::new();
        let settings = Protect {
            url,
            key_file: secret(&scratch, "right"),
            certificate_sha256: pinned_tls::fingerprint(made.cert.der()),
            keep: PROTECT_KEPT,
            cameras: Vec::new(),
        };
        Console { settings, mood, asked, scratch }
    }

    fn client(&self) -> ProtectClient {
        let options = ProtectOptions {
            patience: Duration::from_millis(1500),
            backoff: Duration::from_millis(50),
            longest_pause: Duration::from_secs(2),
        };
        ProtectClient::new(&self.settings, options).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn secret(scratch: &Scratch, key: &str) -> std::path::PathBuf {
    let path = scratch.path().join(key);
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

async fn answer(mood: Mood, nth: usize, uri: &Uri, headers: &HeaderMap) -> Response {
    let right = "/proxy/protect/integration/v1/cameras/cam-1/snapshot?highQuality=false";
    if *uri != right {
        return StatusCode::NOT_FOUND.into_response();
    }
    if headers.get("x-api-key").is_none_or(|key| key != "right") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let jpeg = |bytes: &[u8]| ([("content-type", "image/jpeg")], bytes.to_vec()).into_response();
    let wait = |seconds: Option<u64>| match seconds {
        Some(s) => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", s.to_string())]).into_response(),
        None => StatusCode::TOO_MANY_REQUESTS.into_response(),
    };
    match mood {
        Mood::Right => jpeg(JPEG),
        Mood::Silent => std::future::pending().await,
        Mood::Offline => {
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"x","name":"API_ERROR"}"#).into_response()
        }
        Mood::Html => ([("content-type", "text/html")], "<html>SIMULATED</html>").into_response(),
        Mood::Huge => jpeg(&[JPEG, &vec![0; 10_000_000]].concat()),
        Mood::Truncated => jpeg(&JPEG[..8]),
        Mood::Redirect => (StatusCode::FOUND, [("location", "https://localhost/login")]).into_response(),
        Mood::TooMany(s) => wait(s),
        Mood::OnceTooMany(s) if nth == 0 => wait(s),
        Mood::OnceTooMany(_) => jpeg(JPEG),
    }
}

#[tokio::test]
async fn a_picture_comes_and_an_offline_camera_is_an_answer() {
    let console = Console::start(Mood::Right).await;
    let client = console.client();
    assert_eq!(client.snapshot("cam-1").await, Ok(Snapshot::Jpeg(JPEG.to_vec())));
    *console.mood.lock().unwrap() = Mood::Offline;
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
        let console = Console::start(mood).await;
        let client = console.client();
        assert_eq!(client.snapshot("cam-1").await, Err(why));
        *console.mood.lock().unwrap() = Mood::Right;
        assert!(matches!(client.snapshot("cam-1").await, Ok(Snapshot::Jpeg(_))));
    }
}

#[tokio::test]
async fn a_console_that_says_nothing_is_given_up() {
    let console = Console::start(Mood::Silent).await;
    assert!(matches!(console.client().snapshot("cam-1").await, Err(NoPicture::NoAnswer(_))));
}

#[tokio::test]
async fn a_429_is_waited_out_once() {
    for wait in [None, Some(1)] {
        let console = Console::start(Mood::OnceTooMany(wait)).await;
        assert!(matches!(console.client().snapshot("cam-1").await, Ok(Snapshot::Jpeg(_))));
        let console = Console::start(Mood::TooMany(wait)).await;
        assert_eq!(console.client().snapshot("cam-1").await, Err(NoPicture::TooMany));
        assert_eq!(console.asked(), 2);
    }
    let console = Console::start(Mood::TooMany(Some(600))).await;
    assert_eq!(console.client().snapshot("cam-1").await, Err(NoPicture::TooMany));
    assert_eq!(console.asked(), 1, "so long nobody waits");
}

#[tokio::test]
async fn another_certificate_is_refused_and_said_and_a_wrong_key_is_never_shown() {
    let mut console = Console::start(Mood::Right).await;
    let right = std::mem::replace(&mut console.settings.certificate_sha256, "0".repeat(64));
    let Err(NoPicture::NoAnswer(why)) = console.client().snapshot("cam-1").await else { panic!("refused") };
    assert!(why.contains("another certificate"), "{why}");
    assert_eq!(console.asked(), 0, "no key went to another device");
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
