//! Just enough of OpenAPI to hold a request against OpenAI's own document (`tests/data/wire/openai`).

use serde_json::Value;

/// What is wrong with `value` as the schema of this name; empty: nothing.
pub fn wrong(schema: &str, value: &Value) -> Vec<String> {
    let document: Value =
        serde_json::from_str(include_str!("../data/wire/openai/requests.openapi.json")).expect("JSON");
    let start = &document["components"]["schemas"][schema];
    assert!(start.is_object(), "the document has {schema}");
    check(&document, start, value, "$")
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema =
            document.pointer(reference.trim_start_matches('#')).expect("a reference that leads somewhere");
        return check(document, schema, value, at);
    }
    if value.is_null() {
        let null = schema["nullable"] == true || schema["type"] == "null";
        return if null { Vec::new() } else { vec![format!("{at} is null")] };
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(branches) = schema[choice].as_array() {
            let verdicts: Vec<_> = branches.iter().map(|b| check(document, b, value, at)).collect();
            let fits = verdicts.iter().filter(|v| v.is_empty()).count();
            let right = if choice == "oneOf" { fits == 1 } else { fits > 0 };
            return if right {
                Vec::new()
            } else {
                vec![format!("{at} fits {fits} of {choice}: {verdicts:?}")]
            };
        }
    }
    let mut all: Vec<String> = schema["allOf"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|part| check(document, part, value, at))
        .collect();
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("boolean") => value.is_boolean(),
        Some("null") => false, // a null was dealt with above
        Some(other) => panic!("{at}: this checker knows no type {other}"),
        None => true,
    };
    if !fits {
        all.push(format!("{at} is no {}", schema["type"]));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        all.push(format!("{at} {value} is none of {allowed:?}"));
    }
    if let Some(items) = value.as_array() {
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        if items.len() < least {
            all.push(format!("{at} has fewer than {least} items"));
        }
        for (i, item) in items.iter().enumerate() {
            all.extend(check(document, &schema["items"], item, &format!("{at}[{i}]")));
        }
    }
    let Some(fields) = value.as_object() else { return all };
    let empty = serde_json::Map::new();
    let known = schema["properties"].as_object().unwrap_or(&empty);
    for (name, field) in fields {
        match known.get(name) {
            Some(schema) => all.extend(check(document, schema, field, &format!("{at}.{name}"))),
            // A JSON schema of ours stands where the document allows any object.
            None if known.is_empty() || schema["additionalProperties"] == true => {}
            None => all.push(format!("{at}.{name} is not in the document")),
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            all.push(format!("{at}.{name} is missing"));
        }
    }
    all
}

#[test]
fn the_checker_complains_about_what_the_document_forbids() {
    let good = serde_json::json!({
        "model": "m", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}}},
    });
    assert_eq!(wrong("CreateChatCompletionRequest", &good), Vec::<String>::new());
    let spoilt = |path: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        wrong("CreateChatCompletionRequest", &bad)
    };
    assert!(!spoilt("/messages", serde_json::json!([])).is_empty());
    assert!(!spoilt("/messages/0/role", "stranger".into()).is_empty());
    assert!(!spoilt("/response_format/type", "json".into()).is_empty());
    assert!(!spoilt("/response_format/json_schema/strict", "yes".into()).is_empty());
    assert!(!wrong("CreateResponse", &serde_json::json!({"model": "m", "max_tokens": 5})).is_empty());
}
