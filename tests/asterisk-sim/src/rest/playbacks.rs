//! `/playbacks`.

use super::{Params, reply};
use crate::{server::http::Reply, state::World};

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    let [id, rest @ ..] = parts else { return reply::not_found("Resource not found") };
    let Some(playback) = world.playbacks.get(*id) else {
        return reply::not_found("Playback not found");
    };
    match (method, rest) {
        ("GET", []) => reply::ok(&playback.json(id)),
        ("DELETE", []) => {
            world.finish_playback(id, "done");
            reply::done()
        }
        _ => control(world, id, params),
    }
}

fn control(world: &mut World, id: &str, params: &Params) -> Reply {
    match params.text("operation").as_deref() {
        None => return reply::bad_request("There is no operation"),
        Some("pause") => world.pause_playback(id),
        Some("unpause") => world.unpause_playback(id),
        Some("restart") => world.restart_playback(id),
        // Short media have nowhere to wind to.
        Some("reverse" | "forward") => {}
        Some(other) => return reply::bad_request(&format!("There is no operation {other}")),
    }
    reply::done()
}
