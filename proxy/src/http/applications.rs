//! The applications of the process's proxies: listed, added and removed while they run.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Site,
    health::{holder_name, instant},
    reply::Refusal,
};
use crate::{
    applications::change::{self, Refused},
    dialog::Context,
    proxy::state::Role,
};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/ari/amqp", get(list).post(add).delete(remove))
        .route("/ari/amqp/", get(list).post(add).delete(remove))
        // With slashes as well: whoever sends one is told what is wrong with it.
        .route("/ari/amqp/{*applicationName}", post(add_named).delete(remove_named))
}

/// Lists them, and who has each in Asterisk.
async fn list(State(site): State<Arc<Site>>) -> Json<Value> {
    let mut applications = Vec::new();
    for server in &site.servers {
        let now = server.now();
        // Only who acts, or has acted, knows that.
        let knows = !matches!(now.role.value, Role::Starting | Role::Standby);
        for listed in server.applications().list() {
            let holder = now.asterisk.get(&listed.name).filter(|_| knows);
            applications.push(json!({
                "application": listed.name,
                "server_id": server.server_id(),
                "configured": listed.configured,
                "dialogs": listed.dialogs,
                "stream": listed.stream,
                "kept": listed.kept,
                "state": holder.map(|holder| holder_name(holder.value)),
                "since": holder.map(|holder| instant(holder.since)),
            }));
        }
    }
    Json(Value::Array(applications))
}

type Answer = Result<StatusCode, Refusal>;
type Name = Result<Path<String>, PathRejection>;

async fn add(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, form: Bytes) -> Answer {
    added(&site, Asked::read(None, query.as_deref(), &form)?).await
}

async fn add_named(
    State(site): State<Arc<Site>>,
    name: Name,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Answer {
    added(&site, Asked::read(Some(name), query.as_deref(), &form)?).await
}

async fn remove(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, form: Bytes) -> Answer {
    removed(&site, Asked::read(None, query.as_deref(), &form)?).await
}

async fn remove_named(
    State(site): State<Arc<Site>>,
    name: Name,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Answer {
    removed(&site, Asked::read(Some(name), query.as_deref(), &form)?).await
}

async fn added(site: &Site, asked: Asked) -> Answer {
    let context = acting(site)?;
    let tasks = context.tasks.clone();
    // To its end, although the client may go away meanwhile.
    let work =
        tasks.spawn(async move { change::add(&context, &asked.name, asked.dialogs, asked.force).await });
    answer(work.await)
}

async fn removed(site: &Site, asked: Asked) -> Answer {
    let context = acting(site)?;
    let tasks = context.tasks.clone();
    let work = tasks.spawn(async move { change::remove(&context, &asked.name).await });
    answer(work.await)
}

fn answer(done: Result<Result<(), Refused>, tokio::task::JoinError>) -> Answer {
    match done {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(refused)) => Err(Refusal::new(status(&refused), refused.to_string())),
        Err(error) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("it broke off: {error}"))),
    }
}

fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Name(_) | Refused::Ours => StatusCode::BAD_REQUEST,
        Refused::Unknown => StatusCode::NOT_FOUND,
        Refused::Held | Refused::HasDialogs(_) | Refused::Configured | Refused::TooMany(_) => {
            StatusCode::CONFLICT
        }
        Refused::Unsettled | Refused::AsteriskAway | Refused::NotRegistered | Refused::HandingOver => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refused::NotKept(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The proxy whose applications can be changed.
fn acting(site: &Site) -> Result<Arc<Context>, Refusal> {
    let [server] = &site.servers[..] else { return Err(dials_in()) };
    if server.is_dialled() {
        return Err(dials_in());
    }
    let now = server.now();
    server.context().ok_or_else(|| match now.role.value {
        Role::Standby => Refusal::new(
            StatusCode::CONFLICT,
            format!(
                "this process stands by: ask the other one of server_id {:?}, which acts",
                server.server_id()
            ),
        ),
        _ => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "this process does not act now: see /readyz"),
    })
}

fn dials_in() -> Refusal {
    let text = "Asterisk dials in, and its own configuration decides: name the application in `apps` of its ari.conf";
    Refusal::new(StatusCode::CONFLICT, text)
}

/// What somebody asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    name: String,
    /// As it is, where nothing is said.
    dialogs: Option<bool>,
    force: bool,
}

impl Asked {
    /// From the path, the query and the form of the body, wherever each part stands.
    fn read(path: Option<Name>, query: Option<&str>, form: &[u8]) -> Result<Self, Refusal> {
        let bad = |text: String| Refusal::new(StatusCode::BAD_REQUEST, text);
        let path = path.transpose().map_err(|error| bad(error.body_text()))?;
        let mut asked = Self { name: path.map(|Path(name)| name).unwrap_or_default(), ..Self::default() };
        let fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        for (field, value) in fields.chain(form_urlencoded::parse(form)) {
            match &*field {
                "applicationName" if asked.name.is_empty() => asked.name = value.into_owned(),
                "applicationName" if asked.name != value => {
                    return Err(bad("two different applications are named".to_owned()));
                }
                "applicationName" => {}
                "dialogs" => asked.dialogs = Some(switch(&field, &value).map_err(bad)?),
                "force" => asked.force = switch(&field, &value).map_err(bad)?,
                _ => {
                    let shown: String = field.chars().take(MAX_SHOWN).collect();
                    let known = "applicationName, dialogs, force";
                    return Err(bad(format!("{shown:?} is no parameter; known here: {known}")));
                }
            }
        }
        Ok(asked)
    }
}

/// How much of a parameter that is none of ours is shown, in characters.
const MAX_SHOWN: usize = 40;

/// As Asterisk writes them in a query.
fn switch(field: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("`{field}` must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(path: Option<&str>, query: &str, form: &str) -> Result<Asked, String> {
        let path = path.map(|path| Ok(Path(path.to_owned())));
        let asked = Asked::read(path, Some(query), form.as_bytes());
        asked.map_err(|refusal| refusal.message)
    }

    #[test]
    fn the_name_stands_in_the_path_the_query_or_a_form() {
        let asked = |name: &str, dialogs| Ok(Asked { name: name.to_owned(), dialogs, force: false });
        assert_eq!(read(Some("a"), "", ""), asked("a", None));
        assert_eq!(read(Some("a"), "dialogs=true", "applicationName=a"), asked("a", Some(true)));
        assert_eq!(read(None, "applicationName=a%20b&dialogs=1", ""), asked("a b", Some(true)));
        assert_eq!(read(None, "dialogs=no", "applicationName=a"), asked("a", Some(false)));
        assert_eq!(read(None, "", ""), asked("", None));
        for (query, form, why) in [
            ("applicationName=b", "", "two different"),
            ("", "applicationName=b", "two different"),
            ("dialogs=maybe", "", "`dialogs` must be"),
            ("force", "", "`force` must be"),
            ("dialog=true", "", "\"dialog\" is no parameter"),
            ("", "{\"applicationName\":\"a\"}", "is no parameter"),
        ] {
            let told = read(Some("a"), query, form).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    proptest! {
        #[test]
        fn no_request_panics(query in ".{0,60}", form in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Asked::read(None, Some(&query), &form);
        }
    }
}
