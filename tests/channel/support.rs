//! What the channel's tests share: a time, numbers of nobody, providers on simulated ones.

use std::time::Duration;

use clubos::channel::api::Patience;
use clubos::channel::quo::{Quo, QuoSettings, Reading};
use clubos::channel::twilio::{Twilio, TwilioSettings};
use clubos::channel::{Heard, Hook};
use clubos::clock::{Clock, UnixMs};
use clubos::simclub::carrier::{Carrier, SimHook, TextFault};
use clubos::simclub::fake_quo::FakeQuo;
use clubos::simclub::fake_twilio::FakeTwilio;
use clubos::site::E164;

pub const ANN: &str = "+19025550111";
pub const BOB: &str = "+19025550112";
/// 2026-11-23, evening.
pub const EVENING: UnixMs = UnixMs(1_795_467_600_000);
pub const HOUR: Duration = Duration::from_secs(3600);

/// Long enough on a busy machine where an answer is expected.
pub const PATIENT: Patience = Patience {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(30),
    turn: Duration::from_secs(5),
};

/// For answers that never come.
const IMPATIENT: Patience = Patience { answer: Duration::from_secs(2), ..PATIENT };

/// As long as this fault is worth waiting for.
pub fn patience(fault: TextFault) -> Patience {
    if matches!(fault, TextFault::Silent | TextFault::TakenThenSilent) { IMPATIENT } else { PATIENT }
}

pub fn number(text: &str) -> E164 {
    text.parse().expect("a number")
}

pub fn evening() -> Clock {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Clock::virtual_at(EVENING)
}

/// Moves the evening on; requests at one and the same moment would wait for their turns.
pub fn later(clock: &Clock, by: Duration) {
    clock.advance_to(clock.now() + by);
}

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn quo_settings(fake: &FakeQuo) -> QuoSettings {
    QuoSettings {
        base_url: fake.url.clone(),
        api_key: fake.key.clone(),
        number: number(&fake.number),
        number_id: fake.number_id.clone(),
        user_id: None,
        webhook_secrets: vec![fake.webhook_secret.clone()],
        reading: Reading::Dated,
    }
}

pub fn quo(fake: &FakeQuo, clock: &Clock, patience: Patience) -> Quo {
    Quo::new(quo_settings(fake), clock.clone(), patience).expect("a provider")
}

pub fn twilio_settings(fake: &FakeTwilio) -> TwilioSettings {
    TwilioSettings {
        base_url: fake.url.clone(),
        account_sid: fake.account_sid.clone(),
        auth_token: Some(fake.auth_token.clone()),
        api_key: None,
        number: number(&fake.number),
        messaging_service_sid: None,
        status_callback: None,
    }
}

pub fn twilio(fake: &FakeTwilio, clock: &Clock, patience: Patience) -> Twilio {
    Twilio::new(twilio_settings(fake), clock.clone(), patience).expect("a provider")
}

/// A webhook as it comes in at `now`.
pub fn came(hook: &SimHook, now: UnixMs) -> Hook<'_> {
    Hook { url: &hook.url, headers: &hook.headers, body: &hook.body, now }
}

/// The bodies of the customers' texts among what was heard.
pub fn bodies(heard: &[Heard]) -> Vec<&str> {
    let texts = heard.iter().filter_map(|heard| match heard {
        Heard::Text { body, .. } => Some(body.as_str()),
        _ => None,
    });
    texts.collect()
}

/// What was really sent to customers, by body.
pub fn sent(carrier: &Carrier) -> Vec<String> {
    carrier.sent().into_iter().map(|text| text.body).collect()
}

pub fn no_complaints(carrier: &Carrier) {
    assert_eq!(carrier.complaints(), Vec::<String>::new());
}
