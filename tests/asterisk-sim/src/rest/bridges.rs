//! `/bridges`.

use serde_json::{Value, json};

use super::{Params, media, reply};
use crate::{
    server::http::Reply,
    state::{World, playback::Place},
};

/// The properties a bridge's type may name.
const TYPES: &[&str] =
    &["mixing", "holding", "dtmf_events", "proxy_media", "video_sfu", "video_single", "sdp_label"];

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    match (method, parts) {
        ("GET", []) => reply::ok(&Value::Array(world.bridges.values().map(|bridge| bridge.json()).collect())),
        ("POST", []) => create(world, params.filled("bridgeId"), params),
        ("POST", [id]) => create(world, Some((*id).to_owned()), params),
        (_, [id, rest @ ..]) => {
            let Some(bridge) = world.bridges.get(*id) else {
                // Asterisk writes the reason with a small letter here, but for GET.
                let reason = if method == "GET" { "Not Found" } else { "Not found" };
                return reply::error(404, reason, "Bridge not found");
            };
            match (method, rest) {
                ("GET", []) => reply::ok(&bridge.json()),
                ("DELETE", []) => {
                    world.destroy_bridge(id);
                    reply::done()
                }
                ("POST", ["addChannel"]) => add(world, id, params),
                ("POST", ["removeChannel"]) => remove(world, id, params),
                ("POST", ["videoSource", channel]) => set_video_source(world, id, Some(channel)),
                ("DELETE", ["videoSource"]) => set_video_source(world, id, None),
                (_, ["variable"]) => variable(world, method, id, params),
                (_, ["moh"]) => music(world, id, method == "POST"),
                ("POST", ["play"]) => {
                    media::play(world, Place::Bridge((*id).to_owned()), params.filled("playbackId"), params)
                }
                ("POST", ["play", playback]) => {
                    media::play(world, Place::Bridge((*id).to_owned()), Some((*playback).to_owned()), params)
                }
                ("POST", ["record"]) => media::record(world, Place::Bridge((*id).to_owned()), params),
                _ => reply::not_found("Resource not found"),
            }
        }
        _ => reply::not_found("Resource not found"),
    }
}

fn create(world: &mut World, id: Option<String>, params: &Params) -> Reply {
    let kind = params.filled("type").unwrap_or_else(|| "mixing".into());
    if !kind.split(',').all(|kind| TYPES.contains(&kind.trim())) {
        let id = id.as_deref().unwrap_or("(null)");
        let message = format!("The bridge {id} was not made");
        return reply::error(500, "Internal Error", &message);
    }
    if let Some(id) = &id
        && world.bridges.contains_key(id)
    {
        return reply::conflict(&format!("There is a bridge {id}"));
    }
    let id = id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    world.add_bridge(&id, &kind, &params.text("name").unwrap_or_default());
    reply::ok(&world.bridges.get(&id).map(|bridge| bridge.json()).unwrap_or_default())
}

/// The channels that a request names; or why they will not do.
fn named(world: &World, params: &Params) -> Result<Vec<String>, Box<Reply>> {
    let channels = params.list("channel");
    if channels.is_empty() {
        return Err(Box::new(reply::bad_request("There is no channel")));
    }
    for id in &channels {
        match world.channels.get(id) {
            None => return Err(Box::new(reply::bad_request("Channel not found"))),
            Some(channel) if channel.stasis.is_none() => {
                return Err(Box::new(reply::unprocessable("The channel is not in Stasis")));
            }
            Some(_) => {}
        }
    }
    Ok(channels)
}

fn add(world: &mut World, id: &str, params: &Params) -> Reply {
    match named(world, params) {
        Ok(channels) => {
            for channel in channels {
                world.enter_bridge(&channel, id);
            }
            reply::done()
        }
        Err(refusal) => *refusal,
    }
}

fn remove(world: &mut World, id: &str, params: &Params) -> Reply {
    let channels = match named(world, params) {
        Ok(channels) => channels,
        Err(refusal) => return *refusal,
    };
    let inside = |channel: &String| {
        world.channels.get(channel).is_some_and(|channel| channel.bridge.as_deref() == Some(id))
    };
    if !channels.iter().all(inside) {
        return reply::unprocessable("The channel is not in the bridge");
    }
    for channel in channels {
        world.take_out(&channel);
    }
    reply::done()
}

fn set_video_source(world: &mut World, id: &str, channel: Option<&str>) -> Reply {
    if channel.is_some_and(|channel| !world.channels.contains_key(channel)) {
        return reply::bad_request("Channel not found");
    }
    let Some(bridge) = world.bridges.get_mut(id) else { return reply::not_found("Bridge not found") };
    let old = std::mem::replace(&mut bridge.video_source, channel.map(str::to_owned));
    if old != bridge.video_source {
        let fields = old.map_or(json!({}), |old| json!({ "old_video_source_id": old }));
        world.bridge_event(id, "BridgeVideoSourceChanged", fields);
    }
    reply::done()
}

fn variable(world: &mut World, method: &str, id: &str, params: &Params) -> Reply {
    let Some(name) = params.filled("variable") else {
        return reply::bad_request("There is no variable");
    };
    let Some(bridge) = world.bridges.get_mut(id) else { return reply::not_found("Bridge not found") };
    if method == "GET" {
        return match bridge.variables.get(&name) {
            Some(value) => reply::ok(&json!({ "value": value })),
            None => reply::not_found("The variable is not set"),
        };
    }
    bridge.variables.insert(name, params.text("value").unwrap_or_default());
    reply::done()
}

fn music(world: &mut World, id: &str, on: bool) -> Reply {
    let Some(bridge) = world.bridges.get_mut(id) else { return reply::not_found("Bridge not found") };
    if !on && !bridge.music {
        return reply::conflict("There is no music in the bridge");
    }
    if bridge.music != on {
        bridge.music = on;
        if on {
            world.helper_joins(id, "Announcer/ARI_MOH");
        } else {
            world.helper_leaves(id, "Announcer/ARI_MOH");
        }
    }
    reply::done()
}
