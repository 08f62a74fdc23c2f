//! `/sounds`: a few, so that a client finds some.

use serde_json::{Value, json};

use super::reply;
use crate::server::http::Reply;

const SOUNDS: &[&str] = &["beep", "hello-world", "tt-monkeys", "tt-weasels", "vm-goodbye"];

pub(crate) fn answer(parts: &[&str]) -> Reply {
    match parts {
        [] => reply::ok(&Value::Array(SOUNDS.iter().map(|name| sound(name)).collect())),
        [name, ..] if SOUNDS.contains(name) => reply::ok(&sound(name)),
        _ => reply::not_found("Sound not found"),
    }
}

fn sound(name: &str) -> Value {
    json!({ "id": name, "formats": [{ "language": "en", "format": "gsm" }] })
}
