//! The line's two addresses over real HTTP: the provider's webhooks, and the demo's phones.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clubos::channel::{Gateway, HookVerdict};
use clubos::web::{
    App, DemoPhone, HookAnswer, PhoneLine, PhoneOwner, Readiness, TextHooks, router, serve_on,
};
use reqwest::{Client, StatusCode};

use crate::line::{ALEX, Club, ROBIN};

struct Hooks(Arc<Gateway>);

#[async_trait]
impl TextHooks for Hooks {
    fn provider(&self) -> &str {
        "in-memory"
    }

    async fn take(&self, headers: &[(String, String)], body: &[u8]) -> HookAnswer {
        match self.0.hook(headers, body).await {
            HookVerdict::Taken => HookAnswer::Taken,
            HookVerdict::Busy => HookAnswer::Busy,
            HookVerdict::NotBelieved(why) => HookAnswer::NotBelieved(why.to_string()),
        }
    }
}

#[derive(Default)]
struct Phones(Mutex<Vec<(String, String)>>);

impl DemoPhone for Phones {
    fn owners(&self) -> Vec<PhoneOwner> {
        let about = "bay 2".to_owned();
        vec![PhoneOwner { number: ALEX.into(), name: "Alex".into(), about }]
    }

    fn screen(&self, _: &str) -> Vec<PhoneLine> {
        let said = self.0.lock().unwrap().clone().into_iter();
        let at = clubos::clock::UnixMs(1_795_190_640_000);
        said.map(|(_, text)| PhoneLine { from_club: false, text, at }).collect()
    }

    fn write(&self, number: &str, text: &str) {
        self.0.lock().unwrap().push((number.to_owned(), text.to_owned()));
    }

    fn call(&self, number: &str, voicemail: Option<&str>) {
        self.write(number, &format!("call {voicemail:?}"));
    }
}

fn served(club: &Club, with: impl FnOnce(App) -> App) -> (String, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let site = Arc::new(crate::line::site());
    let app = App::new(club.desk.clone(), club.db.clone(), site, club.clock.clone(), Readiness::loading());
    let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve_on(router(with(app)), listener, std::future::pending()));
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    (url, http)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_acknowledged_only_when_it_is_believed_and_committed() {
    let club = Club::open("http-hook");
    let gateway = club.gateway.clone();
    let (url, http) = served(&club, |app| app.with_text_hooks(Arc::new(Hooks(gateway))));
    let post = |provider: &str, signature: &'static str, body: Vec<u8>| {
        http.post(format!("{url}/hooks/texts/{provider}")).header("x-signature", signature).body(body)
    };
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    assert_eq!(status(post("in-memory", "wrong", b"m1|hi".to_vec())).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(post("other", "right", b"m1|hi".to_vec())).await, StatusCode::NOT_FOUND);
    assert_eq!(club.rows("SELECT count(*) FROM message"), ["0"]);
    assert_eq!(status(post("in-memory", "right", b"m1|hi".to_vec())).await, StatusCode::NO_CONTENT);
    assert_eq!(club.rows("SELECT body FROM message"), ["hi"], "committed before the 204");
    let large = vec![b'x'; 300 * 1024];
    assert_eq!(status(post("in-memory", "right", large)).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_neither_hooks_nor_phones_where_none_are_configured() {
    let club = Club::open("http-none");
    let (url, http) = served(&club, |app| app);
    let hook = http.post(format!("{url}/hooks/texts/quo")).body("x").send().await.unwrap();
    let phone = http.get(format!("{url}/demo/phone")).send().await.unwrap();
    assert_eq!((hook.status(), phone.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_phone_is_labelled_and_texts_as_its_owner_alone() {
    let club = Club::open("http-phone");
    let phones = Arc::new(Phones::default());
    let (url, http) = served(&club, |app| app.with_demo_phone(phones.clone()));
    let write = |as_number: &str, origin: Option<&str>| {
        let body = format!("as={}&text=hello", as_number.replace('+', "%2B"));
        let form = "application/x-www-form-urlencoded";
        let request = http.post(format!("{url}/demo/phone")).header("content-type", form).body(body);
        origin.into_iter().fold(request, |request, origin| request.header("origin", origin))
    };
    assert_eq!(write(ALEX, None).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(write(ROBIN, None).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let elsewhere = write(ALEX, Some("http://evil.example")).send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
    assert_eq!(*phones.0.lock().unwrap(), [(ALEX.to_owned(), "hello".to_owned())]);
    let page = http.get(format!("{url}/demo/phone")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("hello") && page.contains("simulated") && page.contains("Alex"));
}
