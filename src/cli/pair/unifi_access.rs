//! Pairing a UniFi Access console, by its developer API.

use serde_json::Value;

use super::console::{Console, Look, plain};

pub const CONSOLE: Console = Console {
    name: "the UniFi Access console",
    table: "access",
    secret_key: "token_file",
    secret_name: "access-token",
    made: "Settings, General, Advanced, API Token",
    bearer: true,
    look: Look {
        first: "/api/v1/developer/doors",
        then: |_| Ok(None),
        found: doors,
        next: "Each door it may open stands in a `[[doors]]` with `driver = \"unifi-access\"` and its id as `door_id`.",
        untried: "an unlock lets in whoever stands there. While you stand at the door: clubos device do DOOR door.unlock --as NAME",
    },
};

fn doors(answer: &Value) -> Result<Vec<String>, String> {
    match answer["code"].as_str() {
        Some("SUCCESS") => {}
        Some(code) => return Err(format!("it says {code}")),
        None => return Err("no code in its answer".to_owned()),
    }
    let doors = answer["data"].as_array().ok_or("a list of doors without doors")?;
    Ok(doors.iter().map(|door| format!("door {}  {}", plain(&door["id"]), plain(&door["name"]))).collect())
}
