//! The hall's own devices: lights, temperature, music. What a device cannot mend becomes a ticket.

use super::Cx;
use super::collect;
use super::draft::Draft;
use super::ladder;
use super::phrases;
use super::scene::Scene;
use crate::intent::Slots;
use crate::policy;
use crate::site::{Effect, Target};
use crate::sop::Sop;
use crate::store::episode::EpisodeState;
use crate::store::{self, device};

/// Asked "warmer" or "cooler", the set point moves by this much (°C).
const STEP: f32 = 1.5;
/// Taken as the present set point where none was read (°C).
const USUAL: f32 = 21.0;

/// A matter that a device of the hall may mend: tried once, if they are on the site; else collected.
pub(super) fn run(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    slots: &Slots,
    about: &str,
) -> store::Result<()> {
    let step = ladder::first_step(sop);
    let Some((effect, target)) = step.and_then(|effect| Some((effect, ladder::target_of(effect, None)?)))
    else {
        return collect::run(cx, scene, draft, sop, slots, about);
    };
    let value = match effect {
        Effect::ThermostatSet => set_point(cx, slots)?,
        _ => None,
    };
    let mut episode = ladder::open_episode(cx, scene, sop, None)?;
    if episode.state == EpisodeState::Handed {
        return ladder::with_a_person(cx, scene, draft, &episode);
    }
    if super::effects::under_way(cx, &episode)?.is_some() {
        let what = phrases::in_words(cx, effect, &target);
        draft.say_phrase(cx, "still_working", &phrases::values(cx, scene, None)?.set("effect", what));
        return Ok(());
    }
    if !a_device_helps(effect, slots) || episode.tried.contains(&effect) {
        return collect::run(cx, scene, draft, sop, slots, about);
    }
    let asker = scene.asker();
    let request = ladder::request(effect, &target, value, &asker, scene, &episode);
    match policy::precheck(cx.db, cx.gate(), &request, cx.now)? {
        Ok(_) => ladder::act(cx, scene, draft, sop, &mut episode, effect, &[target], value),
        Err(_) => {
            let (id, _) = policy::authorise(cx.db, cx.gate(), &request, cx.now)?;
            draft.refused(id);
            collect::run(cx, scene, draft, sop, slots, about)
        }
    }
}

fn a_device_helps(effect: Effect, slots: &Slots) -> bool {
    match effect {
        Effect::AudioRestart => !slots.too_loud,
        Effect::LightsOn => !slots.lights_off,
        Effect::ThermostatSet => slots.degrees.is_some() || slots.too_hot.is_some(),
        _ => true,
    }
}

/// What was asked for, or a step from the present set point; within what the gate allows.
fn set_point(cx: Cx<'_>, slots: &Slots) -> store::Result<Option<f32>> {
    if slots.degrees.is_some() {
        return Ok(slots.degrees);
    }
    let Some(too_hot) = slots.too_hot else { return Ok(None) };
    let status = device::get(cx.db, &Target::new("thermostat"), "")?;
    let state: serde_json::Value =
        status.and_then(|s| serde_json::from_str(&s.state).ok()).unwrap_or_default();
    let now = state["set-point"]["celsius"].as_f64().map_or(USUAL, |c| c as f32);
    let wanted = if too_hot { now - STEP } else { now + STEP };
    Ok(Some(wanted.clamp(18.0, 24.0)))
}
