//! The simulated carrier behind the simulated text providers: what was really sent, what customers' phones
//! show, what went wrong on command.
//!
//! Owns the ledger of texts and calls, the phones, the faults, the complaints about requests, and the
//! webhooks. The providers' wires ([`Wire`]) are on top of it. Nothing here leaves this machine, and every
//! answer and id says that it is simulated.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::clock::{Clock, UnixMs};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// Waits before it does anything.
    Slow(Duration),
    /// A web page instead of an answer; takes nothing.
    Html,
    /// Takes the text; the JSON breaks off.
    Truncated,
    /// Takes the text; ten million bytes of answer.
    Huge,
    /// 429, with what `Retry-After` says in seconds; takes nothing.
    TooMany(Option<u32>),
    /// Refused for good; takes nothing.
    Refused(SimRefusal),
    /// 502; takes nothing.
    ServerError,
    /// Takes the text, answers 502.
    TakenThenServerError,
    /// Takes the text and never answers: whoever asked runs out of patience.
    TakenThenSilent,
    /// Never answers, and takes nothing.
    Silent,
    /// Takes the text, begins an answer and breaks the connection.
    TakenThenReset,
    /// Takes and answers rightly; the text never reaches the phone, and no status ever says so.
    NeverDelivered,
    /// Takes and answers rightly; the phone gets it twice.
    DeliveredTwice,
    /// Takes and answers rightly; later it is told to be undeliverable.
    Undeliverable,
}

/// Why a text is refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimRefusal {
    RevokedKey,
    NotApproved,
    NoCredit,
    OptedOut,
    BadNumber,
}

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Send,
    /// Lists of texts.
    List,
    /// Lists of calls.
    Calls,
}

/// How a text that was taken travels on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    Once,
    Twice,
    Never,
    Fails,
}

/// One text in the ledger: each stands for one really sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimText {
    pub id: String,
    pub from: String,
    pub to: String,
    pub body: String,
    pub media: u32,
    /// By the provider's clock.
    pub at: UnixMs,
    /// From the customer to the club.
    pub incoming: bool,
    /// The provider's user that wrote it in the provider's app.
    pub person: Option<String>,
    pub status: &'static str,
    /// How often the phone got it.
    pub copies: u32,
}

/// A call nobody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimCall {
    pub id: String,
    pub from: String,
    pub at: UnixMs,
    pub voicemail: Option<String>,
}

/// What a customer's phone shows, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnPhone {
    pub from_club: bool,
    pub body: String,
    pub media: u32,
    pub at: UnixMs,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    Text(SimText),
    Missed(SimCall),
    Voicemail(SimCall),
    /// An event of a kind nobody knows.
    Strange(String),
}

/// A webhook as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimHook {
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What differs from provider to provider.
pub trait Wire: Send + Sync {
    fn refusal(&self, refusal: SimRefusal) -> (u16, Value);
    /// A text's or call's id; `n` counts up.
    fn id(&self, n: u64, call: bool) -> String;
    /// A signed webhook; `None`: this provider tells no such thing. `n` counts up.
    fn hook(&self, occurrence: &Occurrence, url: &str, now: UnixMs, n: u64) -> Option<SimHook>;
}

/// The carrier of one simulated provider.
pub struct Carrier {
    clock: Clock,
    /// The club's number.
    number: String,
    wire: Box<dyn Wire>,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    http: reqwest::Client,
}

#[derive(Default)]
struct State {
    ahead_ms: i64,
    ids: u64,
    texts: Vec<SimText>,
    calls: Vec<SimCall>,
    complaints: Vec<String>,
    /// For the next sends, one each.
    next: VecDeque<TextFault>,
    sends: Option<TextFault>,
    lists: Option<TextFault>,
    call_lists: Option<TextFault>,
    requests: Vec<UnixMs>,
    limited: bool,
    hook_url: Option<String>,
    held: Option<Vec<Occurrence>>,
    hook_answers: Vec<u16>,
}

impl Carrier {
    pub(super) fn new(clock: Clock, number: &str, wire: Box<dyn Wire>) -> Arc<Carrier> {
        Arc::new(Carrier {
            clock,
            number: number.to_owned(),
            wire,
            state: Mutex::default(),
            changes: watch::Sender::new(0),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(10))
                .build()
                .unwrap_or_default(),
        })
    }

    /// The club's number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The provider's time.
    pub fn now(&self) -> UnixMs {
        UnixMs(self.clock.now().0 + self.state().ahead_ms)
    }

    /// Makes the provider's clock differ from the box's.
    pub fn set_clock_ahead(&self, by_ms: i64) {
        self.state().ahead_ms = by_ms;
    }

    /// Counts up with everything that happens: await it instead of sleeping.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What goes wrong with the next sends, one each, in this order.
    pub fn next_sends(&self, faults: impl IntoIterator<Item = TextFault>) {
        self.state().next.extend(faults);
    }

    /// What goes wrong with all such requests from now on; `None`: nothing.
    pub fn set_fault(&self, asked: Asked, fault: Option<TextFault>) {
        let mut state = self.state();
        match asked {
            Asked::Send => state.sends = fault,
            Asked::List => state.lists = fault,
            Asked::Calls => state.call_lists = fault,
        }
    }

    /// Answers 429 to more than ten requests in a second.
    pub fn limit_rate(&self, limited: bool) {
        self.state().limited = limited;
    }

    // What happened.

    /// Every text that was really sent to a customer, in order.
    pub fn sent(&self) -> Vec<SimText> {
        self.state().texts.iter().filter(|text| !text.incoming).cloned().collect()
    }

    /// What was wrong with requests: an honest client leaves this empty.
    pub fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }

    /// How many requests came, and when.
    pub fn requests(&self) -> Vec<UnixMs> {
        self.state().requests.clone()
    }

    /// What the box answered to webhooks, in order; 0 where it did not answer.
    pub fn hook_answers(&self) -> Vec<u16> {
        self.state().hook_answers.clone()
    }

    /// What this customer's phone shows.
    pub fn phone(&self, number: &str) -> Vec<OnPhone> {
        let state = self.state();
        let mine = state.texts.iter().filter(|text| text.from == number || text.to == number);
        mine.flat_map(|text| {
            let copies = if text.incoming { 1 } else { text.copies };
            let shown = OnPhone {
                from_club: !text.incoming,
                body: text.body.clone(),
                media: text.media,
                at: text.at,
            };
            std::iter::repeat_n(shown, copies as usize)
        })
        .collect()
    }

    // What people do.

    /// A customer texts the club. Gives the text's id.
    pub fn customer_writes(self: &Arc<Carrier>, from: &str, body: &str, media: u32) -> String {
        let text = self.enter(|id, at, number| SimText {
            id,
            from: from.to_owned(),
            to: number.to_owned(),
            body: body.to_owned(),
            media,
            at,
            incoming: true,
            person: None,
            status: "received",
            copies: 0,
        });
        self.tell(Occurrence::Text(text.clone()));
        text.id
    }

    /// A person answers a customer in the provider's own app. Gives the text's id.
    pub fn person_writes(self: &Arc<Carrier>, person: &str, to: &str, body: &str) -> String {
        let text = self.outgoing(to, body, Some(person.to_owned()), Carriage::Once);
        text.id
    }

    /// A customer calls, and nobody takes it. Gives the call's id.
    pub fn customer_calls(self: &Arc<Carrier>, from: &str, voicemail: Option<&str>) -> String {
        let at = self.now();
        let call = {
            let mut state = self.state();
            state.ids += 1;
            let id = self.wire.id(state.ids, true);
            let call = SimCall { id, from: from.to_owned(), at, voicemail: voicemail.map(str::to_owned) };
            state.calls.push(call.clone());
            call
        };
        self.changed();
        self.tell(Occurrence::Missed(call.clone()));
        if call.voicemail.is_some() {
            self.tell(Occurrence::Voicemail(call.clone()));
        }
        call.id
    }

    /// The provider tells of something nobody knows.
    pub fn something_strange(self: &Arc<Carrier>, kind: &str) {
        self.tell(Occurrence::Strange(kind.to_owned()));
    }

    // Webhooks.

    /// Posts signed webhooks to this address from now on; needs a running tokio.
    pub fn post_hooks_to(&self, url: Option<&str>) {
        self.state().hook_url = url.map(str::to_owned);
    }

    /// Keeps webhooks back, until they are taken or released.
    pub fn hold_hooks(&self) {
        self.state().held.get_or_insert_default();
    }

    /// Takes what was kept back, in order, and signs it now: what comes a day late is signed freshly.
    pub fn take_hooks(&self, url: &str) -> Vec<SimHook> {
        let held = std::mem::take(self.state().held.get_or_insert_default());
        held.iter().filter_map(|occurrence| self.hook(occurrence, url)).collect()
    }

    /// Posts what was kept back: in this order (indices into what is held; the same one may come twice and
    /// then has another webhook id). What is not named is dropped. Gives how many there were.
    pub async fn release_hooks(&self, order: impl Fn(usize) -> Vec<usize>) -> usize {
        let (held, url) = {
            let mut state = self.state();
            (state.held.take().unwrap_or_default(), state.hook_url.clone())
        };
        for index in order(held.len()) {
            if let (Some(occurrence), Some(url)) = (held.get(index), url.as_deref()) {
                self.post(occurrence, url).await;
            }
        }
        held.len()
    }

    /// Signs a webhook now, with an id of its own.
    pub fn hook(&self, occurrence: &Occurrence, url: &str) -> Option<SimHook> {
        let n = {
            let mut state = self.state();
            state.ids += 1;
            state.ids
        };
        self.wire.hook(occurrence, url, self.now(), n)
    }

    fn tell(self: &Arc<Carrier>, occurrence: Occurrence) {
        let url = {
            let mut state = self.state();
            if let Some(held) = &mut state.held {
                held.push(occurrence);
                return;
            }
            state.hook_url.clone()
        };
        if let Some(url) = url {
            let carrier = self.clone();
            tokio::spawn(async move { carrier.post(&occurrence, &url).await });
        }
    }

    async fn post(&self, occurrence: &Occurrence, url: &str) {
        let Some(hook) = self.hook(occurrence, url) else { return };
        let mut request = self.http.post(&hook.url).body(hook.body);
        for (name, value) in &hook.headers {
            request = request.header(name, value);
        }
        let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
        self.state().hook_answers.push(status);
        self.changed();
    }

    // For the wires.

    /// Takes a text from the club: from here on it is sent.
    pub(super) fn take(self: &Arc<Carrier>, to: &str, body: &str, carriage: Carriage) -> SimText {
        self.outgoing(to, body, None, carriage)
    }

    fn outgoing(
        self: &Arc<Carrier>,
        to: &str,
        body: &str,
        person: Option<String>,
        carriage: Carriage,
    ) -> SimText {
        let (status, copies) = match carriage {
            Carriage::Once => ("delivered", 1),
            Carriage::Twice => ("delivered", 2),
            Carriage::Never => ("queued", 0),
            Carriage::Fails => ("undelivered", 0),
        };
        let text = self.enter(|id, at, number| SimText {
            id,
            from: number.to_owned(),
            to: to.to_owned(),
            body: body.to_owned(),
            media: 0,
            at,
            incoming: false,
            person,
            status,
            copies,
        });
        if carriage != Carriage::Never {
            self.tell(Occurrence::Text(text.clone()));
        }
        text
    }

    pub(super) fn complain(&self, what: String) {
        self.state().complaints.push(what);
    }

    pub(super) fn texts(&self) -> Vec<SimText> {
        self.state().texts.clone()
    }

    pub(super) fn calls(&self) -> Vec<SimCall> {
        self.state().calls.clone()
    }

    pub(super) fn refusal(&self, refusal: SimRefusal) -> (u16, Value) {
        self.wire.refusal(refusal)
    }

    /// Counts a request and gives what is to go wrong with it.
    pub(super) fn fault(&self, asked: Asked) -> Option<TextFault> {
        let now = self.now();
        let mut state = self.state();
        let recent = state.requests.iter().rev().take_while(|at| now.since(**at) < Duration::from_secs(1));
        let too_many = recent.count() >= 10;
        state.requests.push(now);
        if state.limited && too_many {
            return Some(TextFault::TooMany(None));
        }
        match asked {
            Asked::Send => state.next.pop_front().or(state.sends),
            Asked::List => state.lists,
            Asked::Calls => state.call_lists,
        }
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn enter(&self, make: impl FnOnce(String, UnixMs, &str) -> SimText) -> SimText {
        let at = self.now();
        let text = {
            let mut state = self.state();
            state.ids += 1;
            let text = make(self.wire.id(state.ids, false), at, &self.number);
            state.texts.push(text.clone());
            text
        };
        self.changed();
        text
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
