//! Asks: redaction, the answer that is known already, the breaker, the reserve, tries within the time, the
//! strict answer. Every way it can end leaves the desk with a nomination or without one, in time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::anthropic::Anthropic;
use super::breaker::Breaker;
use super::http::{self, Http};
use super::ledger::{Ledger, LedgerError};
use super::openai_chat::OpenAiChat;
use super::openai_responses::OpenAiResponses;
use super::prompt::{ANSWER_TOKENS, Prompt};
use super::redact::{Redacted, redact};
use super::stats::Stats;
use super::wire::{Said, Usage, Wire};
use super::{Nomination, Question, answer};
use crate::clock::Clock;
use crate::site::{CloudModel, LlmCompany};
use crate::store::llm::{Caps, Ended, NewCall};

/// The desk waits 4 s in all (issue: time budget); what is left is for the way back.
const WITHIN: Duration = Duration::from_millis(3_700);
/// A try with less time than this is not begun.
const SHORTEST_TRY: Duration = Duration::from_millis(400);
/// Tries of one question.
const TRIES: u32 = 3;
/// Before the second try, where the provider names no time; doubled for the third, up to a quarter on top.
const BACKOFF: Duration = Duration::from_millis(250);
/// Cents to the ledger's millionths of a cent.
const MILLIONTHS: i64 = 1_000_000;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("[llm]: {0}")]
    Http(String),
}

/// Why there is no nomination. Holds no word of the customer's nor of the model's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoNomination {
    #[error("there is nothing to choose from")]
    NoCandidates,
    #[error("the cap of the day or month is reached")]
    OverCap,
    #[error("it failed too often lately and is left alone for a while")]
    Breaker,
    #[error("it declined to answer")]
    Refused,
    #[error("{0}")]
    Unusable(String),
    #[error("it did not answer: {0}")]
    Failed(String),
    #[error("it will not answer until a person mends it: {0}")]
    ForGood(String),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// The cloud model, as configured.
pub struct Fallback {
    wire: Box<dyn Wire>,
    http: Http,
    settings: CloudModel,
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    zone: jiff::tz::TimeZone,
    breaker: Breaker,
    stats: Stats,
}

/// What one try came to.
enum Tried {
    Nominated(Nomination),
    Not(NoNomination),
    /// Another try may help, after this long if it says so.
    Again {
        why: String,
        wait: Option<Duration>,
    },
}

impl Fallback {
    /// # Errors
    /// An address that is none, or a key that fits in no header.
    pub fn new(
        settings: CloudModel,
        key: &str,
        ledger: Arc<dyn Ledger>,
        clock: Clock,
        zone: jiff::tz::TimeZone,
    ) -> Result<Fallback, SetupError> {
        let wire: Box<dyn Wire> = match settings.provider {
            LlmCompany::OpenAi => Box::new(OpenAiResponses),
            LlmCompany::OpenAiChat => Box::new(OpenAiChat),
            LlmCompany::Anthropic => Box::new(Anthropic),
        };
        let base = settings.url.as_deref().unwrap_or(wire.base());
        let http = Http::new(base, &wire.headers(key)).map_err(SetupError::Http)?;
        let breaker = Breaker::new(clock.clone());
        Ok(Fallback { wire, http, settings, ledger, clock, zone, breaker, stats: Stats::default() })
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether questions are kept back, because it failed too often.
    pub fn is_resting(&self) -> bool {
        self.breaker.is_open()
    }

    pub fn settings(&self) -> &CloudModel {
        &self.settings
    }

    /// The day of the site, as the ledger counts it.
    pub fn day(&self) -> String {
        self.clock.now().timestamp().to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d").to_string()
    }

    /// Asks, within 3.7 s.
    ///
    /// # Errors
    /// [`NoNomination`]: the desk goes on as without a model.
    pub async fn ask(&self, question: &Question) -> Result<Nomination, NoNomination> {
        let deadline = Instant::now() + WITHIN;
        if question.candidates.is_empty() {
            return Err(NoNomination::NoCandidates);
        }
        Stats::up(&self.stats.asked);
        let redacted = redact(&question.text, &question.names);
        let prompt = Prompt::new(&redacted, &question.candidates);
        let said = self.known_or_asked(question, &prompt, &redacted, deadline).await;
        Stats::up(match &said {
            Ok(Nomination { intent: Some(_), .. }) => &self.stats.nominated,
            Ok(_) => &self.stats.none,
            Err(NoNomination::OverCap) => &self.stats.over_cap,
            Err(NoNomination::Breaker) => &self.stats.breaker,
            Err(NoNomination::Refused) => &self.stats.refused,
            Err(NoNomination::Unusable(_)) => &self.stats.unusable,
            Err(_) => &self.stats.failed,
        });
        said
    }

    async fn known_or_asked(
        &self,
        question: &Question,
        prompt: &Prompt,
        redacted: &Redacted,
        deadline: Instant,
    ) -> Result<Nomination, NoNomination> {
        let key = prompt.key(self.wire.name(), &self.settings.model);
        let known = self.ledger.answer(&key, self.clock.now()).await?;
        if let Some(nomination) = known.and_then(|json| answer::read(&json, prompt, redacted).ok()) {
            Stats::up(&self.stats.cached);
            return Ok(nomination);
        }
        if !self.breaker.admits() {
            return Err(NoNomination::Breaker);
        }
        let body = self.wire.body(&self.settings.model, prompt).to_string().into_bytes();
        let mut pause = BACKOFF;
        for n in 1..=TRIES {
            let (why, wait) = match self.once(question, prompt, redacted, &key, &body, deadline).await? {
                Tried::Nominated(nomination) => return Ok(nomination),
                Tried::Not(why) => return Err(why),
                Tried::Again { why, wait } => (why, wait),
            };
            let wait = wait.unwrap_or_else(|| jittered(pause));
            if n == TRIES || Instant::now() + wait + SHORTEST_TRY > deadline {
                self.breaker.failed();
                return Err(NoNomination::Failed(why));
            }
            Stats::up(&self.stats.retried);
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
        Err(NoNomination::Failed("no try was left".to_owned()))
    }

    /// One request: reserved and written down before it leaves, settled when it ended.
    async fn once(
        &self,
        question: &Question,
        prompt: &Prompt,
        redacted: &Redacted,
        key: &str,
        body: &[u8],
        deadline: Instant,
    ) -> Result<Tried, NoNomination> {
        let call = NewCall {
            turn_id: question.turn_id,
            at: self.clock.now(),
            day: self.day(),
            provider: self.wire.name().to_owned(),
            model: self.settings.model.clone(),
            body: body.to_vec(),
            reserve: self.most_it_can_cost(body),
        };
        let caps = Caps {
            day: self.settings.cents_a_day * MILLIONTHS,
            month: self.settings.cents_a_month * MILLIONTHS,
        };
        let Some(id) = self.ledger.reserve(call, caps).await? else {
            return Ok(Tried::Not(NoNomination::OverCap));
        };
        let sent = self.http.post(self.wire.path(), body.to_vec(), self.clock.now());
        let got = timeout_at(deadline, sent).await;
        let (ended, keep, tried) = match got {
            Err(_) => (unheard("no-answer"), None, again("it did not answer in time")),
            Ok(Err(why)) => (unheard("no-answer"), None, again(&why)),
            Ok(Ok(answer)) if answer.status == 200 => self.heard(&answer, prompt, redacted, key),
            Ok(Ok(answer)) => (free("failed"), None, self.refused(&answer)),
        };
        self.ledger.settle(id, ended, keep, self.clock.now()).await?;
        Ok(tried)
    }

    /// A token is at least one byte, so the bytes bound what goes in; the rest stands in the request.
    fn most_it_can_cost(&self, body: &[u8]) -> i64 {
        let input = i64::try_from(body.len()).unwrap_or(i64::MAX / MILLIONTHS);
        self.cost(Usage { input, output: i64::from(ANSWER_TOKENS) })
    }

    /// In millionths of a cent: tokens times the price of a million of them in cents.
    fn cost(&self, usage: Usage) -> i64 {
        let input = usage.input.saturating_mul(self.settings.input_cents);
        input.saturating_add(usage.output.saturating_mul(self.settings.output_cents))
    }

    fn heard(
        &self,
        got: &http::Answer,
        prompt: &Prompt,
        redacted: &Redacted,
        key: &str,
    ) -> (Ended, Option<(String, String)>, Tried) {
        let Ok(json) = serde_json::from_slice::<Value>(&got.body) else {
            return (unheard("unusable"), None, again("what it answered is no JSON"));
        };
        self.breaker.answered();
        let heard = self.wire.heard(&json);
        let mut ended = Ended {
            outcome: "unusable",
            cost: heard.usage.map(|usage| self.cost(usage)),
            input_tokens: heard.usage.map(|usage| usage.input),
            output_tokens: heard.usage.map(|usage| usage.output),
        };
        let unusable = |why: &str| Tried::Not(NoNomination::Unusable(why.to_owned()));
        let text = match heard.said {
            Said::Text(text) => text,
            Said::Refused => {
                ended.outcome = "refused";
                return (ended, None, Tried::Not(NoNomination::Refused));
            }
            Said::Unusable => return (ended, None, unusable("the answer is cut off or in another shape")),
        };
        match answer::read(&text, prompt, redacted) {
            Ok(nomination) => {
                ended.outcome = if nomination.intent.is_some() { "nominated" } else { "none" };
                (ended, Some((key.to_owned(), text)), Tried::Nominated(nomination))
            }
            Err(why) => (ended, None, unusable(&why.to_string())),
        }
    }

    /// An error. Nothing is billed for it.
    fn refused(&self, got: &http::Answer) -> Tried {
        let error: Value = serde_json::from_slice(&got.body).unwrap_or_default();
        let why = format!("HTTP {}", got.status);
        if self.wire.out_of_credit(got.status, &error) {
            self.breaker.refused_for_good();
            return Tried::Not(NoNomination::ForGood(format!("{why}, the account has no credit")));
        }
        if matches!(got.status, 401 | 403 | 404) {
            self.breaker.refused_for_good();
            return Tried::Not(NoNomination::ForGood(why));
        }
        let passing = matches!(got.status, 408 | 409 | 429 | 500..=599);
        if got.should_retry.unwrap_or(passing) {
            return Tried::Again { why, wait: got.wait };
        }
        self.breaker.failed();
        Tried::Not(NoNomination::Failed(why))
    }

    /// Whether the provider knows key and model. Costs nothing and sends no words.
    ///
    /// # Errors
    /// What is wrong, for a person.
    pub async fn check(&self) -> Result<(), String> {
        let path = self.wire.model_path(&self.settings.model);
        let got = timeout_at(Instant::now() + 2 * WITHIN, self.http.get(&path, self.clock.now())).await;
        match got.map_err(|_| "it did not answer in time".to_owned())??.status {
            200 => Ok(()),
            401 | 403 => Err("the key is not accepted".to_owned()),
            404 => Err(format!("there is no model `{}`, or the address is wrong", self.settings.model)),
            other => Err(format!("it answered {other}")),
        }
    }
}

fn again(why: &str) -> Tried {
    Tried::Again { why: why.to_owned(), wait: None }
}

/// It may have been billed: what was reserved counts.
fn unheard(outcome: &'static str) -> Ended {
    Ended { outcome, ..Ended::default() }
}

fn free(outcome: &'static str) -> Ended {
    Ended { outcome, cost: Some(0), ..Ended::default() }
}

/// Up to a quarter longer, so that not all boxes come back at once. Without chance: as good as none.
fn jittered(pause: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or(0) % 250;
    pause + pause * share / 1000
}
