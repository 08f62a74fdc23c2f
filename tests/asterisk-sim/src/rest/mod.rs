//! The REST side of ARI: finds the resource, checks the method, and lets one file per resource answer.

mod applications;
mod asterisk;
mod bridges;
mod channels;
mod device_states;
mod endpoints;
mod events;
mod media;
mod originate;
pub(crate) mod params;
mod playbacks;
mod recordings;
pub(crate) mod reply;
mod routes;
mod socket;
mod sounds;

use bytes::Bytes;

use crate::{server::http::Reply, state::World};
pub(crate) use params::Params;
pub(crate) use socket::over_websocket;

/// A request as the resources see it.
pub(crate) struct ApiRequest<'a> {
    /// Below `/ari`, still percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) query: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a Bytes,
}

/// Acts on a request.
pub(crate) fn answer(world: &mut World, request: &ApiRequest<'_>) -> Reply {
    if let Some(path) = request.path.strip_suffix('/') {
        return reply::not_found(&format!("Without the slash: /ari{path}"));
    }
    let Ok(params) = Params::new(request.query, request.content_type, request.body) else {
        return reply::bad_request("The body is not what its type says");
    };
    let parts: Vec<String> = request.path.split('/').skip(1).map(params::decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some(methods) = routes::methods(&parts) else {
        return reply::not_found("Resource not found");
    };
    let allow = || ("Allow", format!("OPTIONS,{methods}").trim_end_matches(',').to_owned());
    if request.method == "OPTIONS" {
        let mut done = reply::done();
        done.headers.push(allow());
        return done;
    }
    if !methods.split(',').any(|method| method == request.method) {
        let mut wrong = reply::error(405, "Method Not Allowed", "The resource has no such method");
        wrong.headers.push(allow());
        return wrong;
    }
    let (resource, parts) = parts.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let method = request.method;
    match resource {
        "applications" => applications::answer(world, method, parts, &params),
        "asterisk" => asterisk::answer(world, method, parts, &params),
        "bridges" => bridges::answer(world, method, parts, &params),
        "channels" => channels::answer(world, method, parts, &params),
        "deviceStates" => device_states::answer(world, method, parts, &params),
        "endpoints" => endpoints::answer(world, parts),
        "events" => events::answer(world, parts, &params),
        "playbacks" => playbacks::answer(world, method, parts, &params),
        "recordings" => recordings::answer(world, method, parts, &params),
        "sounds" => sounds::answer(parts),
        _ => reply::not_found("Resource not found"),
    }
}
