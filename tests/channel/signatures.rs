//! Webhook signatures: the published vectors, and everything that must not be believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clubos::channel::NotBelieved;
use clubos::channel::signature::{self, Secret};
use clubos::clock::UnixMs;
use clubos::simclub::signing;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{EVENING, s};

const KEY: &str = "simulated-key";

fn secret() -> Secret {
    Secret::from_base64(&format!("whsec_{}", STANDARD.encode(KEY))).unwrap()
}

/// The vector of the Standard Webhooks project, not of this house.
#[test]
fn the_published_vector_of_standard_webhooks_is_believed() {
    let vector: Value =
        serde_json::from_str(include_str!("../data/wire/vectors/standard_webhooks.json")).unwrap();
    let of = |key: &str| vector[key].as_str().unwrap();
    let seconds: i64 = of("webhook-timestamp").parse().unwrap();
    let check = |secret: &str, now: UnixMs| {
        let secret = [Secret::from_base64(secret).unwrap()];
        let (id, timestamp) = (of("webhook-id"), of("webhook-timestamp"));
        signature::standard(&secret, id, timestamp, of("webhook-signature"), of("body").as_bytes(), now)
    };
    let then = UnixMs(seconds * 1000);
    assert_eq!(check(of("secret"), then), Ok(()));
    assert_eq!(check(of("secret").trim_start_matches("whsec_"), then), Ok(()));
    assert_eq!(check(of("secret"), EVENING), Err(NotBelieved::Stale));
    assert_eq!(check("whsec_c2ltdWxhdGVk", then), Err(NotBelieved::Forged));
}

/// Twilio's published example of its scheme (form, URL with parameters, token 12345); recomputed apart.
#[test]
fn the_published_examples_of_twilio_are_believed() {
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    for (caller, signature) in
        [("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")]
    {
        let form: Vec<(String, String)> = [
            ("To", "+18005551212"),
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("From", caller),
            ("Caller", caller),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let check = |url: &str, form: &[(String, String)]| {
            signature::twilio(&Secret::from_text("12345"), url, form, signature)
        };
        assert_eq!(check(url, &form), Ok(()));
        assert_eq!(check(&url.replace(".com", ".com:443"), &form), Ok(()), "the port may be written");
        assert_eq!(check(&url.replace(".com", ".com:8443"), &form), Err(NotBelieved::Forged));
        assert_eq!(check(&url.replace("foo=1", "foo=2"), &form), Err(NotBelieved::Forged));
        assert_eq!(check(url, &form[1..]), Err(NotBelieved::Forged));
        let another = signature::twilio(&Secret::from_text("12346"), url, &form, signature);
        assert_eq!(another, Err(NotBelieved::Forged));
    }
}

#[test]
fn five_minutes_either_way_are_fresh_and_no_more() {
    let body = b"{}";
    let seconds = EVENING.0 / 1000;
    let standard = signing::standard(KEY, "msg_1", seconds, body);
    let legacy = signing::legacy(KEY, EVENING.0, body);
    let check = |now: UnixMs| {
        let timestamp = seconds.to_string();
        let one = signature::standard(&[secret()], "msg_1", &timestamp, &standard, body, now);
        assert_eq!(one, signature::legacy(&[secret()], &legacy, body, now));
        one
    };
    assert_eq!(check(EVENING + s(300)), Ok(()));
    assert_eq!(check(EVENING - s(300)), Ok(()));
    assert_eq!(check(EVENING + s(301)), Err(NotBelieved::Stale));
    assert_eq!(check(EVENING - s(301)), Err(NotBelieved::Stale));
}

#[test]
fn one_right_signature_of_several_is_enough() {
    let (body, seconds) = (b"{}", EVENING.0 / 1000);
    let right = signing::standard(KEY, "msg_1", seconds, body);
    let old = signing::standard("old", "msg_1", seconds, body);
    let check = |signatures: &str| {
        signature::standard(&[secret()], "msg_1", &seconds.to_string(), signatures, body, EVENING)
    };
    assert_eq!(check(&format!("{old} v2,AAAA {right}")), Ok(()));
    assert_eq!(check(&format!("{old} v2,AAAA")), Err(NotBelieved::Forged));
    assert_eq!(check(&right.replace("v1,", "v2,")), Err(NotBelieved::Forged), "another scheme's");
    assert_eq!(check(&right.replace("v1,", "v1a,")), Err(NotBelieved::Forged));
    assert_eq!(check(""), Err(NotBelieved::Forged));

    let (right, old) = (signing::legacy(KEY, EVENING.0, body), signing::legacy("old", EVENING.0, body));
    let check = |header: &str| signature::legacy(&[secret()], header, body, EVENING);
    assert_eq!(check(&format!("{old},{right}")), Ok(()));
    assert_eq!(check(&format!("{old}, {right}")), Ok(()));
    assert_eq!(check(&old), Err(NotBelieved::Forged));
    assert_eq!(check(&right.replace("hmac;1", "hmac;2")), Err(NotBelieved::Forged));
    assert_eq!(check("hmac;1;"), Err(NotBelieved::Forged));
}

#[test]
fn while_a_secret_changes_both_are_believed() {
    let (body, seconds) = (b"{}", EVENING.0 / 1000);
    let secrets = [Secret::from_base64("b2xk").unwrap(), secret()];
    for key in ["old", KEY] {
        let signed = signing::standard(key, "msg_1", seconds, body);
        let check = signature::standard(&secrets, "msg_1", &seconds.to_string(), &signed, body, EVENING);
        assert_eq!(check, Ok(()));
    }
    let signed = signing::standard(KEY, "msg_1", seconds, body);
    let none = signature::standard(&[], "msg_1", &seconds.to_string(), &signed, body, EVENING);
    assert_eq!(none, Err(NotBelieved::Forged), "no secret believes nothing");
}

#[test]
fn an_empty_or_garbled_secret_is_none() {
    for text in ["", "whsec_", "whsec_***", "not base64!"] {
        assert!(Secret::from_base64(text).is_err(), "{text}");
    }
    assert_eq!(format!("{:?}", secret()), "Secret(…)", "it is not printed");
}

/// Flips one bit of one byte; `None` where the text is no text then, which no header can be.
fn flipped(text: &str, at: usize, bit: u8) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let at = at % bytes.len();
    bytes[at] ^= 1 << bit;
    String::from_utf8(bytes).ok()
}

proptest! {
    #[test]
    fn any_flipped_byte_of_a_standard_webhook_fails(
        body in proptest::collection::vec(any::<u8>(), 1..300), id in "[a-z0-9_]{1,40}",
        part in 0..4, at in any::<usize>(), bit in 0_u8..7,
    ) {
        let seconds = EVENING.0 / 1000;
        let timestamp = seconds.to_string();
        let signed = signing::standard(KEY, &id, seconds, &body);
        let check = |id: &str, timestamp: &str, signed: &str, body: &[u8]| {
            signature::standard(&[secret()], id, timestamp, signed, body, EVENING)
        };
        prop_assert_eq!(check(&id, &timestamp, &signed, &body), Ok(()));
        let outcome = match part {
            0 => flipped(&id, at, bit).map(|id| check(&id, &timestamp, &signed, &body)),
            1 => flipped(&timestamp, at, bit).map(|timestamp| check(&id, &timestamp, &signed, &body)),
            2 => flipped(&signed, at, bit).map(|signed| check(&id, &timestamp, &signed, &body)),
            _ => {
                let mut body = body.clone();
                let at = at % body.len();
                body[at] ^= 1 << bit;
                Some(check(&id, &timestamp, &signed, &body))
            }
        };
        prop_assert_ne!(outcome, Some(Ok(())));
    }

    #[test]
    fn any_flipped_byte_of_a_legacy_webhook_fails(
        body in proptest::collection::vec(any::<u8>(), 1..300), of_body in any::<bool>(),
        at in any::<usize>(), bit in 0_u8..7,
    ) {
        let header = signing::legacy(KEY, EVENING.0, &body);
        let check = |header: &str, body: &[u8]| signature::legacy(&[secret()], header, body, EVENING);
        prop_assert_eq!(check(&header, &body), Ok(()));
        if of_body {
            let mut body = body.clone();
            let at = at % body.len();
            body[at] ^= 1 << bit;
            prop_assert!(check(&header, &body).is_err());
        } else if let Some(header) = flipped(&header, at, bit) {
            prop_assert!(check(&header, &body).is_err());
        }
    }

    #[test]
    fn any_flipped_byte_of_a_twilio_webhook_fails(
        value in "[a-zA-Z0-9 ]{1,60}", part in 0..3, at in any::<usize>(), bit in 0_u8..7,
    ) {
        let (url, token) = ("https://club.example/hook", Secret::from_text(KEY));
        let form = |value: &str| vec![("Body".to_owned(), value.to_owned()), ("From".to_owned(), "a".to_owned())];
        let signed = signing::twilio(KEY, url, &form(&value));
        prop_assert_eq!(signature::twilio(&token, url, &form(&value), &signed), Ok(()));
        let outcome = match part {
            0 => flipped(&value, at, bit).map(|value| signature::twilio(&token, url, &form(&value), &signed)),
            1 => flipped(url, at, bit).map(|url| signature::twilio(&token, &url, &form(&value), &signed)),
            _ => flipped(&signed, at, bit).map(|signed| signature::twilio(&token, url, &form(&value), &signed)),
        };
        prop_assert_ne!(outcome, Some(Ok(())));
    }

    #[test]
    fn a_cut_body_fails(body in proptest::collection::vec(any::<u8>(), 1..200), cut in any::<usize>()) {
        let seconds = EVENING.0 / 1000;
        let signed = signing::standard(KEY, "msg_1", seconds, &body);
        let cut = &body[..cut % body.len()];
        let check = signature::standard(&[secret()], "msg_1", &seconds.to_string(), &signed, cut, EVENING);
        prop_assert_eq!(check, Err(NotBelieved::Forged));
    }
}
