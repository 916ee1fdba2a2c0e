//! The door: the one effect that lets somebody in. At the door, inside the window, at most twice.

use super::Cx;
use super::draft::Draft;
use super::effects;
use super::ladder;
use super::phrases;
use super::scene::Scene;
use crate::intent::Slots;
use crate::policy::{self, Refusal};
use crate::site::{Effect, Target};
use crate::sop::Sop;
use crate::store::episode::{self, Episode, EpisodeState};
use crate::store::question::Payload;
use crate::store::{self, booking, effect};

/// Somebody wants in. `again`: after an unlock that did not help they may ask once more.
pub(super) fn run(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    slots: &Slots,
) -> store::Result<()> {
    let mut episode = ladder::open_episode(cx, scene, sop, None)?;
    let Some(door) = which(cx, slots) else {
        return ladder::hand_over(cx, scene, draft, sop, Some(&mut episode), "the door is unclear");
    };
    if let Some(under_way) = effects::under_way(cx, &episode)? {
        let what = phrases::in_words(cx, under_way.effect, &under_way.target);
        draft.say_phrase(cx, "still_working", &phrases::values(cx, scene, None)?.set("effect", what));
        return Ok(());
    }
    let asker = scene.asker();
    let request = ladder::request(Effect::DoorUnlock, &door, None, &asker, scene, &episode);
    match policy::precheck(cx.db, cx.gate(), &request, cx.now)? {
        Err(Refusal::NotAtDoor) => ask_at_door(cx, scene, draft, sop, &door, &mut episode),
        Ok(_) if ladder::late(scene, Effect::DoorUnlock) => {
            ask_at_door(cx, scene, draft, sop, &door, &mut episode)
        }
        _ => unlock(cx, scene, draft, sop, &mut episode, &door),
    }
}

/// The door they mean: the one named, else the only one customers use.
fn which(cx: Cx<'_>, slots: &Slots) -> Option<Target> {
    if let Some(named) = &slots.door {
        let target = Target::new(named.clone());
        return cx.site().doors.contains_key(&target).then_some(target);
    }
    let mut doors = cx.site().customer_doors();
    let only = doors.next().map(|d| d.target.clone());
    if doors.next().is_some() { None } else { only }
}

fn ask_at_door(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    door: &Target,
    episode: &mut Episode,
) -> store::Result<()> {
    let label = cx.site().doors.get(door).map(|d| d.label.clone());
    let values = phrases::values(cx, scene, None)?.set_opt("door", label);
    draft.say_phrase(cx, "ask_at_door", &values);
    draft.ask("at-door", Payload::to_do(Effect::DoorUnlock, vec![door.clone()], &sop.id), Some(episode.id));
    episode::save(cx.db, episode, cx.now)
}

/// Through the gate. What comes of it is told by its outcome.
pub(super) fn unlock(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    door: &Target,
) -> store::Result<()> {
    ladder::act(cx, scene, draft, sop, episode, Effect::DoorUnlock, std::slice::from_ref(door), None)
}

/// Says why the door stays shut. Where a person has to decide, one is called.
pub(super) fn tell_refusal(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    refusal: &Refusal,
) -> store::Result<()> {
    let values = phrases::values(cx, scene, None)?;
    let (phrase, values) = phrases::refusal(cx, Effect::DoorUnlock, refusal, values);
    match refusal {
        Refusal::Busy { .. } | Refusal::Expired | Refusal::CoolDown { .. } | Refusal::TooEarly { .. } => {
            draft.say_phrase(cx, phrase, &values);
            Ok(())
        }
        Refusal::Offline | Refusal::NotHere => {
            draft.say_phrase(cx, phrase, &values);
            ladder::hand_over(cx, scene, draft, sop, Some(episode), &refusal.reason())
        }
        _ => {
            if ladder::call(cx, scene, draft, sop, Some(episode), &refusal.reason())? {
                draft.say_phrase(cx, phrase, &values);
            }
            Ok(())
        }
    }
}

/// The unlock was seen, but half a minute later the door had not opened: once more is offered, and a
/// person is called.
pub(super) fn not_opened(
    cx: Cx<'_>,
    scene: &Scene,
    draft: &mut Draft,
    sop: &Sop,
    episode: &mut Episode,
    row: &effect::EffectRow,
) -> store::Result<()> {
    ladder::call(cx, scene, draft, sop, Some(episode), "the door unlocked but did not open")?;
    let values = phrases::values(cx, scene, None)?;
    draft.say_reply(sop, "not_opened", &[], &values);
    let payload = Payload::to_do(Effect::DoorUnlock, vec![row.target.clone()], &sop.id);
    draft.ask("at-door", payload, Some(episode.id));
    Ok(())
}

/// The door episode of this thread that a person was called to, if the customer may ask once more.
pub(super) fn may_ask_again(cx: Cx<'_>, scene: &Scene) -> store::Result<Option<Episode>> {
    for episode in &scene.episodes {
        let door = episode.state == EpisodeState::Handed && episode.tried.contains(&Effect::DoorUnlock);
        if door && let Some(own) = scene.active.first().or(scene.booking()) {
            let left = booking::unlocks_sent(cx.db, own)? < cx.site().policy.unlocks_per_booking;
            if left {
                return Ok(Some(episode.clone()));
            }
        }
    }
    Ok(None)
}
