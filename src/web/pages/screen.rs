//! What a bay's own PC shows: the code of the moment, large, and the same as a QR code.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use qrcode::QrCode;
use qrcode::render::svg;

use super::{Page, html};
use crate::site::BayId;
use crate::web::app::{App, AppState};
use crate::web::error::Error;
use crate::web::presence::{self, PresenceError};
use crate::web::token;

/// Smallest edge of the QR code, in CSS pixels.
const EDGE: u32 = 320;

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage<'a> {
    club: &'a str,
    bay: BayId,
    code: String,
    address: String,
    qr: String,
    simulated: bool,
}

pub async fn show(State(app): State<AppState>, Path(secret): Path<String>, headers: HeaderMap) -> Page {
    let site = app.site.clone();
    let shown = app
        .write(move |conn, now| -> Result<_, PresenceError> {
            let Some(bay) = presence::screen_bay(conn, &site, &secret)? else { return Ok(None) };
            Ok(Some((bay, presence::current(conn, bay, now)?.code)))
        })
        .await?;
    let Some((bay, code)) = shown else {
        let mend = "take the address of this bay's screen from the staff page";
        return Err(Error::new(StatusCode::NOT_FOUND, "no screen has this address", mend).into());
    };
    let base = base_url(&app, &headers);
    html(&ScreenPage {
        club: &app.site.name,
        bay,
        address: format!("{base}/b/{bay}"),
        qr: qr(&format!("{base}/b/{code}"))?,
        code: token::grouped(&code),
        simulated: app.simulated(),
    })
}

fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.public_url {
        return url.clone();
    }
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost:8080");
    format!("{}://{host}", if app.secure { "https" } else { "http" })
}

fn qr(text: &str) -> Result<String, Error> {
    let code = QrCode::new(text)
        .map_err(|_| Error::invalid("the address is too long for a QR code", "shorten it"))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(EDGE, EDGE).build();
    // The prolog of an SVG file has no place inside a page.
    Ok(svg.find("<svg").map_or(String::new(), |at| svg[at..].to_owned()))
}
