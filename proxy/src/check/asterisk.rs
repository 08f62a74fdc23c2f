//! Asterisk: whether it is there, lets us in, lets us act, and has what the configuration asks for.

use std::{io, net::SocketAddr};

use ari_bus::protocol::Answer;
use reqwest::Method;
use serde_json::Value;
use tokio::{net::TcpListener, time::timeout};
use uuid::Uuid;

use super::{
    Finding, PROBE,
    applications::{Application, State},
    versions::{MOVES, OLDEST, Version},
};
use crate::{
    asterisk::{
        request::Request,
        rest::Rest,
        websocket::{self, Probed},
    },
    config::{Config, RestWay},
};

/// What was found.
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    pub(super) applications: Vec<Application>,
}

pub(super) async fn look(config: &Config) -> Looked {
    let rest = match Rest::new(config) {
        Ok(rest) => rest,
        Err(error) => {
            let finding = Finding::bad("asterisk", format!("{}: {error}", config.stasis_url));
            return Looked { findings: vec![finding], applications: Vec::new() };
        }
    };
    let (rest, websocket) = tokio::join!(look_at_rest(config, &rest), look_at_websocket(config, &rest));
    let Rested { mut findings, version, applications } = rest;
    let (finding, rides) = websocket;
    findings.push(finding);
    findings.extend(too_old(config, version, rides));
    Looked { findings, applications }
}

/// What REST tells.
struct Rested {
    findings: Vec<Finding>,
    version: Option<Version>,
    applications: Vec<Application>,
}

async fn look_at_rest(config: &Config, rest: &Rest) -> Rested {
    let nothing =
        |finding: Finding| Rested { findings: vec![finding], version: None, applications: Vec::new() };
    let url = &config.stasis_url;
    let bad = |text: String| Finding::bad("asterisk", text);
    let info = match ask(rest, &Request::own(Method::GET, &["asterisk", "info"])).await {
        Ok(info) => info,
        Err(why) => {
            let hint = "is Asterisk running, with `enabled = yes` in http.conf and ari.conf, and is stasis_url right?";
            return nothing(bad(format!("{url}: {why}")).hint(hint));
        }
    };
    let said: Value = serde_json::from_slice(&info.body).unwrap_or_default();
    let version = match (info.status, said["system"]["version"].as_str()) {
        (200, Some(version)) => version.to_owned(),
        (401 | 403, _) => {
            let text = format!("{url} refuses ws_user {:?} with ws_password", config.ws_user);
            let hint = format!("compare them with [{}] in ari.conf", config.ws_user);
            return nothing(bad(text).hint(hint));
        }
        (404, _) => {
            let hint = "it looks like http://HOST:8088/ari; `prefix` in http.conf comes before /ari";
            return nothing(bad(format!("there is no ARI at {url} (404)")).hint(hint));
        }
        (status, _) => {
            return nothing(bad(format!("{url} answers with status {status}, and not as an Asterisk")));
        }
    };
    let mut findings = vec![Finding::good("asterisk", format!("Asterisk {version} at {url}"))];
    findings.push(look_at_user(config, rest).await);
    let applications = look_at_applications(config, rest).await;
    Rested { findings, version: Version::read(&version), applications }
}

/// Whether the user may act: a channel that cannot be there is answered. Who may only read is refused before anybody looks for it.
async fn look_at_user(config: &Config, rest: &Rest) -> Finding {
    let user = &config.ws_user;
    let nobody = format!("ari-proxy-check-{}", Uuid::now_v7().simple());
    match ask(rest, &Request::own(Method::POST, &["channels", &nobody, "answer"])).await {
        Ok(answer) if answer.status == 404 => Finding::good("ari user", format!("{user:?} may read and act")),
        Ok(answer) if answer.status == 403 => Finding::bad(
            "ari user",
            format!("{user:?} may only read: every command of a worker would be refused"),
        )
        .hint(format!("take `read_only = yes` out of [{user}] in ari.conf, then `module reload res_ari`")),
        Ok(answer) => Finding::warning(
            "ari user",
            format!(
                "whether {user:?} may act is not known: a command was answered with status {}",
                answer.status
            ),
        ),
        Err(why) => Finding::bad("ari user", format!("whether {user:?} may act is not known: {why}")),
    }
}

async fn look_at_applications(config: &Config, rest: &Rest) -> Vec<Application> {
    let asking = config.applications.iter().map(async |name| {
        let state = match ask(rest, &Request::own(Method::GET, &["applications", name])).await {
            Ok(answer) if answer.status == 404 => State::Free,
            Ok(answer) if answer.status == 200 => {
                let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                State::Registered { channels: said["channel_ids"].as_array().map_or(0, Vec::len) }
            }
            Ok(answer) => State::Unknown(format!("status {}", answer.status)),
            Err(why) => State::Unknown(why),
        };
        Application { name: name.clone(), state }
    });
    futures_util::future::join_all(asking).await
}

async fn ask(rest: &Rest, request: &Request) -> Result<Answer, String> {
    match timeout(PROBE, rest.send(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {PROBE:?}")),
    }
}

/// Opens a websocket under a name that nobody else has; says whether requests are answered there, where that was wanted.
async fn look_at_websocket(config: &Config, rest: &Rest) -> (Finding, Option<bool>) {
    let subject = "websocket";
    let name = format!("ari-proxy-check-{}", Uuid::now_v7().simple());
    let wants = config.asterisk.rest == Some(RestWay::Websocket);
    let url = &config.websocket_url;
    match timeout(PROBE, websocket::probe(config, rest, &name, wants)).await {
        Ok(Ok(Probed { rides })) => (Finding::good(subject, format!("events come from {url}")), rides),
        Ok(Err(why)) => {
            let hint = "it looks like ws://HOST:8088/ari/events, with the same user as stasis_url";
            (Finding::bad(subject, format!("{url}: {why}")).hint(hint), None)
        }
        Err(_) => (Finding::bad(subject, format!("{url}: no answer within {PROBE:?}")), None),
    }
}

/// What is configured and this Asterisk cannot do.
fn too_old(config: &Config, version: Option<Version>, rides: Option<bool>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let named = version.map_or_else(|| "this Asterisk".to_owned(), |version| format!("Asterisk {version}"));
    match rides {
        Some(true) => findings.push(Finding::good("asterisk.rest", "commands are answered on the websocket")),
        Some(false) => findings.push(
            Finding::warning(
                "asterisk.rest",
                format!("{named} answers no commands on its websocket: they go over HTTP"),
            )
            .hint("that takes Asterisk 20.14, 22.4 or later, and no event filter that keeps RESTResponse back; or leave asterisk.rest away"),
        ),
        None => {}
    }
    let Some(version) = version else { return findings };
    if version < OLDEST {
        findings.push(
            Finding::warning(
                "asterisk",
                format!("Asterisk {version} is older than what the proxy is tested with"),
            )
            .hint(format!("{OLDEST} is the oldest")),
        );
    }
    if config.dialog.unanswered.moves().next().is_some() && !version.has(&MOVES) {
        findings.push(
            Finding::bad(
                "dialog.unanswered",
                format!("Asterisk {version} cannot move calls to another application"),
            )
            .hint("that takes Asterisk 16.3 or later (13.26 in its branch); use continue or hangup"),
        );
    }
    findings
}

/// Whether Asterisks can dial in where they are to.
pub(super) async fn look_at_port(address: SocketAddr, acts: bool) -> Finding {
    let subject = "websocket_listen";
    match TcpListener::bind(address).await {
        Ok(_) => Finding::good(subject, format!("{address} is free")),
        Err(error) if acts && error.kind() == io::ErrorKind::AddrInUse => {
            Finding::good(subject, format!("{address} is in use, and a proxy of this configuration runs"))
        }
        Err(error) => Finding::bad(subject, format!("{address} cannot be listened on: {error}")).hint(
            "another program has the port, or websocket_listen.address is not an address of this machine",
        ),
    }
}
