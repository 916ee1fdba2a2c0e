//! What the scenario's events do to the desk.

use std::time::Duration;

use super::queue::Coming;
use super::run::{RunError, World};
use super::scenario::{What, Words};
use crate::clock::UnixMs;
use crate::desk::{Act, Inbound, Line, OperateError, Operator};
use crate::device::DeviceEvent;
use crate::site::{BayId, E164, Role};
use crate::store::booking::Booking;
use crate::store::thread::{Channel, Thread};
use crate::store::{self, escalation, thread};

/// Presence without a booking holds this long.
const WALK_IN: Duration = Duration::from_secs(60 * 60);
/// How far back the last booking of a bay is looked for.
const DAY: Duration = Duration::from_secs(24 * 3600);

impl World<'_> {
    pub(super) fn event(&mut self, what: &What) -> Result<(), RunError> {
        match what {
            What::Sms { from, text } => self.sms(from, text)?,
            What::Chat { bay, text } => self.chat(*bay, text)?,
            What::Operator { name, role, thread, act, twice } => {
                self.operator(name, *role, thread.as_deref(), act, *twice)?;
            }
            What::Line(line) => self.set_line(*line)?,
            What::Llm(llm) => self.set_llm(llm.clone()),
            What::Device { target, online } => {
                let now = self.clock.now();
                for (at, observation) in self.club.set_online(now, target, *online) {
                    let event = DeviceEvent { target: target.clone(), at, observation, simulated: true };
                    self.queue.put(at, Coming::Seen { event, effect: None });
                }
            }
            What::Restart => self.restart()?,
        }
        Ok(())
    }

    /// With the line down the provider keeps the text; its time stays.
    fn sms(&mut self, from: &E164, text: &Words) -> store::Result<()> {
        let inbound = Inbound {
            channel: Channel::Sms,
            address: from.as_str().to_owned(),
            session: String::new(),
            presence: None,
            phone: Some(from.clone()),
            body: text.body.clone(),
            media: text.media,
            provider_id: text.id.clone(),
            written_at: self.clock.now(),
            simulated: true,
        };
        if self.line == Line::Down {
            self.waiting.push(inbound);
            return Ok(());
        }
        self.desk.receive(&inbound).map(drop)
    }

    /// Typed on the bay's own page: works without the line, and proves presence there.
    fn chat(&mut self, bay: BayId, text: &Words) -> store::Result<()> {
        let now = self.clock.now();
        let (session, until) = self.occupancy(bay, now)?;
        let inbound = Inbound {
            channel: Channel::Bay,
            address: bay.to_string(),
            session,
            presence: Some((bay, until)),
            phone: None,
            body: text.body.clone(),
            media: text.media,
            provider_id: text.id.clone(),
            written_at: now,
            simulated: true,
        };
        self.desk.receive(&inbound).map(drop)
    }

    /// One occupancy of a bay: its booking, or the time after the last one.
    fn occupancy(&mut self, bay: BayId, now: UnixMs) -> store::Result<(String, UnixMs)> {
        let around =
            store::booking::of_bay(self.desk.store().conn(), bay, now - DAY, now + Duration::from_millis(1))?;
        let active = |b: &&Booking| b.starts_at <= now && now < b.ends_at;
        if let Some(booking) = around.iter().find(active) {
            return Ok((booking.id.clone(), booking.ends_at));
        }
        let last = around.iter().max_by_key(|b| b.ends_at);
        let session =
            last.map_or_else(|| "walk-in".to_owned(), |booking| format!("walk-in after {}", booking.id));
        Ok((session, now + WALK_IN))
    }

    fn operator(
        &mut self,
        name: &str,
        role: Role,
        thread: Option<&str>,
        act: &Act,
        twice: bool,
    ) -> store::Result<()> {
        let found = match thread {
            Some(address) => self.thread_of(address)?,
            None => self.thread_in_need()?,
        };
        let Some(found) = found else {
            self.show(None, &format!("{name}: there is no such conversation"));
            return Ok(());
        };
        let operator = Operator { name: name.to_owned(), role };
        let form = format!("form-{}-{name}", self.clock.now().0);
        for _ in 0..if twice { 2 } else { 1 } {
            match self.desk.operate(&operator, found.id, &with_form(act, &form)) {
                Ok(_) => {}
                Err(OperateError::Store(error)) => return Err(error),
                Err(refused) => self.show(Some(found.address.clone()), &format!("{name}: {refused}")),
            }
        }
        Ok(())
    }

    fn threads(&mut self) -> store::Result<Vec<Thread>> {
        thread::recent(self.desk.store().conn(), UnixMs(i64::MIN), u32::MAX)
    }

    /// By phone, or `bay-2`: the latest conversation of that bay's page.
    fn thread_of(&mut self, address: &str) -> store::Result<Option<Thread>> {
        Ok(self.threads()?.into_iter().find(|thread| thread.address == address))
    }

    /// The conversation that needs a person: nobody acknowledged it yet, the most urgent and oldest first;
    /// else one that is open; else the latest one.
    fn thread_in_need(&mut self) -> store::Result<Option<Thread>> {
        let mut open = escalation::open(self.desk.store().conn())?;
        open.retain(|e| e.thread_id.is_some());
        open.sort_by_key(|e| (e.acked_at.is_some(), e.level != "critical", e.level != "high", e.id));
        match open.first().and_then(|e| e.thread_id) {
            Some(id) => thread::get(self.desk.store().conn(), id),
            None => Ok(self.threads()?.into_iter().next()),
        }
    }
}

/// A reply carries the key of the form that was sent, so that a second click is seen as one.
fn with_form(act: &Act, form: &str) -> Act {
    match act {
        Act::Reply { text, .. } => Act::Reply { text: text.clone(), form_key: Some(form.to_owned()) },
        other => other.clone(),
    }
}
