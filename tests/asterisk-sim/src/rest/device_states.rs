//! `/deviceStates`: the `Stasis:` devices are ARI's own, all others are only looked at.

use serde_json::{Value, json};

use super::{Params, reply};
use crate::{
    server::http::Reply,
    state::{World, application::Subject},
};

const STATES: &[&str] =
    &["NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD", "UNKNOWN"];

pub(crate) fn answer(world: &mut World, method: &str, parts: &[&str], params: &Params) -> Reply {
    let [name] = parts else {
        let all = world.device_states.iter().map(|(name, state)| device(name, state)).collect();
        return reply::ok(&Value::Array(all));
    };
    let ours = name.starts_with("Stasis:");
    match method {
        "GET" => {
            let unknown = if ours { "UNKNOWN" } else { "INVALID" };
            let state = world.device_states.get(*name).map_or(unknown, String::as_str);
            reply::ok(&device(name, state))
        }
        _ if !ours => reply::conflict("Only Stasis: devices can be set"),
        "PUT" => match params.filled("deviceState").filter(|state| STATES.contains(&state.as_str())) {
            None => reply::error(500, "Internal Server Error", "The device has no such state"),
            Some(state) => {
                world.device_states.insert((*name).to_owned(), state.clone());
                tell(world, name, &state);
                reply::done()
            }
        },
        _ => {
            world.device_states.remove(*name);
            reply::done()
        }
    }
}

fn device(name: &str, state: &str) -> Value {
    json!({ "name": name, "state": state })
}

fn tell(world: &mut World, name: &str, state: &str) {
    world.emit(Subject::Device(name), "DeviceStateChanged", json!({ "device_state": device(name, state) }));
}
