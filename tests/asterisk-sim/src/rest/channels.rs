//! `/channels`: what is done to a channel that is there. Making channels is in `originate`.

use serde_json::{Value, json};

use super::{Params, media, originate, reply};
use crate::{
    server::http::Reply,
    state::{
        World,
        lifecycle::By,
        playback::{Media, Place},
    },
};

/// The names that a hangup's reason may have, and the causes they stand for.
const REASONS: &[(&str, u16)] = &[
    ("normal", 16),
    ("busy", 17),
    ("congestion", 34),
    ("no_answer", 19),
    ("timeout", 18),
    ("rejected", 21),
    ("unallocated", 1),
    ("normal_unspecified", 31),
    ("number_incomplete", 28),
    ("codec_mismatch", 58),
    ("interworking", 127),
    ("failure", 38),
    ("answered_elsewhere", 26),
];

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    match (method, parts) {
        ("GET", []) => {
            reply::ok(&Value::Array(world.channels.values().map(|channel| channel.json()).collect()))
        }
        ("POST", []) => originate::originate(world, None, params),
        ("POST", ["create"]) => originate::create(world, params),
        ("POST", ["externalMedia"]) => originate::external_media(world, params),
        ("POST", [id]) => originate::originate(world, Some(id), params),
        (_, [id, rest @ ..]) => match world.channels.get(*id) {
            None => reply::not_found("Channel not found"),
            Some(channel) => match (method, rest) {
                ("GET", []) => reply::ok(&channel.json()),
                ("DELETE", []) => hang_up(world, id, params),
                ("GET", ["variable"]) => variable(world, id, params),
                ("POST", ["variable"]) => set_variable(world, id, params),
                ("POST", ["snoop"]) => originate::snoop(world, id, params.filled("snoopId"), params),
                ("POST", ["snoop", snoop]) => originate::snoop(world, id, Some((*snoop).to_owned()), params),
                _ if channel.stasis.is_none() => reply::conflict("The channel is not in Stasis"),
                _ => in_stasis(world, method, id, rest, params),
            },
        },
        _ => reply::not_found("Resource not found"),
    }
}

/// What needs the channel to be in Stasis.
fn in_stasis(world: &mut World, method: &str, id: &str, rest: &[&str], params: &Params) -> Reply {
    match (method, rest) {
        ("POST", ["answer"]) => {
            if world.channels.get(id).is_some_and(|channel| channel.state == "Down") {
                return reply::error(412, "Precondition Failed", "The channel is not yet dialled");
            }
            world.answer(id);
            reply::done()
        }
        ("POST", ["continue"]) => {
            let text = |name| params.text(name).unwrap_or_default();
            let priority = match params.filled("label") {
                // A label may be a priority; no extension here has any other.
                Some(label) => match label.parse() {
                    Ok(priority) => priority,
                    Err(_) => return reply::not_found("Requested label can not be found"),
                },
                None => params.number("priority").unwrap_or(0),
            };
            let (context, extension) = (text("context"), text("extension"));
            // What leads out of Stasis waits until the channel has played and recorded what it was told to.
            world.enqueue(&Place::Channel(id.to_owned()), Media::Continue { context, extension, priority });
            reply::done()
        }
        ("POST", ["move"]) => {
            let Some(application) = params.filled("app") else {
                // A real Asterisk 22.10 crashes on this.
                return reply::bad_request("There is no app");
            };
            let args = params.list("appArgs");
            world.enqueue(&Place::Channel(id.to_owned()), Media::Move { application, args });
            reply::done()
        }
        ("POST", ["dial"]) => {
            if world.channels.get(id).is_some_and(|channel| channel.state != "Down") {
                return reply::conflict("The channel is dialled already");
            }
            originate::dial(world, id, params);
            reply::done()
        }
        ("POST", ["redirect"]) => redirect(world, id, params),
        ("POST", ["dtmf"]) => dtmf(world, id, params),
        ("POST" | "DELETE", ["mute"]) => match params.text("direction").as_deref() {
            None | Some("") => reply::bad_request("There is no direction"),
            Some("in" | "out" | "both") => reply::done(),
            Some(_) => reply::bad_request("That is no direction"),
        },
        ("POST", ["play"]) => media::play_on_channel(world, id, params.filled("playbackId"), params),
        ("POST", ["play", playback]) => {
            media::play_on_channel(world, id, Some((*playback).to_owned()), params)
        }
        ("POST", ["record"]) => media::record_channel(world, id, params),
        // Ringing, hold, music, silence and progress are heard by the far end, and no event tells of them.
        _ => reply::done(),
    }
}

fn hang_up(world: &mut World, id: &str, params: &Params) -> Reply {
    let cause = match (params.filled("reason_code"), params.filled("reason")) {
        (Some(_), Some(_)) => {
            return reply::bad_request("Give reason or reason_code, not both");
        }
        (Some(code), None) => match code.parse() {
            Ok(cause) => cause,
            Err(_) => {
                let message = "That is no cause";
                return reply::error(400, "Invalid Reason Code", message);
            }
        },
        (None, None) => params.number("reason_code").map_or(16, |code| code as u16),
        (None, Some(reason)) => match REASONS.iter().find(|(name, _)| *name == reason) {
            Some((_, cause)) => *cause,
            None => {
                return reply::error(400, "Invalid Reason", "That is no reason");
            }
        },
    };
    world.hang_up(id, cause, By::Ari);
    reply::done()
}

fn variable(world: &World, id: &str, params: &Params) -> Reply {
    let Some(name) = params.filled("variable") else {
        return reply::bad_request("There is no variable");
    };
    let Some(channel) = world.channels.get(id) else { return reply::not_found("Channel not found") };
    let value = channel.variables.get(&name).cloned().or_else(|| match name.as_str() {
        "CHANNEL(state)" => Some(channel.state.to_owned()),
        "CHANNEL(name)" => Some(channel.name.clone()),
        "CHANNEL(language)" => Some("en".into()),
        "CALLERID(num)" => Some(channel.caller.number.clone()),
        "CALLERID(name)" => Some(channel.caller.name.clone()),
        "UNIQUEID" => Some(channel.id.clone()),
        _ => None,
    });
    match value {
        Some(value) => reply::ok(&json!({ "value": value })),
        None => reply::error(404, "Variable Not Found", "The variable is not set"),
    }
}

fn set_variable(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(name) = params.filled("variable") else {
        return reply::bad_request("There is no variable");
    };
    world.set_variable(id, &name, &params.text("value").unwrap_or_default());
    reply::done()
}

fn redirect(world: &World, id: &str, params: &Params) -> Reply {
    let Some(endpoint) = params.filled("endpoint") else {
        return reply::error(400, "Not Found", "There is no endpoint");
    };
    let own = world.channels.get(id).map(|channel| channel.technology().to_owned()).unwrap_or_default();
    let asked = endpoint.split('/').next().unwrap_or_default();
    if !asked.eq_ignore_ascii_case(&own) {
        return reply::unprocessable(&format!("A {own} channel cannot be sent to {asked}"));
    }
    reply::done()
}

/// Digits go to the far end. Of a `Local/` pair that is the other half, which reports them.
fn dtmf(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(digits) = params.filled("dtmf") else {
        return reply::bad_request("There is no dtmf");
    };
    if let Some(peer) = world.channels.get(id).and_then(|channel| channel.peer.clone()) {
        world.digits(&peer, &digits);
    }
    reply::done()
}
