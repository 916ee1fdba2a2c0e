//! What a provider told us, handed to the desk. Everything here may come twice and out of order.

use std::sync::atomic::Ordering;

use super::gateway::Gateway;
use super::{Delivery, Heard};
use crate::clock::UnixMs;
use crate::desk::{Desk, DeskGone, Inbound, MissedCall, SentElsewhere};
use crate::store::StoreError;
use crate::store::thread::Channel;

/// It was not committed: it must be told again.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gone(#[from] DeskGone),
}

impl Gateway {
    /// Commits what was heard, in order and together: a burst is one turn also if it comes all at once.
    /// Ours and known ones change nothing.
    pub(super) async fn take(&self, heard: Vec<Heard>) -> Result<(), NotTaken> {
        self.stats.heard.fetch_add(heard.len() as u64, Ordering::Relaxed);
        let (provider, simulated) = (self.name(), self.settings.simulated);
        let taken = self
            .desk
            .call(move |desk| heard.into_iter().try_for_each(|one| apply(desk, one, provider, simulated)));
        Ok(taken.await??)
    }
}

fn apply(desk: &mut Desk, heard: Heard, provider: &str, simulated: bool) -> Result<(), StoreError> {
    match heard {
        Heard::Text { id, from, to: _, body, media, at } => {
            let inbound = Inbound {
                channel: Channel::Sms,
                address: from.as_str().to_owned(),
                session: String::new(),
                presence: None,
                phone: Some(from),
                body,
                media,
                provider_id: Some(id),
                written_at: at,
                simulated,
            };
            desk.receive(&inbound).map(drop)
        }
        Heard::Sent { id, to, body, at, by_person } => {
            let sent = SentElsewhere { provider_id: id, to, body, at, by: by_person, simulated };
            desk.text_left(&sent).map(drop)
        }
        Heard::Status { id, delivered, why } => {
            desk.text_status(&id, delivered == Delivery::Delivered, why.as_deref())
        }
        Heard::Call { id, from, voicemail, at } => {
            let voicemail = voicemail.filter(|said| !said.trim().is_empty());
            desk.missed_call(&MissedCall { id, from, voicemail, at, simulated }).map(drop)
        }
        Heard::Unknown { id, kind, raw } => desk.unknown_event(provider, &id, &kind, &raw),
    }
}

/// When it happened, by the provider's clock. Statuses and unknown shapes have no moment.
pub(super) fn moment(heard: &Heard) -> Option<UnixMs> {
    match heard {
        Heard::Text { at, .. } | Heard::Sent { at, .. } | Heard::Call { at, .. } => Some(*at),
        Heard::Status { .. } | Heard::Unknown { .. } => None,
    }
}

/// What tells one thing heard from the next.
pub(super) fn key(heard: &Heard) -> String {
    match heard {
        Heard::Text { id, .. } => format!("in:{id}"),
        Heard::Sent { id, .. } => format!("out:{id}"),
        Heard::Status { id, delivered, .. } => format!("status:{id}:{delivered:?}"),
        Heard::Call { id, voicemail, .. } => format!("call:{id}:{}", voicemail.is_some()),
        Heard::Unknown { id, kind, .. } => format!("unknown:{id}:{kind}"),
    }
}
