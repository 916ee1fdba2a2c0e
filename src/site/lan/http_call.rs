//! Anything that is moved by a request over HTTP and can be asked for its state: `driver = "http"`. For what no
//! other family here speaks to.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::problem::Problems;
use super::super::raw::Fields;
use super::super::{Effect, secret, validate};

/// Requests, as the device's own papers name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Without a path: `http://10.20.0.41:8081`.
    pub url: String,
    /// SHA-256 of its certificate; there if, and only if, the address is https.
    pub certificate_sha256: Option<String>,
    /// File with a header of its own, `Name: value`, sent with every request.
    pub header_file: Option<PathBuf>,
    /// What turns it on and off. `None`: it cannot be told that.
    pub on: Option<HttpRequest>,
    pub off: Option<HttpRequest>,
    /// What makes it go off and, by its own timer, on again.
    pub cycle: Option<HttpRequest>,
    /// What sets it to a number, which stands in the place of [`VALUE`].
    pub set: Option<HttpRequest>,
    /// What it is asked for its state. Without it nothing is ever verified: what it does ends *unknown*.
    pub state: Option<HttpRequest>,
    /// JSON pointer (RFC 6901) to the value in the answer; without it the whole answer is the value.
    pub state_pointer: Option<String>,
    /// The values that mean on and off, without regard to case.
    pub state_on: String,
    pub state_off: String,
}

/// One request: `PUT /api/target {"celsius": {value}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: String,
    /// With what follows `?`.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
}

/// Stands for the number in `set`.
pub const VALUE: &str = "{value}";

impl HttpCall {
    /// The key that an effect needs and the table does not have.
    pub(super) fn lacks(&self, effect: Effect) -> Option<(&'static str, &'static str)> {
        let (request, key, mend) = match effect {
            Effect::TvOn | Effect::LightsOn => (&self.on, "on", "write the request that turns it on"),
            Effect::TvOff | Effect::LightsOff => (&self.off, "off", "write the request that turns it off"),
            Effect::OutletCycle | Effect::AudioRestart => {
                (&self.cycle, "cycle", "write the request that makes it go off and on by its own timer")
            }
            Effect::ThermostatSet => (&self.set, "set", "write the request with {value} in it"),
            _ => return None,
        };
        request.is_none().then_some((key, mend))
    }
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn read(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<HttpCall> {
    let url = address(table, problems);
    let certificate_sha256 = certificate(table, url.as_deref(), problems);
    let header = table.text("header_file", problems);
    let on = request(table, "on", problems);
    let off = request(table, "off", problems);
    let cycle = request(table, "cycle", problems);
    let set = request(table, "set", problems);
    let state = request(table, "state", problems);
    let state_pointer = super::pointer(table, "state_pointer", problems);
    let mut text = |key, default: &str, problems: &mut Problems| {
        table.text(key, problems).map_or_else(|| default.to_owned(), |text| text.value)
    };
    let state_on = text("state_on", "true", problems);
    let state_off = text("state_off", "false", problems);
    Some(HttpCall {
        url: url?,
        certificate_sha256,
        header_file: header.map(|written| secret::find(&written.value, beside)),
        on,
        off,
        cycle,
        set,
        state,
        state_pointer,
        state_on,
        state_off,
    })
}

fn address(table: &mut Fields, problems: &mut Problems) -> Option<String> {
    let url = table.need_text("url", "write its address, like \"http://10.20.0.41:8081\"", problems)?;
    let parsed = url.value.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let place = parsed.map(|(_, place)| place.trim_end_matches('/'));
    let bare = |place: &&str| {
        !place.is_empty() && place.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    };
    if place.filter(bare).is_some() {
        return Some(url.value.trim_end_matches('/').to_owned());
    }
    let what = format!("`{}` is no address of a device", url.value);
    let mend = "write http:// or https://, its host and port; the path belongs to `on`, `off`, `state` …";
    problems.add(url.line, table.at("url"), what, mend);
    None
}

/// The pin, which https needs and http cannot have.
fn certificate(table: &mut Fields, url: Option<&str>, problems: &mut Problems) -> Option<String> {
    let found = table.text("certificate_sha256", problems);
    let key = table.at("certificate_sha256");
    let secure = url?.starts_with("https:");
    match found {
        Some(pin) if !secure => {
            problems.add(pin.line, key, "there is no certificate at http", "use https, or remove it");
            None
        }
        Some(pin) => validate::sha256(&pin, &key, problems),
        None if secure => {
            let mend = "write the SHA-256 of its certificate: `openssl s_client -connect HOST:PORT </dev/null | \
                        openssl x509 -noout -fingerprint -sha256`";
            problems.add(table.line, key, "is missing", mend);
            None
        }
        None => None,
    }
}

/// Reads `METHOD /path` with what is to be sent behind it.
fn request(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<HttpRequest> {
    let text = table.text(key, problems)?;
    match parse(&text.value, key) {
        Ok(request) => Some(request),
        Err((what, mend)) => {
            problems.add(text.line, table.at(key), what, mend);
            None
        }
    }
}

fn parse(text: &str, key: &str) -> Result<HttpRequest, (String, &'static str)> {
    const LIKE: &str =
        "write it like \"GET /relay/0?turn=on\" or \"PUT /api/target {\\\"celsius\\\": {value}}\"";
    let (method, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !METHODS.contains(&method) {
        return Err((format!("`{method}` is no method of a request"), LIKE));
    }
    let rest = rest.trim_start();
    let (path, body) = rest.split_once(' ').map_or((rest, None), |(path, body)| (path, Some(body.trim())));
    if !path.starts_with('/') || path.starts_with("//") || !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err((format!("`{path}` is no path"), LIKE));
    }
    if key == "state" && method != "GET" {
        return Err(("looking must not move anything".to_owned(), "use GET"));
    }
    let valued = text.contains(VALUE);
    if key == "set" && !valued {
        return Err((format!("the number has no place in it ({VALUE})"), LIKE));
    }
    if key != "set" && valued {
        return Err((format!("there is no number to put in the place of {VALUE}"), "use it in `set` alone"));
    }
    let body = body.filter(|body| !body.is_empty());
    if let Some(body) = body
        && serde_json::from_str::<Value>(&body.replace(VALUE, "21.5")).is_err()
    {
        return Err(("what follows the path is no JSON".to_owned(), LIKE));
    }
    Ok(HttpRequest { method: method.to_owned(), path: path.to_owned(), body: body.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_method_a_path_and_json() {
        let read = parse("PUT /api/target {\"celsius\": {value}}", "set").map_err(|(what, _)| what);
        let body = Some("{\"celsius\": {value}}".to_owned());
        assert_eq!(read, Ok(HttpRequest { method: "PUT".into(), path: "/api/target".into(), body }));
        for (text, key, what) in [
            ("get /x", "on", "no method"),
            ("GET", "on", "no path"),
            ("GET x", "on", "no path"),
            ("GET //elsewhere/x", "on", "no path"),
            ("GET /x {oops", "on", "no JSON"),
            ("POST /x", "state", "must not move"),
            ("GET /x", "set", "no place"),
            ("GET /x?to={value}", "off", "no number"),
        ] {
            let (said, mend) = parse(text, key).expect_err(text);
            assert!(said.contains(what) && !mend.is_empty(), "{text}: {said}");
        }
    }
}
