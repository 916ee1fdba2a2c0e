//! What the customer is told of an effect: rendered from its outcome, never before it.

use super::Cx;
use super::draft::Draft;
use super::scene::Scene;
use super::{door, housekeeping, ladder, phrases};
use crate::site::{Effect, Outcome};
use crate::sop::{Rung, Sop};
use crate::store::effect::{self, EffectRow};
use crate::store::episode::{self, Episode, EpisodeState};
use crate::store::{self, thread};

/// The case an effect belongs to: conversation, episode, SOP, step. `None`: nobody to tell.
struct Case<'a> {
    scene: Scene,
    episode: Episode,
    sop: &'a Sop,
    rung: &'a Rung,
}

/// `None` too while a person holds the conversation: they tell.
fn case<'a>(cx: Cx<'a>, row: &EffectRow) -> store::Result<Option<Case<'a>>> {
    let Some(episode_id) = row.episode_id else { return Ok(None) };
    let Some(episode) = episode::get(cx.db, episode_id)? else { return Ok(None) };
    let Some(thread) = thread::get(cx.db, episode.thread_id)? else { return Ok(None) };
    if thread.held(cx.now).is_some() {
        return Ok(None);
    }
    let rung = |sop: &'a Sop| sop.ladder.iter().find(|r| r.effect == row.effect);
    let own = cx.library().get(&episode.sop_id).map(|s| &**s);
    // A person may have done a step that this SOP does not know: another SOP's words for it serve.
    let any = || cx.library().sops.values().map(|s| &**s).find_map(|s| Some((s, rung(s)?)));
    let Some((sop, rung)) = own.and_then(|s| Some((s, rung(s)?))).or_else(any) else { return Ok(None) };
    Ok(Some(Case { scene: Scene::load(cx, thread)?, episode, sop: own.unwrap_or(sop), rung }))
}

impl Case<'_> {
    fn values(&self, cx: Cx<'_>, row: &EffectRow) -> store::Result<crate::sop::Values> {
        let door = cx.site().doors.get(&row.target).map(|d| d.label.clone());
        Ok(phrases::values(cx, &self.scene, row.target.bay().or(self.episode.bay))?
            .set_opt("door", door)
            .set_opt("degrees", row.value)
            .set("effect", phrases::in_words(cx, row.effect, &row.target)))
    }
}

/// It left the box: only now may a text say that it is being done.
pub(super) fn sent(cx: Cx<'_>, row: &EffectRow) -> store::Result<()> {
    let Some(case) = case(cx, row)? else { return Ok(()) };
    if let Some(text) = &case.rung.sent {
        let mut draft = Draft::new();
        draft.say_template(Some(text), &case.values(cx, row)?);
        draft.finish(cx, &case.scene, &[])?;
    }
    Ok(())
}

/// It ended.
pub(super) fn ended(cx: Cx<'_>, row: &EffectRow) -> store::Result<()> {
    let told_by_turn = row.outcome == Some(Outcome::Refused) && row.dispatched_at.is_none();
    if told_by_turn {
        return Ok(());
    }
    effect::set_told(cx.db, row.id)?;
    let Some(mut case) = case(cx, row)? else { return housekeeping::ended(cx, row) };
    let mut draft = Draft::new();
    let values = case.values(cx, row)?;
    match row.outcome {
        Some(Outcome::Verified) => {
            draft.say_template(Some(&case.rung.done), &values);
            episode::save(cx.db, &case.episode, cx.now)?;
        }
        Some(Outcome::Failed) => {
            draft.say_template(Some(&case.rung.failed), &values);
            after_failure(cx, &mut case, &mut draft, row)?;
        }
        Some(Outcome::Unknown) => {
            draft.say_template(Some(&case.rung.unknown), &values);
            let reason = format!("{} could not be confirmed", cx.site().deed(row.effect, &row.target));
            ladder::hand_over(cx, &case.scene, &mut draft, case.sop, Some(&mut case.episode), &reason)?;
        }
        Some(Outcome::Refused) => {
            let refusal = crate::policy::Refusal::Offline;
            ladder::tell_refusal(
                cx,
                &case.scene,
                &mut draft,
                case.sop,
                &mut case.episode,
                row.effect,
                &row.target,
                &refusal,
            )?;
            episode::save(cx.db, &case.episode, cx.now)?;
        }
        Some(Outcome::Expired) => draft.say_phrase(cx, "refused_expired", &values),
        None => return Ok(()),
    }
    draft.finish(cx, &case.scene, &[])
}

fn after_failure(cx: Cx<'_>, case: &mut Case<'_>, draft: &mut Draft, row: &EffectRow) -> store::Result<()> {
    if row.effect == Effect::DoorUnlock
        || row.target.bay().is_none()
        || case.episode.state == EpisodeState::Handed
    {
        return ladder::hand_over(
            cx,
            &case.scene,
            draft,
            case.sop,
            Some(&mut case.episode),
            &format!("{} failed", cx.site().deed(row.effect, &row.target)),
        );
    }
    ladder::after_failure(cx, &case.scene, draft, case.sop, &mut case.episode)
}

/// The unlock was seen; the door did not move.
pub(super) fn not_opened(cx: Cx<'_>, row: &EffectRow) -> store::Result<()> {
    let Some(mut case) = case(cx, row)? else { return Ok(()) };
    let mut draft = Draft::new();
    door::not_opened(cx, &case.scene, &mut draft, case.sop, &mut case.episode, row)?;
    draft.finish(cx, &case.scene, &[])
}
