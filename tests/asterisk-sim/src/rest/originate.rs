//! Making channels: originate, create, dial, snoop, external media.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Params, reply};
use crate::{
    server::http::Reply,
    state::{
        World,
        channel::Party,
        dial::{DialError, Originate, Target},
    },
};

/// How long an originate rings when nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// `POST /channels` and `POST /channels/{id}`.
pub(crate) fn originate(world: &mut World, id: Option<&str>, params: &Params) -> Reply {
    let endpoint = match endpoint(params) {
        Ok(endpoint) => endpoint,
        Err(refusal) => return *refusal,
    };
    let application = params.filled("app");
    let target = match (&application, params.filled("extension")) {
        (Some(name), _) => Target::Application { name: name.clone(), args: args(params) },
        (None, Some(extension)) => Target::Extension {
            context: params.filled("context").unwrap_or_else(|| "default".into()),
            extension,
            priority: params.number("priority").filter(|priority| *priority > 0).unwrap_or(1),
        },
        (None, None) => return reply::bad_request("Neither app nor extension is given"),
    };
    let timeout = match params.number("timeout") {
        None | Some(0) => Some(DEFAULT_TIMEOUT),
        Some(seconds) => u64::try_from(seconds).ok().map(Duration::from_secs),
    };
    let ask = Originate {
        endpoint,
        id: id.map(str::to_owned).or_else(|| params.filled("channelId")),
        other_id: params.filled("otherChannelId"),
        caller: params.filled("callerId").map(|caller| Party::parse(&caller)),
        variables: params.variables(),
        application,
        target,
    };
    match make(world, ask) {
        Ok((id, made)) => {
            // Asterisk dials on a thread of its own, so that events may come before or after the answer.
            world.later_on(&id, Duration::ZERO, move |world, id| world.start_dial(id, timeout));
            reply::ok(&made)
        }
        Err(refusal) => *refusal,
    }
}

/// `POST /channels/create`: into Stasis first, dialled later.
pub(crate) fn create(world: &mut World, params: &Params) -> Reply {
    let endpoint = match endpoint(params) {
        Ok(endpoint) => endpoint,
        Err(refusal) => return *refusal,
    };
    let application = params.filled("app");
    let ask = Originate {
        endpoint,
        id: params.filled("channelId"),
        other_id: params.filled("otherChannelId"),
        caller: None,
        variables: params.variables(),
        application: application.clone(),
        target: Target::AlreadyInStasis,
    };
    match make(world, ask) {
        Ok((id, made)) => {
            if let Some(application) = application {
                world.run_stasis(&id, &application, &args(params));
            }
            reply::ok(&made)
        }
        Err(refusal) => *refusal,
    }
}

/// `POST /channels/{id}/dial`.
pub(crate) fn dial(world: &mut World, id: &str, params: &Params) {
    let timeout = params.number("timeout").filter(|seconds| *seconds > 0);
    let timeout = timeout.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    world.later_on(id, Duration::ZERO, move |world, id| world.start_dial(id, timeout));
}

/// `POST /channels/{id}/snoop`.
pub(crate) fn snoop(world: &mut World, on: &str, id: Option<String>, params: &Params) -> Reply {
    let direction = |name: &str| params.filled(name).filter(|direction| direction != "none");
    let (spy, whisper) = (direction("spy"), direction("whisper"));
    if spy.is_none() && whisper.is_none() {
        return reply::bad_request("Neither spy nor whisper is given");
    }
    if [spy, whisper].iter().flatten().any(|direction| !["in", "out", "both"].contains(&direction.as_str())) {
        return reply::bad_request("That is no direction for spy or whisper");
    }
    let Some(application) = params.filled("app") else {
        return reply::bad_request("There is no app");
    };
    let id = id.unwrap_or_else(|| world.fresh_channel_id());
    if world.channels.contains_key(&id) {
        return reply::error(500, "Internal error", "The snooping channel was not made");
    }
    reply::ok(&world.snoop(on, &id, &application, &args(params)))
}

/// `POST /channels/externalMedia`.
pub(crate) fn external_media(world: &mut World, params: &Params) -> Reply {
    let Some(application) = params.filled("app") else {
        return reply::bad_request("app cannot be empty");
    };
    let Some(host) = params.filled("external_host") else {
        return reply::bad_request("external_host is required for all but websocket server connections");
    };
    let Some(format) = params.filled("format") else {
        return reply::bad_request("format cannot be empty");
    };
    if !super::media::is_format(&format) {
        let message = "There is no such format";
        return reply::error(500, "Internal Server Error", message);
    }
    let id = params.filled("channelId").unwrap_or_else(|| world.fresh_channel_id());
    if world.channels.contains_key(&id) {
        return id_taken();
    }
    reply::ok(&world.external_media(&id, &host, &format, &application, &params.variables()))
}

fn make(world: &mut World, ask: Originate) -> Result<(String, Value), Box<Reply>> {
    let id = world.make_outgoing(ask).map_err(|error| {
        Box::new(match error {
            DialError::IdTaken => id_taken(),
            // The one error whose body is different.
            DialError::Unknown => {
                reply::with_json(500, "Internal Server Error", &json!({ "error": "Allocation failed" }))
            }
        })
    })?;
    let made = world.channels.get(&id).map(|channel| channel.json()).unwrap_or_default();
    Ok((id, made))
}

fn id_taken() -> Reply {
    reply::conflict("The channel's id is taken")
}

fn endpoint(params: &Params) -> Result<String, Box<Reply>> {
    match params.filled("endpoint") {
        None => Err(Box::new(reply::bad_request("There is no endpoint"))),
        Some(endpoint) if !endpoint.contains('/') => Err(Box::new(reply::bad_request("That is no endpoint"))),
        Some(endpoint) => Ok(endpoint),
    }
}

/// `appArgs` is one string with commas.
fn args(params: &Params) -> Vec<String> {
    params.filled("appArgs").map(|args| args.split(',').map(str::to_owned).collect()).unwrap_or_default()
}
