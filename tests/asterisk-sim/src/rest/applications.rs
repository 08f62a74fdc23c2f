//! `/applications`: what an application is subscribed to, and which events it lets through.

use serde_json::Value;

use super::{Params, reply};
use crate::{server::http::Reply, state::World};

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    let [name, rest @ ..] = parts else {
        let names: Vec<String> = world.applications.keys().cloned().collect();
        let all = names.iter().filter_map(|name| world.application_json(name)).collect();
        return reply::ok(&Value::Array(all));
    };
    if !world.applications.contains_key(*name) {
        return reply::not_found("Application not found");
    }
    let refusal = match rest {
        ["subscription"] => subscription(world, method == "POST", name, params),
        ["eventFilter"] => event_filter(world, name, params),
        _ => None,
    };
    refusal.unwrap_or_else(|| reply::ok(&world.application_json(name).unwrap_or_default()))
}

fn subscription(world: &mut World, add: bool, name: &str, params: &Params) -> Option<Reply> {
    let sources = params.list("eventSource");
    if sources.is_empty() {
        return Some(reply::bad_request("There is no eventSource"));
    }
    for source in &sources {
        let (scheme, id) = source.split_once(':').unwrap_or((source, ""));
        let exists = match scheme {
            "channel" => world.channels.contains_key(id),
            "bridge" => world.bridges.contains_key(id),
            "endpoint" => id.contains('/') || !id.is_empty(),
            "deviceState" => true,
            _ => return Some(reply::bad_request("Events have no such source")),
        };
        if add && !exists {
            return Some(reply::unprocessable("The source is not there"));
        }
        let changed =
            if add { subscribe(world, name, scheme, id) } else { unsubscribe(world, name, scheme, id) };
        if !changed {
            return Some(reply::unprocessable("There was no such subscription"));
        }
    }
    None
}

fn subscribe(world: &mut World, name: &str, scheme: &str, id: &str) -> bool {
    match scheme {
        "channel" => world.subscribe_channel(name, id),
        "bridge" => world.subscribe_bridge(name, id),
        _ => {
            let Some(application) = world.applications.get_mut(name) else { return true };
            let set =
                if scheme == "endpoint" { &mut application.endpoints } else { &mut application.devices };
            set.insert(id.to_owned());
        }
    }
    true
}

fn unsubscribe(world: &mut World, name: &str, scheme: &str, id: &str) -> bool {
    match scheme {
        "channel" => world.unsubscribe_channel(name, id),
        "bridge" => world.unsubscribe_bridge(name, id),
        _ => world.applications.get_mut(name).is_some_and(|application| match scheme {
            "endpoint" => application.endpoints.remove(id),
            _ => application.devices.remove(id),
        }),
    }
}

/// The body is the filter. Without one the filter is taken away.
fn event_filter(world: &mut World, name: &str, params: &Params) -> Option<Reply> {
    let list = |key: &str| match params.json().and_then(|json| json.get(key)) {
        None => Some(Vec::new()),
        Some(Value::Array(entries)) if entries.iter().all(|entry| entry["type"].is_string()) => {
            Some(entries.clone())
        }
        Some(_) => None,
    };
    let (Some(allowed), Some(disallowed)) = (list("allowed"), list("disallowed")) else {
        return Some(reply::bad_request("That is no filter"));
    };
    if let Some(application) = world.applications.get_mut(name) {
        application.allowed = allowed;
        application.disallowed = disallowed;
    }
    None
}
