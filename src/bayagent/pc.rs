//! Commands of the PC's own: run without a shell, with a limit of time, and the reboot.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// A command that takes longer is broken off.
const LIMIT: Duration = Duration::from_secs(60);
/// A PC that was told to reboot and is still here after this did not.
const GONE_WITHIN: Duration = Duration::from_secs(120);

/// Runs a command and gives back what it printed.
///
/// # Errors
/// In words: it does not start, ends badly, or takes longer than a minute.
pub async fn run(command: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else { return Err("no command".to_owned()) };
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, child.output())
        .await
        .map_err(|_| format!("{program} did not end within {} s", LIMIT.as_secs()))?
        .map_err(|error| format!("{program} does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reboots. Comes back only if the PC did not go down.
pub async fn reboot(command: &[String]) -> String {
    if let Err(problem) = run(command).await {
        return problem;
    }
    tokio::time::sleep(GONE_WITHIN).await;
    format!("the PC is still up {} s after it was told to reboot", GONE_WITHIN.as_secs())
}
