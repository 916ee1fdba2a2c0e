//! Errors and panics to Sentry: off without a DSN, and scrubbed.
//!
//! What leaves the box is a short list of what may, not everything but what may not: the message of an
//! error with every number, address and secret-looking word taken out, where in the program it happened,
//! the release, the level. No fields of the log line, no breadcrumbs, no name of the machine, no user, no
//! request. Message texts are never logged above DEBUG, and only ERROR is sent.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use regex::Regex;
use sentry::protocol::{Event, Exception, Frame, Stacktrace};
use sentry::{ClientInitGuard, ClientOptions};

/// At the end of the program the last errors get this long to leave.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Longest message that is sent, in characters.
const LONGEST: usize = 300;

/// The address of the project is no DSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file of telemetry.sentry_dsn_file holds no DSN: https://<key>@<host>/<project>")]
pub struct NotADsn;

/// Sends until it is dropped.
#[must_use = "errors are sent as long as this lives"]
pub struct Sending(#[expect(dead_code, reason = "flushes what waits when dropped")] ClientInitGuard);

/// Starts to send errors and panics.
///
/// # Errors
/// [`NotADsn`]; nothing is sent then.
pub fn start(dsn: &str) -> Result<Sending, NotADsn> {
    let dsn: sentry::types::Dsn = dsn.trim().parse().map_err(|_| NotADsn)?;
    let mut options = ClientOptions::new();
    options.dsn = Some(dsn);
    options.release = Some(concat!("clubos@", env!("CARGO_PKG_VERSION")).into());
    options.environment = Some("box".into());
    options.server_name = None;
    options.send_default_pii = false;
    options.attach_stacktrace = false;
    options.max_breadcrumbs = 0;
    options.shutdown_timeout = LAST_WORDS;
    options.before_send = Some(Arc::new(|event| Some(scrubbed(event))));
    options.before_breadcrumb = Some(Arc::new(|_| None));
    Ok(Sending(sentry::init(options)))
}

/// Whether this is the address of a project.
pub fn is_dsn(text: &str) -> bool {
    text.trim().parse::<sentry::types::Dsn>().is_ok()
}

/// The layer that takes ERROR lines. Does nothing until [`start`] was called.
pub(super) fn layer<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::LevelFilter;
    sentry::integrations::tracing::ErrorLayer::new().with_filter(LevelFilter::ERROR)
}

/// What of an event may leave. Everything else is dropped, whatever it is.
pub fn scrubbed(event: Event<'static>) -> Event<'static> {
    let mut extra = sentry::protocol::Map::new();
    if let Some(error) = error_of(&event) {
        extra.insert("error".to_owned(), plain(&error).into());
    }
    Event {
        extra,
        event_id: event.event_id,
        level: event.level,
        timestamp: event.timestamp,
        platform: event.platform,
        release: event.release,
        environment: event.environment,
        sdk: event.sdk,
        logger: event.logger,
        message: event.message.as_deref().map(plain),
        exception: event.exception.into_iter().map(exception).collect::<Vec<_>>().into(),
        stacktrace: event.stacktrace.map(stack),
        server_name: None,
        ..Event::default()
    }
}

/// The field `error` of the log line; no other field leaves.
fn error_of(event: &Event<'static>) -> Option<String> {
    match event.contexts.get("Rust Tracing Fields")? {
        sentry::protocol::Context::Other(fields) => fields.get("error")?.as_str().map(str::to_owned),
        _ => None,
    }
}

fn exception(exception: Exception) -> Exception {
    Exception {
        ty: exception.ty,
        value: exception.value.as_deref().map(plain),
        module: exception.module,
        stacktrace: exception.stacktrace.map(stack),
        mechanism: exception.mechanism.map(|m| sentry::protocol::Mechanism {
            ty: m.ty,
            handled: m.handled,
            ..Default::default()
        }),
        ..Exception::default()
    }
}

/// Where in the program, and nothing of what it held.
fn stack(stack: Stacktrace) -> Stacktrace {
    let frame = |frame: Frame| Frame {
        function: frame.function,
        module: frame.module,
        filename: frame.filename.map(|name| file_name(&name)),
        lineno: frame.lineno,
        in_app: frame.in_app,
        ..Frame::default()
    };
    Stacktrace { frames: stack.frames.into_iter().map(frame).collect(), ..Stacktrace::default() }
}

/// Folders may be named after people.
fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// The patterns that are taken out, and what stands in their place.
fn patterns() -> &'static [(Regex, &'static str)] {
    static PATTERNS: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let all = [
            (r#"(?s)["“'`].{0,4000}?["”'`]"#, "[quoted]"),
            (r"(?i)\b[a-z][a-z0-9+.-]*://\S+", "[address]"),
            (r"(?i)\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[mail]"),
            (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "[address]"),
            (r"(?:/[\w.@~-]+){2,}/?", "[path]"),
            (r"\b[A-Za-z0-9_+/=-]{20,}\b", "[secret]"),
            (r"\+?\(?\d[\d ().\u{a0}-]{2,}\d", "[number]"),
        ];
        all.into_iter().filter_map(|(p, with)| Some((Regex::new(p).ok()?, with))).collect()
    })
}

/// A message without what could tell of anybody.
fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    for (pattern, with) in patterns() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_addresses_and_secrets_are_taken_out_of_a_message() {
        assert_eq!(plain("no reply from +1 (902) 555-0101"), "no reply from [number]");
        assert_eq!(plain("GET https://cal.club.example/s3cret.ics failed"), "GET [address] failed");
        assert_eq!(plain("10.20.0.3:12445 refused"), "[address] refused");
        assert_eq!(plain("cannot read /var/lib/clubos/secret"), "cannot read [path]");
        assert_eq!(plain("token abcdefghij0123456789ABCDEF is bad"), "token [secret] is bad");
        assert_eq!(plain("customer wrote \"open the door, I am Alex\""), "customer wrote [quoted]");
        assert_eq!(plain("PIN 4711"), "PIN [number]");
        assert_eq!(plain("mail to alex@club.example"), "mail to [mail]");
    }

    #[test]
    fn what_tells_nothing_of_anybody_stays() {
        assert_eq!(
            plain("the database could not be written: disk full"),
            "the database could not be written: disk full"
        );
        assert_eq!(plain("bay 2 is offline"), "bay 2 is offline");
    }

    #[test]
    fn only_what_is_listed_leaves() {
        let mut event = Event {
            server_name: Some("box-of-dana".into()),
            message: Some("text of +19025550101 lost".into()),
            ..Event::default()
        };
        event.extra.insert("body".into(), "open the door".into());
        event.tags.insert("phone".into(), "+19025550101".into());
        event.user =
            Some(sentry::protocol::User { email: Some("x@club.example".into()), ..Default::default() });
        let sent = serde_json::to_string(&scrubbed(event)).unwrap();
        for secret in ["box-of-dana", "9025550101", "open the door", "club.example"] {
            assert!(!sent.contains(secret), "{secret} in {sent}");
        }
        assert!(sent.contains("text of [number] lost"), "{sent}");
    }
}
