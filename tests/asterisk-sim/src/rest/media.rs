//! Playing and recording, on channels and bridges alike.

use std::time::Duration;

use super::{Params, reply};
use crate::{
    server::http::Reply,
    state::{World, playback::Place, recording::RECORDER},
};

/// Media formats that this Asterisk has.
const FORMATS: &[&str] = &["wav", "wav16", "gsm", "ulaw", "alaw", "slin", "slin16", "g722", "opus"];

pub(crate) fn is_format(format: &str) -> bool {
    FORMATS.contains(&format)
}

pub(crate) fn play_on_channel(
    world: &mut World,
    channel: &str,
    playback: Option<String>,
    params: &Params,
) -> Reply {
    play(world, Place::Channel(channel.to_owned()), playback, params)
}

pub(crate) fn play(world: &mut World, place: Place, playback: Option<String>, params: &Params) -> Reply {
    let media = params.list("media");
    let id = playback.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    if media.is_empty() || world.playbacks.contains_key(&id) {
        return reply::error(500, "Internal Server Error", "There is nothing to play");
    }
    let language = params.filled("lang").unwrap_or_else(|| "en".into());
    let queued = world.play(place, &id, media, &language);
    reply::created(&format!("/playbacks/{id}"), &queued)
}

pub(crate) fn record_channel(world: &mut World, channel: &str, params: &Params) -> Reply {
    record(world, Place::Channel(channel.to_owned()), params)
}

pub(crate) fn record(world: &mut World, place: Place, params: &Params) -> Reply {
    let Some(name) = params.filled("name") else {
        return reply::error(500, "Internal Server Error", "There is no name");
    };
    let format = params.filled("format").unwrap_or_default();
    if !is_format(&format) {
        return reply::unprocessable("There is no such format");
    }
    let if_exists = params.filled("ifExists").unwrap_or_else(|| "fail".into());
    if !["fail", "overwrite", "append"].contains(&if_exists.as_str()) {
        return reply::bad_request("That is no ifExists");
    }
    let in_the_way = world.live_recordings.contains_key(&name)
        || if_exists == "fail" && world.stored_recordings.contains_key(&name);
    if in_the_way {
        if let Place::Bridge(bridge) = &place {
            // Asterisk looks at the name only once its recorder is in the bridge.
            world.helper_joins(bridge, RECORDER);
            world.helper_leaves(bridge, RECORDER);
        }
        return reply::conflict(&format!("There is a recording {name}"));
    }
    let limit = params.number("maxDurationSeconds").and_then(|seconds| u64::try_from(seconds).ok());
    let limit = limit.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let queued = world.record(place, &name, &format, limit);
    reply::created(&format!("/recordings/live/{name}"), &queued)
}
