//! `/events/user/{name}`: a client lets Asterisk send an event of the client's own.

use serde_json::{Value, json};

use super::{Params, endpoints, reply};
use crate::{server::http::Reply, state::World};

pub(crate) fn answer(world: &mut World, parts: &[&str], params: &Params) -> Reply {
    let ["user", name] = parts else { return reply::not_found("Resource not found") };
    let Some(application) = params.filled("application") else {
        return reply::bad_request("There is no application");
    };
    if !world.applications.contains_key(&application) {
        return reply::not_found("Application not found");
    }
    let mut fields = json!({ "eventname": name });
    for source in params.list("source") {
        let (scheme, id) = source.split_once(':').unwrap_or((&source, ""));
        let found = match scheme {
            "channel" => world.channels.get(id).map(|channel| channel.json()),
            "bridge" => world.bridges.get(id).map(|bridge| bridge.json()),
            "endpoint" => {
                id.split_once('/').and_then(|(technology, name)| endpoints::endpoint(world, technology, name))
            }
            _ => return reply::bad_request("Events have no such source"),
        };
        match found {
            Some(object) => fields[scheme] = object,
            None => return reply::unprocessable("The source is not there"),
        }
    }
    // Unlike elsewhere, variables may be of any type here.
    let mut event = match params.json().and_then(|json| json.get("variables")) {
        Some(Value::Object(variables)) => Value::Object(variables.clone()),
        _ => json!({}),
    };
    event["eventname"] = (*name).into();
    fields["userevent"] = event;
    world.emit_to(&application, "ChannelUserevent", fields);
    reply::done()
}
