//! What happened on the club's number outside the box: texts people wrote in the provider's own app, calls
//! that nobody took, and shapes nobody here understands.

use std::time::Duration;

use super::people::{self, Call};
use super::scene::Scene;
use super::{Cx, Desk, Operator, Received, draft, inbox, operate, phrases, texts};
use crate::clock::UnixMs;
use crate::site::{E164, Role};
use crate::sop::{self, Level};
use crate::store::message::{self, Ending, NewInbound};
use crate::store::thread::{self, Channel, Thread};
use crate::store::{self, journal, texting};

/// A person's text older than this holds nothing any more (DOMAIN 5.9).
const STILL_HOLDS: Duration = Duration::from_secs(60 * 60);
/// A number that wrote within this time texts with us, and may be answered by text when it calls.
const TEXTS_WITH_US: Duration = Duration::from_secs(30 * 24 * 3600);
/// One notice for each kind of unknown shape in this time.
const TELL_AGAIN: Duration = Duration::from_secs(24 * 3600);

/// A text that left by the club's number.
#[derive(Debug, Clone)]
pub struct SentElsewhere {
    pub provider_id: String,
    pub to: E164,
    pub body: String,
    /// By the provider's clock.
    pub at: UnixMs,
    /// Who wrote it, as the provider names them.
    pub by: Option<String>,
    pub simulated: bool,
}

/// A call that nobody took.
#[derive(Debug, Clone)]
pub struct MissedCall {
    pub id: String,
    pub from: E164,
    /// What was said on the answering machine.
    pub voicemail: Option<String>,
    pub at: UnixMs,
    pub simulated: bool,
}

impl Desk {
    /// A text left by the club's number. Our own is recognised and changes nothing; any other was written
    /// by a person in the provider's app: it is kept with its author and holds the conversation. True for
    /// the latter.
    ///
    /// # Errors
    /// Only the database's: it must be told again.
    pub fn text_left(&mut self, sent: &SentElsewhere) -> store::Result<bool> {
        if texting::is_known(self.store.conn(), &sent.provider_id)? {
            return Ok(false);
        }
        let to_staff = self.world.site.people.iter().any(|p| p.phone.as_ref() == Some(&sent.to));
        self.write(|cx| {
            if texts::claim(cx, sent.to.as_str(), &sent.body, &sent.provider_id)? || to_staff {
                return Ok(false);
            }
            let thread = conversation(cx, &sent.to, sent.simulated)?;
            let author = sent.by.clone().unwrap_or_else(|| "the phone app".to_owned());
            let id = message::insert_outbound(cx.db, thread.id, &author, &sent.body, cx.now)?;
            message::set_provider_id(cx.db, id, &sent.provider_id)?;
            thread::touch(cx.db, thread.id, cx.now)?;
            if cx.now.since(sent.at) < STILL_HOLDS {
                let who = Operator { name: author, role: Role::OnCall };
                operate::take_over(cx, &who, &thread, "answered in the phone app")?;
            }
            Ok(true)
        })
    }

    /// A call nobody took. What was said is heard like a text for emergencies; anything else goes to a
    /// person, with a ticket to call back. Only a number that texts with us is told so by text.
    ///
    /// # Errors
    /// Only the database's: it must be told again.
    pub fn missed_call(&mut self, call: &MissedCall) -> store::Result<Received> {
        self.write(|cx| {
            // The recording may follow the call: each counts once, the call not after its recording.
            let (plain, spoken) = (format!("call:{}", call.id), format!("call:{}:voicemail", call.id));
            let key = if call.voicemail.is_some() { &spoken } else { &plain };
            for known in [Some(key), call.voicemail.is_none().then_some(&spoken)].into_iter().flatten() {
                if let Some(message_id) = message::by_dedupe_key(cx.db, known)? {
                    let thread_id = message::get(cx.db, message_id)?.map_or(0, |m| m.thread_id);
                    return Ok(Received { message_id, thread_id, duplicate: true });
                }
            }
            let thread = conversation(cx, &call.from, call.simulated)?;
            let texts_with_us = texting::wrote_since(cx.db, thread.id, cx.now - TEXTS_WITH_US)?;
            let body = match &call.voicemail {
                Some(said) => format!("Voicemail: {said}"),
                None => "Missed call, no message left.".to_owned(),
            };
            let new = NewInbound {
                thread_id: thread.id,
                body: &body,
                media: 0,
                provider_id: None,
                dedupe_key: key,
                content_key: None,
                written_at: call.at.min(cx.now),
                received_at: cx.now,
            };
            let message_id = message::insert_inbound(cx.db, &new)?.unwrap_or_default();
            thread::touch(cx.db, thread.id, cx.now)?;
            let scene = Scene::load(cx, thread.clone())?;
            let ticket = people::open_ticket(cx, &scene, "callback", scene.own_bay(), &body, None)?;
            if call.voicemail.is_some() && inbox::is_urgent(cx, &thread, &body)? {
                inbox::take_in(cx, &thread, message_id)?;
            } else {
                call_back(cx, &scene, message_id, ticket, texts_with_us)?;
            }
            Ok(Received { message_id, thread_id: thread.id, duplicate: false })
        })
    }

    /// The provider told us something in a shape nobody here knows: kept as it came, and shown to people.
    ///
    /// # Errors
    /// Only the database's: it must be told again.
    pub fn unknown_event(&mut self, provider: &str, id: &str, kind: &str, raw: &str) -> store::Result<()> {
        self.write(|cx| {
            let event = (id, provider, kind, raw);
            if texting::keep_unknown(cx.db, event, cx.now - TELL_AGAIN, cx.now)? == Some(0) {
                let notice = format!(
                    "{provider} sent something this box does not understand ({kind}). It is kept; see the log."
                );
                tracing::warn!(provider, kind, "an unknown shape came from the text provider; it is kept");
                journal::notice(cx.db, None, &notice, cx.now)?;
            }
            Ok(())
        })
    }
}

fn conversation(cx: Cx<'_>, phone: &E164, simulated: bool) -> store::Result<Thread> {
    let id = thread::open(cx.db, Channel::Sms, phone.as_str(), "", None, Some(phone), cx.now, simulated)?;
    thread::get(cx.db, id)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

fn call_back(
    cx: Cx<'_>,
    scene: &Scene,
    message_id: i64,
    ticket: i64,
    texts_with_us: bool,
) -> store::Result<()> {
    let call = Call {
        intent: "callback",
        level: Level::Medium,
        reason: "a call nobody took",
        episode: None,
        summary: "A customer called and nobody took it: call back.".to_owned(),
        due_at: None,
    };
    let (escalation, new) = people::escalate(cx, scene, &call)?;
    let mut refs = vec![format!("escalation:{escalation}"), format!("ticket:{ticket}")];
    let silent = scene.thread.held(cx.now).is_some() || scene.opted_out;
    if new && texts_with_us && !silent {
        let values = phrases::values(cx, scene, None)?;
        let text = cx.library().phrase("call_missed", &[]).map(|template| sop::render(template, &values));
        if let Some(Ok(text)) = text
            && let Some(reply) = draft::send(cx, &scene.thread, text.as_str(), "box", true, None)?
        {
            refs.push(format!("reply:{reply}"));
        }
    }
    message::end(cx.db, message_id, Ending::Escalated, None, &refs, cx.now)
}
