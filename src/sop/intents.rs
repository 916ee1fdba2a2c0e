//! The fixed list of what customers write about. A SOP's id is one of these; a new intent is a new
//! version of ClubOS, because the model and the desk must know it.

use super::Kind;
use super::Kind::{Act, Answer, Collect, Guide, Human, Safety, Social, System};

/// One intent and the kinds its SOP may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    pub id: &'static str,
    /// The usual kind first.
    pub kinds: &'static [Kind],
    /// Whether its SOP may carry a ladder of effects.
    pub ladder: bool,
}

const fn is(id: &'static str, kinds: &'static [Kind]) -> Intent {
    Intent { id, kinds, ladder: false }
}

const fn may_act(id: &'static str, kinds: &'static [Kind]) -> Intent {
    Intent { id, kinds, ladder: true }
}

/// Every intent there is, in the order of the manual.
pub const INTENTS: &[Intent] = &[
    is("emergency.medical", &[Safety]),
    is("emergency.fire", &[Safety]),
    is("emergency.security", &[Safety]),
    is("emergency.flood", &[Safety]),
    is("emergency.trapped", &[Safety]),
    may_act("access.locked-out", &[Act]),
    may_act("access.door-stuck", &[Act]),
    may_act("access.no-link", &[Collect]),
    is("access.early", &[Answer]),
    is("access.wrong-location", &[Human]),
    is("access.visitor", &[Human]),
    may_act("sim.frozen", &[Act]),
    may_act("sim.black-screen", &[Act]),
    may_act("sim.windows-screen", &[Act]),
    may_act("sim.ball-not-registering", &[Guide]),
    is("sim.partial-data", &[Guide]),
    may_act("sim.side-screens", &[Guide]),
    may_act("sim.camera", &[Act]),
    is("sim.licence-expired", &[Human]),
    is("sim.game-setup", &[Guide]),
    is("sim.login", &[Guide]),
    is("sim.someone-signed-in", &[Guide]),
    is("sim.internet", &[Answer]),
    is("booking.new", &[Answer]),
    is("booking.extend", &[Collect]),
    is("booking.change", &[Human]),
    is("booking.cancel", &[Human]),
    is("billing.refund", &[Human]),
    is("billing.payment", &[Human]),
    is("billing.promo", &[Human]),
    is("billing.membership", &[Answer]),
    is("faq.pricing", &[Answer]),
    is("faq.hours", &[Answer]),
    is("faq.wifi", &[Answer]),
    is("faq.clubs", &[Answer]),
    is("faq.session-length", &[Answer]),
    is("faq.food", &[Answer]),
    is("faq.location", &[Answer]),
    is("faq.events", &[Answer]),
    may_act("facility.temperature", &[Act, Collect]),
    may_act("facility.lights", &[Act, Collect]),
    may_act("facility.audio", &[Act, Collect]),
    is("facility.supplies", &[Collect]),
    is("facility.damage", &[Collect]),
    may_act("facility.power", &[Act, Collect]),
    is("lost-found", &[Collect]),
    is("human.request", &[Human]),
    is("feedback.complaint", &[Human]),
    is("feedback.praise", &[Social]),
    is("chat.greeting", &[Social]),
    is("chat.closer", &[Social]),
    is("chat.affirm", &[System]),
    is("chat.deny", &[System]),
    is("followup.still-broken", &[System]),
    is("followup.resolved", &[Social]),
    is("out-of-scope", &[System]),
];

/// The intent with this id.
pub fn intent(id: &str) -> Option<&'static Intent> {
    INTENTS.iter().find(|i| i.id == id)
}
