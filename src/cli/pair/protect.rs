//! Pairing a UniFi Protect console, by its local integration API.

use serde_json::Value;

use super::console::{Console, Look, plain};

pub const CONSOLE: Console = Console {
    name: "the UniFi Protect console",
    table: "protect",
    secret_key: "key_file",
    secret_name: "protect-key",
    made: "Settings, Control Plane, Integrations",
    bearer: false,
    look: Look {
        first: "/proxy/protect/integration/v1/cameras",
        then: |_| Ok(None),
        found: cameras,
        next: "A camera whose picture may be kept stands in a `[[protect.cameras]]` with `id`, `place` and `attach = true`.",
        untried: "a camera is moved by nothing here; that its list was read is all there is.",
    },
};

fn cameras(answer: &Value) -> Result<Vec<String>, String> {
    let cameras = answer.as_array().ok_or("no list of cameras")?;
    let line = |camera: &Value| {
        format!("camera {}  {}, {}", plain(&camera["id"]), plain(&camera["name"]), plain(&camera["state"]))
    };
    Ok(cameras.iter().map(line).collect())
}
