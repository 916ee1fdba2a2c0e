//! The request for a calendar, against a server that is right, wrong, large or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use clubos::feed::{FetchError, Fetched, Fetcher};
use clubos::site::FeedUrl;

const TEXT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn fetcher(url: &str) -> Fetcher {
    let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
    Fetcher::new(FeedUrl::Plain(url.to_owned())).unwrap()
}

async fn calendar(headers: HeaderMap) -> impl IntoResponse {
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == "\"v1\"");
    let known = known && headers.contains_key(header::IF_MODIFIED_SINCE);
    if known {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let marks = [(header::ETAG, "\"v1\""), (header::LAST_MODIFIED, "Fri, 20 Nov 2026 12:00:00 GMT")];
    (marks, TEXT).into_response()
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_once_it_is_kept() {
    let base = serve(Router::new().route("/feed.ics", get(calendar))).await;
    let mut fetcher = fetcher(&format!("{base}/feed.ics"));
    let Fetched::New { text, marks } = fetcher.fetch().await.unwrap() else { panic!("the first is new") };
    assert_eq!(text, TEXT);
    assert!(matches!(fetcher.fetch().await.unwrap(), Fetched::New { .. }), "it was not kept yet");
    fetcher.keep(marks);
    assert_eq!(fetcher.fetch().await.unwrap(), Fetched::Same);
}

#[tokio::test]
async fn a_redirect_is_followed_within_https_and_this_machine_only() {
    let router = Router::new()
        .route("/there.ics", get(|| async { TEXT }))
        .route("/here", get(|| async { Redirect::temporary("/there.ics") }))
        .route("/out", get(|| async { Redirect::temporary("http://192.0.2.1/feed.ics") }))
        .route("/file", get(|| async { Redirect::temporary("file:///etc/hostname") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }));
    let base = serve(router).await;
    assert!(matches!(fetcher(&format!("{base}/here")).fetch().await, Ok(Fetched::New { .. })));
    for path in ["/out", "/file"] {
        let refused = fetcher(&format!("{base}{path}")).fetch().await;
        assert!(matches!(refused, Err(FetchError::RedirectedToHttp)), "{path}: {refused:?}");
    }
    assert!(matches!(fetcher(&format!("{base}/round")).fetch().await, Err(FetchError::TooManyRedirects)));
}

#[tokio::test]
async fn an_address_over_plain_http_is_not_asked() {
    assert!(matches!(fetcher("http://192.0.2.1/feed.ics").fetch().await, Err(FetchError::NotHttps)));
    assert!(matches!(fetcher("ftp://192.0.2.1/feed.ics").fetch().await, Err(FetchError::NotHttps)));
}

#[tokio::test]
async fn a_calendar_is_at_most_ten_megabytes() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = asked.clone();
    let endless = move || {
        let seen = seen.clone();
        async move {
            let parts = futures_util::stream::repeat_with(move || {
                seen.fetch_add(1, Ordering::Relaxed);
                Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024])
            });
            axum::body::Body::from_stream(parts)
        }
    };
    let base = serve(Router::new().route("/feed.ics", get(endless))).await;
    assert!(matches!(fetcher(&format!("{base}/feed.ics")).fetch().await, Err(FetchError::TooLarge)));
    assert!(asked.load(Ordering::Relaxed) < 1000, "the rest is not taken");
}

#[tokio::test]
async fn what_fails_says_why_and_never_where() {
    let gone = get(|| async { StatusCode::GONE });
    let busy = get(|| async { StatusCode::SERVICE_UNAVAILABLE });
    let base = serve(Router::new().route("/s3cret/gone", gone).route("/s3cret/busy", busy)).await;
    let of = async |url: String| fetcher(&url).fetch().await.unwrap_err();
    let gone = of(format!("{base}/s3cret/gone")).await;
    let busy = of(format!("{base}/s3cret/busy")).await;
    let closed = of("http://127.0.0.1:9/s3cret/feed.ics".to_owned()).await;
    assert!(gone.is_lasting() && !busy.is_lasting() && !closed.is_lasting());
    for error in [gone, busy, closed] {
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
