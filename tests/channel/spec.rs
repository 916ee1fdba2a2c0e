//! Just enough of OpenAPI to hold a request or an answer against it. Reads the document, knows no Twilio.

use regex::Regex;
use serde_json::Value;

pub struct Spec(pub Value);

impl Spec {
    pub fn twilio() -> Spec {
        Spec(serde_json::from_str(include_str!("../data/wire/twilio/messages.openapi.json")).expect("JSON"))
    }

    /// The operation of this path (matched against the templates), and its path parameters.
    pub fn operation(&self, method: &str, path: &str) -> Option<(&Value, Vec<(String, String)>)> {
        let paths = self.0["paths"].as_object()?;
        paths.iter().find_map(|(template, item)| {
            let parameters = matched(template, path)?;
            item.get(method.to_ascii_lowercase()).map(|operation| (operation, parameters))
        })
    }

    /// What is wrong with `value`, in this place of the document.
    pub fn wrong(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = match schema["$ref"].as_str() {
            Some(reference) => {
                self.0.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere")
            }
            None => schema,
        };
        if value.is_null() {
            let allowed = schema["nullable"] == true;
            return if allowed { Vec::new() } else { vec![format!("{at} is null")] };
        }
        let mut wrong = Vec::new();
        let fits = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !fits {
            wrong.push(format!("{at} is no {}", schema["type"]));
        }
        if let Some(text) = value.as_str() {
            wrong.extend(wrong_text(schema, text).map(|why| format!("{at} `{text}` {why}")));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            wrong.push(format!("{at} {value} is none of {allowed:?}"));
        }
        if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
            for (name, field) in fields {
                let at = format!("{at}.{name}");
                match properties.get(name) {
                    Some(schema) => wrong.extend(self.wrong(schema, field, &at)),
                    None => wrong.push(format!("{at} is not in the document")),
                }
            }
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            wrong.extend(
                required
                    .filter(|name| !fields.contains_key(*name))
                    .map(|name| format!("{at}.{name} is missing")),
            );
        }
        if let Some(items) = value.as_array() {
            wrong.extend(items.iter().flat_map(|item| self.wrong(&schema["items"], item, at)));
        }
        wrong
    }

    /// The same for a parameter or form field, which is text on the wire whatever its type.
    pub fn wrong_field(&self, schema: &Value, text: &str, at: &str) -> Vec<String> {
        let value = match schema["type"].as_str() {
            Some("integer") => text.parse::<i64>().map(Value::from).unwrap_or_else(|_| Value::from(text)),
            _ => Value::from(text),
        };
        self.wrong(schema, &value, at)
    }
}

fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (part, given) in template.into_iter().zip(path) {
        match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => parameters.push((name.to_owned(), given.to_owned())),
            None if part == given => {}
            None => return None,
        }
    }
    Some(parameters)
}

fn wrong_text(schema: &Value, text: &str) -> Option<&'static str> {
    let length = text.chars().count() as u64;
    let is = |pattern: &str| Regex::new(pattern).expect("a pattern").is_match(text);
    if schema["pattern"].as_str().is_some_and(|pattern| !is(pattern)) {
        return Some("does not fit the pattern");
    }
    if schema["minLength"].as_u64().is_some_and(|least| length < least)
        || schema["maxLength"].as_u64().is_some_and(|most| length > most)
    {
        return Some("has the wrong length");
    }
    let right = match schema["format"].as_str() {
        Some("phone-number") => is(r"^\+[1-9]\d{1,14}$"),
        // The words beside it allow a bare date as well.
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok() || is(r"^\d{4}-\d\d-\d\d$"),
        Some("date-time-rfc-2822") => jiff::fmt::rfc2822::parse(text).is_ok(),
        // The document's own examples have paths here.
        Some("uri") => is(r"^(https?://[^\s]+|/[^\s]+)$"),
        _ => true,
    };
    if right { None } else { Some("has not its format") }
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let spec = Spec::twilio();
    let message = serde_json::json!({ "$ref": "#/components/schemas/api.v2010.account.message" });
    let wrong = |value: Value| spec.wrong(&message, &value, "message").len();
    assert_eq!(wrong(serde_json::json!({ "body": "hello", "sid": format!("SM{}", "0".repeat(32)) })), 0);
    assert_eq!(wrong(serde_json::json!({ "sid": "SM1" })), 1);
    assert_eq!(wrong(serde_json::json!({ "body": 7 })), 1);
    assert_eq!(wrong(serde_json::json!({ "status": "lost" })), 1);
    assert_eq!(wrong(serde_json::json!({ "date_sent": "2026-11-23" })), 1);
    assert_eq!(wrong(serde_json::json!({ "colour": "red" })), 1);
    assert!(spec.operation("POST", "/2010-04-01/Accounts/AC1/Messages.json").is_some());
    assert!(spec.operation("PUT", "/2010-04-01/Accounts/AC1/Messages.json").is_none());
    assert!(spec.operation("POST", "/2010-04-01/Accounts/AC1/Calls.json").is_none());
}
