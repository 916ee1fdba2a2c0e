//! The scene: everything about one conversation that a decision goes by, read once a turn.

use std::time::Duration;

use super::Cx;
use crate::clock::UnixMs;
use crate::intent::{BookingSign, Context, DeviceSign, PendingKind};
use crate::policy::Asker;
use crate::site::{BayId, E164};
use crate::store::booking::{self, Booking};
use crate::store::episode::{self, Episode};
use crate::store::escalation::{self, Escalation};
use crate::store::question::{self, Question};
use crate::store::thread::{Channel, Thread};
use crate::store::{self, device, effect, journal, message};

/// Slots and matters are remembered this long (DOMAIN 5.9).
pub(super) const REMEMBER: Duration = Duration::from_secs(30 * 60);
/// A text this soon after our reply amends that turn (DOMAIN 5.2).
pub(super) const AMENDS: Duration = Duration::from_secs(2 * 60);
const AFTER_END: Duration = Duration::from_secs(5 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A booking that begins within this is one they come for now.
const SOON: Duration = Duration::from_secs(3600);

/// Calls that are about the sending of texts, not about anything the customer waits for.
const ABOUT_TEXTING: &[&str] = &["opt-out", "text-failed"];

pub(super) struct Scene {
    pub thread: Thread,
    pub phone: Option<E164>,
    pub presence: Option<BayId>,
    /// Bookings of this phone, or of the bay they sit in, that run now (until 5 min after the end).
    pub active: Vec<Booking>,
    /// Bookings of this phone within a day.
    pub near: Vec<Booking>,
    /// Open and not expired.
    pub question: Option<Question>,
    /// The latest question, if it expired in the last half hour.
    pub expired: Option<Question>,
    /// Not closed, touched within [`REMEMBER`], latest first.
    pub episodes: Vec<Episode>,
    /// Not closed, oldest first.
    pub escalations: Vec<Escalation>,
    pub last_reply: Option<(UnixMs, String)>,
    /// When something was last done for this thread.
    pub last_act: Option<UnixMs>,
    /// How long the oldest text of this turn took to reach the box.
    pub delay: Duration,
    pub opted_out: bool,
    pub at_door: bool,
    /// How the devices of their own bay are, where anything was heard of it.
    pub device: Option<DeviceSign>,
    /// The site's quiet hours.
    pub quiet: bool,
    pub now: UnixMs,
}

impl Scene {
    pub fn load(cx: Cx<'_>, thread: Thread) -> store::Result<Scene> {
        let now = cx.now;
        let presence = thread.presence(now);
        let phone = thread.phone.clone();
        let near = match &phone {
            Some(phone) => booking::of_phone(cx.db, phone, now - DAY, now + DAY)?,
            None => Vec::new(),
        };
        let mut active: Vec<Booking> =
            near.iter().filter(|b| b.starts_at <= now && now <= b.ends_at + AFTER_END).cloned().collect();
        if let Some(bay) = presence {
            for here in booking::of_bay(cx.db, bay, now, now + Duration::from_millis(1))? {
                if !active.iter().any(|b| b.id == here.id) {
                    active.push(here);
                }
            }
        }
        let (question, expired) = questions(cx, thread.id)?;
        let opted_out = match &phone {
            Some(phone) if thread.channel == Channel::Sms => journal::opted_out(cx.db, phone)?,
            _ => false,
        };
        let episodes = episodes(cx, thread.id, presence, &active)?;
        let mut scene = Scene {
            escalations: escalations(cx, thread.id, &episodes)?,
            episodes,
            last_reply: message::last_automatic(cx.db, thread.id)?,
            last_act: effect::of_thread(cx.db, thread.id)?.last().map(|e| e.requested_at),
            delay: Duration::ZERO,
            at_door: thread.channel == Channel::Door,
            opted_out,
            thread,
            phone,
            presence,
            active,
            near,
            question,
            expired,
            device: None,
            quiet: cx.site().is_quiet(now),
            now,
        };
        scene.device = scene.own_bay().map(|bay| device_sign(cx, bay)).transpose()?.flatten();
        Ok(scene)
    }

    /// What the reader may know.
    pub fn context(&self) -> Context {
        Context {
            pending: self.question.as_ref().and_then(|q| pending_kind(&q.kind)),
            last_intent: self.episodes.first().map(|e| e.sop_id.clone()),
            closed: self.question.is_none() && self.last_reply.is_some(),
            device: self.device,
            booking: self.booking_sign(),
            quiet: self.quiet,
        }
    }

    /// Their booking as a sign; nobody the box could know gives none.
    fn booking_sign(&self) -> Option<BookingSign> {
        let soon = |b: &&Booking| b.starts_at > self.now && b.starts_at.since(self.now) <= SOON;
        if self.active.iter().any(|b| self.now <= b.ends_at) {
            Some(BookingSign::Running)
        } else if self.near.iter().any(|b| soon(&b)) {
            Some(BookingSign::Soon)
        } else if self.near.iter().any(|b| b.ends_at < self.now) {
            Some(BookingSign::Ended)
        } else if self.phone.is_some() && self.near.is_empty() && self.presence.is_none() {
            Some(BookingSign::None)
        } else {
            None
        }
    }

    /// Whether this turn amends the one just answered.
    pub fn amends(&self) -> bool {
        let replied = self.last_reply.as_ref().map(|(at, _)| *at);
        [replied, self.last_act].into_iter().flatten().any(|at| self.now.since(at) < AMENDS)
    }

    pub fn asker(&self) -> Asker {
        Asker::Customer { phone: self.phone.clone(), presence: self.presence, at_door: self.at_door }
    }

    /// The bay that is theirs without a word: by its code, else by the one active booking.
    pub fn own_bay(&self) -> Option<BayId> {
        if let Some(bay) = self.presence {
            return Some(bay);
        }
        let mut bays: Vec<BayId> = self.active.iter().map(|b| b.bay).collect();
        bays.dedup();
        match bays.as_slice() {
            [bay] => Some(*bay),
            _ => None,
        }
    }

    pub fn is_own_bay(&self, bay: BayId) -> bool {
        self.presence == Some(bay) || self.active.iter().any(|b| b.bay == bay)
    }

    /// The booking the conversation is about: the one running, else the next, else the last.
    pub fn booking(&self) -> Option<&Booking> {
        let next = || self.near.iter().filter(|b| b.starts_at > self.now).min_by_key(|b| b.starts_at);
        let last = || self.near.iter().max_by_key(|b| b.ends_at);
        self.active.first().or_else(next).or_else(last)
    }

    /// In the building or at its door, as far as the box can know.
    pub fn on_site(&self) -> bool {
        self.presence.is_some() || self.at_door || !self.active.is_empty()
    }

    /// The matter a person was called to and has not spoken about yet.
    pub fn handed(&self) -> Option<&Escalation> {
        self.escalations.iter().rev().find(|e| !ABOUT_TEXTING.contains(&e.intent.as_str()))
    }
}

/// What was last heard of the bay's agent.
fn device_sign(cx: Cx<'_>, bay: BayId) -> store::Result<Option<DeviceSign>> {
    let Some(status) = device::get(cx.db, &bay.into(), "")? else { return Ok(None) };
    let state: serde_json::Value = serde_json::from_str(&status.state).unwrap_or_default();
    Ok(match (status.online, state["software"]["running"].as_bool()) {
        (Some(false), _) => Some(DeviceSign::Offline),
        (Some(true), Some(false)) => Some(DeviceSign::SoftwareDead),
        (Some(true), Some(true)) => Some(DeviceSign::Well),
        _ => None,
    })
}

/// Matters of this thread, and of the bay they sit in or booked: an episode may span a text and the bay's
/// own page. Latest first.
fn episodes(
    cx: Cx<'_>,
    thread_id: i64,
    presence: Option<BayId>,
    active: &[Booking],
) -> store::Result<Vec<Episode>> {
    let since = cx.now - REMEMBER;
    let mut all = episode::live_on_thread(cx.db, thread_id, since)?;
    let mut bays: Vec<BayId> = presence.into_iter().chain(active.iter().map(|b| b.bay)).collect();
    bays.dedup();
    for bay in bays {
        for found in episode::live_in_bay(cx.db, bay, since)? {
            let theirs =
                found.booking_id.is_none() || active.iter().any(|b| Some(&b.id) == found.booking_id.as_ref());
            if theirs && !all.iter().any(|e| e.id == found.id) {
                all.push(found);
            }
        }
    }
    all.sort_by_key(|e| std::cmp::Reverse((e.updated_at, e.id)));
    Ok(all)
}

/// Escalations of this thread and of its matters, oldest first.
fn escalations(cx: Cx<'_>, thread_id: i64, episodes: &[Episode]) -> store::Result<Vec<Escalation>> {
    let mut all = escalation::open_on_thread(cx.db, thread_id)?;
    for id in episodes.iter().filter_map(|e| e.escalation_id) {
        if !all.iter().any(|e| e.id == id)
            && let Some(found) = escalation::get(cx.db, id)?.filter(|e| e.closed_at.is_none())
        {
            all.push(found);
        }
    }
    all.sort_by_key(|e| e.id);
    Ok(all)
}

fn questions(cx: Cx<'_>, thread_id: i64) -> store::Result<(Option<Question>, Option<Question>)> {
    if let Some(open) = question::open_on(cx.db, thread_id)? {
        if cx.now < open.expires_at {
            return Ok((Some(open), None));
        }
        question::close(cx.db, thread_id, "expired")?;
    }
    let latest = question::latest(cx.db, thread_id)?;
    Ok((None, latest.filter(|q| q.state == "expired" && cx.now.since(q.expires_at) < REMEMBER)))
}

fn pending_kind(kind: &str) -> Option<PendingKind> {
    Some(match kind {
        "confirm" => PendingKind::Confirm,
        "bay" => PendingKind::Bay,
        "which" => PendingKind::Which,
        "at-door" => PendingKind::AtDoor,
        "detail" => PendingKind::Detail,
        "person" => PendingKind::Person,
        _ => return None,
    })
}
