//! `/recordings`, live and stored.

use serde_json::Value;

use super::{Params, reply};
use crate::{server::http::Reply, state::World};

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    match parts {
        ["live", name, rest @ ..] => live(world, method, name, rest),
        ["stored"] => {
            let all = world.stored_recordings.iter().map(|(name, recording)| recording.json(name)).collect();
            reply::ok(&Value::Array(all))
        }
        ["stored", name, rest @ ..] => stored(world, method, name, rest, params),
        _ => reply::not_found("Resource not found"),
    }
}

fn live(world: &mut World, method: &str, name: &str, rest: &[&str]) -> Reply {
    let Some(recording) = world.live_recordings.get_mut(name) else {
        return reply::not_found("Recording not found");
    };
    match (method, rest) {
        ("GET", []) => return reply::ok(&recording.json(name)),
        ("DELETE", []) => world.finish_recording(name, false),
        ("POST", ["stop"]) => world.finish_recording(name, true),
        ("POST", ["pause"]) => recording.state = "paused",
        ("DELETE", ["pause"]) => recording.state = "recording",
        _ => {}
    }
    reply::done()
}

fn stored(world: &mut World, method: &str, name: &str, rest: &[&str], params: &Params) -> Reply {
    let Some(recording) = world.stored_recordings.get(name) else {
        return reply::not_found("Recording not found");
    };
    match (method, rest) {
        ("GET", []) => reply::ok(&recording.json(name)),
        ("DELETE", []) => {
            world.stored_recordings.remove(name);
            reply::done()
        }
        ("GET", ["file"]) => {
            let mut file = reply::ok(&Value::Null);
            file.content_type = Some(format!("audio/{}", recording.format));
            file.body = recording.data.clone();
            file
        }
        _ => {
            let Some(copy) = params.filled("destinationRecordingName") else {
                return reply::error(400, "Bad request", "The copy needs a name");
            };
            if world.stored_recordings.contains_key(&copy) {
                return reply::conflict("There is a recording of that name");
            }
            let recording = recording.clone();
            let answer = reply::ok(&recording.json(&copy));
            world.stored_recordings.insert(copy, recording);
            answer
        }
    }
}
