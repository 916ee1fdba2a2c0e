//! Frames of Slack's Socket Mode as they were recorded.

use clubos::notify::slack_frames::{self, Button, Frame, Reason};
use serde_json::Value;

#[test]
fn recorded_hello_and_disconnect_are_known() {
    let hello = include_str!("../data/wire/slack/socket_mode_hello_message.json");
    assert_eq!(slack_frames::read(hello), Frame::Hello);
    let disconnect = include_str!("../data/wire/slack/socket_mode_disconnect_message.json");
    assert_eq!(slack_frames::read(disconnect), Frame::Disconnect(Reason::TooMany));
}

#[test]
fn every_recorded_envelope_is_acknowledged_and_none_of_them_presses_our_buttons() {
    let envelopes: Vec<Value> =
        serde_json::from_str(include_str!("../data/wire/slack/socket_mode_envelopes.json")).unwrap();
    assert!(envelopes.len() >= 5);
    for envelope in &envelopes {
        let Frame::Envelope { id, press } = slack_frames::read(&envelope.to_string()) else {
            panic!("not an envelope: {envelope}");
        };
        assert_eq!(envelope["envelope_id"], id.as_str());
        assert_eq!(press, None, "nobody pressed a button of ours");
        let answer: Value = serde_json::from_str(&slack_frames::acknowledgement(&id)).unwrap();
        assert_eq!(answer["envelope_id"], id.as_str());
    }
}

/// The recorded press, made one of our buttons.
#[test]
fn a_press_is_read_from_the_recorded_shape() {
    let envelopes: Vec<Value> =
        serde_json::from_str(include_str!("../data/wire/slack/socket_mode_envelopes.json")).unwrap();
    let mut press = envelopes.into_iter().find(|e| e["payload"]["type"] == "block_actions").unwrap();
    press["payload"]["actions"][0]["action_id"] = "clubos_claim".into();
    press["payload"]["actions"][0]["value"] = "17".into();
    press["payload"]["container"]["channel_id"] = "C0123".into();
    let Frame::Envelope { press: Some(press), .. } = slack_frames::read(&press.to_string()) else {
        panic!("no press");
    };
    assert_eq!((press.button, press.escalation, press.channel.as_str()), (Button::Claim, 17, "C0123"));
    assert_eq!(press.user, "U12345678");
}

#[test]
fn garbage_and_strange_frames_move_nothing() {
    let strange = [
        "",
        "null",
        "[]",
        "{\"type\": 7}",
        "{\"type\": \"interactive\"}",
        "{\"type\":\"interactive\",\"envelope_id\":\"a\",\"payload\":{\"type\":\"block_actions\",\"actions\":[{\"action_id\":\"clubos_claim\",\"value\":\"1; DROP\"}],\"user\":{\"id\":\"U1\"},\"channel\":{\"id\":\"C1\"}}}",
    ];
    for frame in strange {
        let read = slack_frames::read(frame);
        assert!(matches!(read, Frame::Unknown | Frame::Envelope { press: None, .. }), "{frame}: {read:?}");
    }
}
