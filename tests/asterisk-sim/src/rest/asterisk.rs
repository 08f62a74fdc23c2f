//! `/asterisk`: what is asked of the whole machine.

use serde_json::{Value, json};

use super::{Params, reply};
use crate::{
    server::http::Reply,
    state::{World, application::Subject, now},
};

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    match parts {
        ["ping"] => reply::ok(&json!({
            "ping": "pong",
            "timestamp": now(),
            "asterisk_id": world.options.asterisk_id,
        })),
        ["info"] => info(world, params),
        _ => variable(world, method, params),
    }
}

fn info(world: &World, params: &Params) -> Reply {
    let mut all = json!({
        "build": {
            "os": "Linux",
            "kernel": "simulated",
            "machine": "simulated",
            "options": "OPTIONAL_API",
            "date": "2026-01-01 00:00:00 UTC",
            "user": "nobody",
        },
        "system": { "version": world.options.version, "entity_id": world.options.asterisk_id },
        "config": { "name": "", "default_language": "en", "setid": { "user": "", "group": "" } },
        "status": { "startup_time": world.started, "last_reload_time": world.started },
    });
    let only = params.list("only");
    if !only.is_empty()
        && let Value::Object(parts) = &mut all
    {
        parts.retain(|name, _| only.contains(name));
    }
    reply::ok(&all)
}

/// A global variable that is not set reads as empty.
fn variable(world: &mut World, method: &str, params: &Params) -> Reply {
    let Some(name) = params.filled("variable") else {
        return reply::bad_request("There is no variable");
    };
    if method == "GET" {
        let value = world.variables.get(&name).cloned().unwrap_or_default();
        return reply::ok(&json!({ "value": value }));
    }
    let value = params.text("value").unwrap_or_default();
    world.emit(Subject::Anything, "ChannelVarset", json!({ "variable": name, "value": value }));
    world.variables.insert(name, value);
    reply::done()
}
