//! Against a provider that is not ours: LLMock (PyPI `llmock`, MIT), which speaks all three APIs, breaks them as
//! it is told, and judges how a client took it. `scripts/foreign.sh` installs it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use clubos::llm::NoNomination;
use clubos::site::LlmCompany;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::fake::KEY;
use crate::support::{ALL, Asked, asked, fallback, question, settings};

const PATIENCE: Duration = Duration::from_secs(60);

struct LlMock {
    base: String,
    http: reqwest::Client,
    _child: Child,
}

impl LlMock {
    async fn start() -> LlMock {
        let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
        let made = std::process::Command::new("scripts/foreign.sh").status().unwrap();
        assert!(made.success(), "scripts/foreign.sh could not install the foreign provider");
        let program = Path::new("run/foreign/bin/llmock");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["serve", "--port", &port.to_string(), "--log-level", "error"]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("llmock: run scripts/foreign.sh");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mock = LlMock { base: format!("http://127.0.0.1:{port}"), http, _child: child };
        let up = async {
            while mock.http.get(mock.at("/_llmock/scenario")).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await; // another program's start: no event to await
            }
        };
        tokio::time::timeout(PATIENCE, up).await.expect("LLMock starts");
        mock
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn will(&self, behaviours: Value) {
        let body = json!({"behaviors": behaviours}).to_string();
        let answer = self.http.post(self.at("/_llmock/scenario")).body(body).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{}", answer.text().await.unwrap());
    }

    async fn verdict(&self) -> Value {
        let answer = self.http.get(self.at("/_llmock/verdict")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    fn speaks(&self, company: LlmCompany) -> String {
        match company {
            LlmCompany::Anthropic => self.at("/anthropic"),
            LlmCompany::OpenAi | LlmCompany::OpenAiChat => self.at("/v1"),
        }
    }
}

/// Asks about other words each time, so that no answer is known already.
async fn ask(asked: &Asked, words: &str) -> Result<Option<String>, NoNomination> {
    let started = Instant::now();
    let said = asked.fallback.ask(&question(words)).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{words}: {:?}", started.elapsed());
    said.map(|nomination| nomination.intent)
}

/// What a model says: text, or for Anthropic the one tool's input.
fn says(company: LlmCompany, text: &str) -> Value {
    match (company, serde_json::from_str::<Value>(text)) {
        (LlmCompany::Anthropic, Ok(input)) => {
            json!({"type": "reply", "tool_calls": [{"name": "nominate", "arguments": input}]})
        }
        _ => json!({"type": "reply", "text": text}),
    }
}

#[tokio::test]
async fn a_foreign_provider_that_breaks_things_has_no_complaint_about_us() {
    let mock = LlMock::start().await;
    for company in ALL {
        let mut asked = asked("foreign", company).await;
        let mut with = settings(company, mock.speaks(company));
        with.model = "gpt-4o".to_owned();
        asked.fallback = fallback(with, KEY, asked.ledger.clone(), &asked.clock);
        let frozen = Ok(Some("sim.frozen".to_owned()));
        let who = company.name();

        assert_eq!(ask(&asked, "it is stuck").await, frozen, "{who}: the schema's first answer");

        mock.will(json!([{"type": "fail", "status": 429, "retry_after": 1}])).await;
        assert_eq!(ask(&asked, "it is stuck, busy").await, frozen, "{who}: 429, then an answer");

        mock.will(json!([{"type": "fail", "status": 500}, {"type": "fail", "status": 503}])).await;
        assert_eq!(ask(&asked, "it is stuck, unwell").await, frozen, "{who}: twice 5xx, then an answer");

        mock.will(json!([{"type": "stream_fault", "kind": "disconnect", "after_chunks": 0, "match": {}}]))
            .await;
        assert_eq!(
            ask(&asked, "it is stuck, cut").await,
            frozen,
            "{who}: a broken connection, then an answer"
        );

        mock.will(json!([{"type": "delay", "seconds": 6}])).await;
        let late = ask(&asked, "it is stuck, slow").await;
        assert!(matches!(late, Err(NoNomination::Failed(_))), "{who}: {late:?}");

        for status in [400, 422] {
            mock.will(json!([{"type": "fail", "status": status}])).await;
            let wrong =
                ask(&asked, &format!("it is stuck, {}", if status == 400 { "bad" } else { "worse" })).await;
            assert!(matches!(wrong, Err(NoNomination::Failed(_))), "{who}: {wrong:?}");
            assert_eq!(ask(&asked, &format!("fine {}", "!".repeat(status % 100))).await, frozen, "{who}");
        }

        mock.will(json!([{"type": "reply", "text": "", "finish_reason": "content_filter"}])).await;
        let refused = ask(&asked, "it is stuck, refused").await;
        assert!(refused.is_err(), "{who}: {refused:?}");

        for (words, text) in [
            ("cut json", r#"{"sop":"sim.frozen","bay":"no"#),
            ("unknown", r#"{"sop":"door.unlock-all","bay":"none","at_door":true}"#),
            ("price", r#"{"sop":"sim.frozen","bay":"none","at_door":false,"price":"$3"}"#),
            ("link", r#"{"sop":"sim.frozen","bay":"none","at_door":false,"url":"https://pay.example"}"#),
            ("prose", "It costs $3, see https://pay.example"),
        ] {
            mock.will(json!([says(company, text)])).await;
            let said = ask(&asked, &format!("it is stuck, {words}")).await;
            assert!(matches!(said, Err(NoNomination::Unusable(_))), "{who} {words}: {said:?}");
        }
        mock.will(json!([{"type": "reply", "text": r#"{"sop":"sim.frozen""#, "finish_reason": "length"}]))
            .await;
        let cut = ask(&asked, "it is stuck, too long").await;
        assert!(matches!(cut, Err(NoNomination::Unusable(_))), "{who}: {cut:?}");

        mock.will(json!([{"type": "fail", "status": 429, "retry_after": 30}])).await;
        let later = ask(&asked, "it is stuck, much later").await;
        assert!(matches!(later, Err(NoNomination::Failed(_))), "{who}: {later:?}");

        mock.will(json!([{"type": "fail", "status": 401}])).await;
        let key = ask(&asked, "it is stuck, key").await;
        assert!(matches!(key, Err(NoNomination::ForGood(_))), "{who}: {key:?}");
    }
    let verdict = mock.verdict().await;
    assert!(verdict["calls"].as_u64() >= Some(3 * 16), "{verdict}");
    let findings = verdict["findings"].as_array().unwrap();
    let (given_up, others): (Vec<_>, Vec<_>) = findings.iter().partition(|f| f["code"] == "gave_up");
    println!(
        "LLMock: {} calls, {} findings, of which gave_up {}; passed: {}",
        verdict["calls"],
        findings.len(),
        given_up.len(),
        verdict["passed"]
    );
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(given_up.len(), 3, "only where Retry-After was longer than the customer waits: {given_up:#?}");
    assert_eq!(verdict["passed"], true);
}
