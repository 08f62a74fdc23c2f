//! `/endpoints`: those that the options name.

use serde_json::{Value, json};

use super::reply;
use crate::{server::http::Reply, state::World};

pub(crate) fn answer(world: &World, parts: &[&str]) -> Reply {
    match parts {
        [] => reply::ok(&list(world, None)),
        ["PJSIP"] => reply::ok(&list(world, Some("PJSIP"))),
        [technology] => reply::not_found(&format!("There is no technology {technology}")),
        [technology, resource, ..] => match endpoint(world, technology, resource) {
            Some(endpoint) => reply::ok(&endpoint),
            None => reply::not_found("Endpoint not found"),
        },
    }
}

fn list(world: &World, technology: Option<&str>) -> Value {
    let split = world.options.endpoints.iter().filter_map(|name| name.split_once('/'));
    let wanted = split.filter(|(own, _)| technology.is_none_or(|technology| technology == *own));
    Value::Array(wanted.filter_map(|(technology, name)| endpoint(world, technology, name)).collect())
}

/// An endpoint with the channels it has.
pub(crate) fn endpoint(world: &World, technology: &str, resource: &str) -> Option<Value> {
    let name = format!("{technology}/{resource}");
    if !world.options.endpoints.contains(&name) {
        return None;
    }
    let prefix = format!("{name}-");
    let own = world.channels.values().filter(|channel| channel.name.starts_with(&prefix));
    Some(json!({
        "technology": technology,
        "resource": resource,
        "state": "online",
        "channel_ids": own.map(|channel| channel.id.as_str()).collect::<Vec<_>>(),
    }))
}
