//! What a provider told us, handed to the desk. Everything here may come twice and out of order.

use super::gateway::Gateway;
use super::stats::ChannelStats;
use super::{Delivery, Heard};
use crate::clock::UnixMs;
use crate::desk::{DeskGone, Inbound, MissedCall, SentElsewhere};
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
    /// Commits one thing heard. Ours and known ones change nothing.
    pub(super) async fn take(&self, heard: Heard) -> Result<(), NotTaken> {
        ChannelStats::count(&self.stats.heard);
        let simulated = self.settings.simulated;
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
                self.desk.call(move |desk| desk.receive(&inbound)).await??;
            }
            Heard::Sent { id, to, body, at, by_person } => {
                let sent = SentElsewhere { provider_id: id, to, body, at, by: by_person, simulated };
                self.desk.call(move |desk| desk.text_left(&sent)).await??;
            }
            Heard::Status { id, delivered, why } => {
                let delivered = delivered == Delivery::Delivered;
                self.desk.call(move |desk| desk.text_status(&id, delivered, why.as_deref())).await??;
            }
            Heard::Call { id, from, voicemail, at } => {
                let voicemail = voicemail.filter(|said| !said.trim().is_empty());
                let call = MissedCall { id, from, voicemail, at, simulated };
                self.desk.call(move |desk| desk.missed_call(&call)).await??;
            }
            Heard::Unknown { id, kind, raw } => {
                let provider = self.name();
                self.desk.call(move |desk| desk.unknown_event(provider, &id, &kind, &raw)).await??;
            }
        }
        Ok(())
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
