//! Styles and scripts, carried in the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::app::AppState;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

fn asset(kind: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], body)
}

pub fn router() -> Router<AppState> {
    Router::new()
        .route("/assets/base.css", get(async || asset(CSS, include_str!("../../assets/base.css"))))
        .route("/assets/staff.css", get(async || asset(CSS, include_str!("../../assets/staff.css"))))
        .route("/assets/guest.css", get(async || asset(CSS, include_str!("../../assets/guest.css"))))
        .route("/assets/bookings.css", get(async || asset(CSS, include_str!("../../assets/bookings.css"))))
        .route("/assets/phone.css", get(async || asset(CSS, include_str!("../../assets/phone.css"))))
        .route("/assets/live.js", get(async || asset(JS, include_str!("../../assets/live.js"))))
        .route("/assets/alarm.js", get(async || asset(JS, include_str!("../../assets/alarm.js"))))
        .route("/assets/ring.js", get(async || asset(JS, include_str!("../../assets/ring.js"))))
        // At the root, because a worker may look after no more than what lies below its own address.
        .route("/push-worker.js", get(async || asset(JS, include_str!("../../assets/push-worker.js"))))
        .route("/favicon.svg", get(async || asset("image/svg+xml", include_str!("../../assets/favicon.svg"))))
}
