//! A camera's picture beside an escalation: for staff alone, stored by no browser.

use clubos::store::snapshot::{self, Content};
use reqwest::StatusCode;

use crate::club::Club;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0SIMULATED\xff\xd9";

#[tokio::test]
async fn a_picture_needs_a_session_and_is_not_stored() {
    let club = Club::start("pictures").await;
    let folder = club.read(|conn| snapshot::folder(conn).unwrap());
    snapshot::keep(&folder, 1, clubos::clock::UnixMs(1000), "bay-2", Content::Jpeg(JPEG)).unwrap();
    let path = "/escalations/1/pictures/1-1000-bay-2.jpg";
    assert_eq!(club.get(path).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let sam = club.cookie("sam").await;
    let ask = async |path: &str| club.get(path).header("cookie", &sam).send().await.unwrap();
    let answer = ask(path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.bytes().await.unwrap(), JPEG);
    for other in ["/escalations/2/pictures/1-1000-bay-2.jpg", "/escalations/1/pictures/..%2Fclubos.db"] {
        assert_eq!(ask(other).await.status(), StatusCode::NOT_FOUND, "{other}");
    }
}
