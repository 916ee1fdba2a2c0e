//! What the tests of this folder share: one who signs in, and the program's other commands.

use std::io::Write as _;
use std::process::Stdio;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::program::{Box, said};

pub const PASSWORD: &str = "a-password-of-tests";

impl Box {
    /// Runs `clubos` with these words and the box's own state directory; `input` is typed in.
    pub fn clubos(&self, words: &[&str], input: &str) -> (Option<i32>, String) {
        let mut command = self.command();
        command.args(words).arg("--state-dir").arg(self.dir.join("state"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let mut stdin = child.stdin.take().expect("piped");
        let _ = stdin.write_all(input.as_bytes()); // who asks for nothing may have gone
        drop(stdin);
        said(child.wait_with_output().expect("ended"))
    }

    pub fn add_user(&self, name: &str, role: &str) {
        let (code, said) = self.clubos(&["user", "add", name, "--role", role], &format!("{PASSWORD}\n"));
        assert_eq!(code, Some(0), "{said}");
    }

    /// Signs in over this address; the bearer token.
    pub async fn sign_in(
        &self,
        http: &Client,
        url: &str,
        name: &str,
        password: &str,
    ) -> Result<String, StatusCode> {
        let body = json!({"name": name, "password": password});
        let answer = http.post(format!("{url}/api/v1/session")).json(&body).send().await.expect("an answer");
        if !answer.status().is_success() {
            return Err(answer.status());
        }
        let session: Value = answer.json().await.expect("a session");
        Ok(session["token"].as_str().expect("a token").to_owned())
    }

    pub async fn status(&self, token: &str, path: &str) -> StatusCode {
        let asked = Client::new().get(format!("{}{path}", self.url)).bearer_auth(token).send().await;
        asked.expect("an answer").status()
    }

    /// Writes on the test console; the id of the stored message.
    pub async fn console(&self, http: &Client, token: &str, text: &str) -> Option<i64> {
        let asked = http.post(format!("{}/api/v1/console", self.url)).bearer_auth(token);
        let answer = asked.json(&json!({"text": text})).send().await.ok()?;
        if answer.status() != StatusCode::ACCEPTED {
            return None;
        }
        answer.json::<Value>().await.ok()?["message_id"].as_i64()
    }
}
