//! What Shelly's plugs and relays say, whichever way it comes: over HTTP or over the broker.
//!
//! Owns reading their states and errors, and the proof that music plays again. Pure but for the deadline of that
//! proof. Sources: the manufacturer's API pages (`APIS.md` 4a, 4b).

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Observation;
use super::call::CallError;
use super::switch::shows;
use crate::site::Effect;

/// One output, as it shows itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Output {
    pub on: bool,
    /// Watts that flow through it; `None` where it has no meter.
    pub watts: Option<f64>,
}

impl Output {
    /// From `Switch.GetStatus` or `status/switch:N` of the second generation.
    pub fn gen2(status: &Value, channel: u8) -> Result<Output, String> {
        let on = status["output"].as_bool().ok_or("no `output` in its status")?;
        match status["id"].as_u64() {
            Some(id) if id != u64::from(channel) => Err(format!("the status of another channel ({id})")),
            _ => Ok(Output { on, watts: status["apower"].as_f64() }),
        }
    }

    /// From `/status` of the first generation.
    pub fn gen1(status: &Value, channel: u8) -> Result<Output, String> {
        let channel = usize::from(channel);
        let on = status["relays"][channel]["ison"].as_bool();
        let on = on.ok_or_else(|| format!("no relay {channel} in its status"))?;
        let meter = &status["meters"][channel];
        let valid = meter["is_valid"].as_bool() != Some(false);
        Ok(Output { on, watts: meter["power"].as_f64().filter(|_| valid) })
    }
}

/// What an error of the second generation's RPC means. Its own word for all but one is that nothing was done.
pub(super) fn rpc_error(error: &Value) -> CallError {
    let code = error["code"].as_i64().unwrap_or(0);
    let message: String =
        error["message"].as_str().unwrap_or("without a message").chars().take(200).collect();
    match code {
        // Deadline exceeded: it began.
        -104 => CallError::Unclear(format!("RPC error -104: {message}")),
        code => CallError::Refused(format!("RPC error {code}: {message}")),
    }
}

/// Turns states into what they prove.
#[derive(Debug)]
pub(super) struct Proof {
    effects: Vec<Effect>,
    /// Music plays above this many watts.
    playing_above: Option<u32>,
    restart: Option<Restart>,
}

/// A restart of the audio that is being watched.
#[derive(Debug)]
struct Restart {
    until: Instant,
    seen_off: bool,
}

impl Proof {
    pub fn new(effects: &[Effect], playing_above: Option<u32>) -> Proof {
        Proof { effects: effects.to_vec(), playing_above, restart: None }
    }

    /// The device was told this: what it shows for as long counts towards it.
    pub fn told(&mut self, effect: Effect) {
        if effect == Effect::AudioRestart {
            let within: Duration = effect.verify_within();
            self.restart = Some(Restart { until: Instant::now() + within, seen_off: false });
        }
    }

    /// What a state shows. That music plays is said of a restart alone, and only after it was seen off: the
    /// power that flowed before proves nothing.
    pub fn shown(&mut self, output: Output) -> Vec<Observation> {
        let mut seen = shows(&self.effects, output.on);
        let Some(restart) = self.restart.as_mut().filter(|restart| Instant::now() < restart.until) else {
            return seen;
        };
        restart.seen_off |= !output.on;
        let (Some(above), Some(watts)) = (self.playing_above, output.watts) else { return seen };
        if restart.seen_off {
            seen.push(Observation::Playing { playing: output.on && watts > f64::from(above) });
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_of_both_generations_are_read_and_others_are_not() {
        let plus: Value =
            serde_json::from_str(include_str!("../../tests/data/wire/aioshelly/gen2_plus_plug_s.json"))
                .expect("JSON");
        let shown = Output::gen2(&plus["status"]["switch:0"], 0);
        assert_eq!(shown, Ok(Output { on: true, watts: Some(2.7) }));
        assert!(Output::gen2(&plus["status"]["switch:0"], 1).is_err(), "another channel");
        let plug: Value =
            serde_json::from_str(include_str!("../../tests/data/wire/aioshelly/gen1_plug_s.json"))
                .expect("JSON");
        assert_eq!(Output::gen1(&plug["status"], 0), Ok(Output { on: false, watts: Some(0.0) }));
        assert!(Output::gen1(&plug["status"], 1).is_err(), "no such relay");
        for odd in [json!(null), json!([]), json!({"output": "on"}), json!({"relays": [{"ison": 1}]})] {
            assert!(Output::gen2(&odd, 0).is_err() && Output::gen1(&odd, 0).is_err(), "{odd}");
        }
    }

    #[tokio::test]
    async fn music_is_proven_by_power_that_flows_again() {
        let output = |on, watts| Output { on, watts };
        let mut proof = Proof::new(&[Effect::AudioRestart], Some(5));
        assert_eq!(proof.shown(output(true, Some(40.0))), [], "nothing was restarted");
        proof.told(Effect::AudioRestart);
        assert_eq!(proof.shown(output(true, Some(40.0))), [], "it was never off");
        assert_eq!(proof.shown(output(false, Some(0.0))), [Observation::Playing { playing: false }]);
        assert_eq!(proof.shown(output(true, Some(1.0))), [Observation::Playing { playing: false }]);
        assert_eq!(proof.shown(output(true, Some(40.0))), [Observation::Playing { playing: true }]);
        let mut blind = Proof::new(&[Effect::AudioRestart], None);
        blind.told(Effect::AudioRestart);
        let shown = [blind.shown(output(false, None)), blind.shown(output(true, Some(40.0)))];
        assert!(shown.iter().all(Vec::is_empty), "nobody said how many watts are music");
    }

    #[test]
    fn an_error_says_whether_anything_was_done() {
        let error = |code: i64| rpc_error(&json!({"code": code, "message": "SIMULATED"}));
        assert!(matches!(error(-103), CallError::Refused(why) if why.contains("-103: SIMULATED")));
        assert!(matches!(error(-104), CallError::Unclear(_)));
        assert!(matches!(error(-999), CallError::Refused(_)));
        assert!(matches!(rpc_error(&json!("odd")), CallError::Refused(_)));
    }
}
