//! The bus: whether it is there, lets us in, and allows what the proxy does on it; and whether another process of the server acts.

use std::sync::Arc;

use ari_bus::{Bus, BusError, BusOptions, Link, LinkState, Retention, Topics, connect};
use bytes::Bytes;
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{Finding, Mark, PROBE};
use crate::{
    claim::Talk,
    config::{Config, MessageBus, Topology, without_credentials},
};

/// What was found.
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    /// Whether a process of this server runs and acts; none where it could not be asked.
    pub(super) acts: Option<bool>,
}

pub(super) async fn look(config: &Config) -> Looked {
    let name = match config.message_bus {
        MessageBus::Nats => "NATS",
        MessageBus::Rabbitmq => "RabbitMQ",
    };
    let place = without_credentials(config.bus_config.url.expose_secret());
    let options = BusOptions {
        client_name: format!("ari-proxy check {}", config.server_id),
        names: config.names(),
        security: config.bus_security(),
        deadline: PROBE,
        ..BusOptions::default()
    };
    let bad = |error: &dyn std::fmt::Display, hint: &str| Looked {
        findings: vec![Finding::bad("bus", format!("{name} at {place}: {error}")).hint(hint)],
        acts: None,
    };
    let bus = match connect(config.bus_config.url.expose_secret(), options) {
        Ok(bus) => bus,
        Err(error) => return bad(&error, "see bus_config in README.md"),
    };
    let looked = match reached(bus.link()).await {
        Err(why) => bad(&why, "is it running, and are address, user and password of bus_config.url right?"),
        Ok(()) => {
            let connected = Finding::good("bus", format!("connected to {name} at {place}"));
            let (permissions, acts) = permissions(config, &bus).await;
            Looked { findings: [vec![connected], permissions].concat(), acts }
        }
    };
    // What it leaves behind goes with the connection.
    let _ = timeout(PROBE, bus.close()).await;
    looked
}

/// How much longer is waited where one attempt has failed: of several servers another may be there.
const NEXT_SERVER: std::time::Duration = std::time::Duration::from_secs(1);

/// Waits for the connection; an error says why there is none.
pub(super) async fn reached(mut link: LinkState) -> Result<(), String> {
    let mut why = format!("no answer within {PROBE:?}");
    let mut until = Instant::now() + PROBE;
    loop {
        if link.is_up() {
            return Ok(());
        }
        match timeout_at(until, link.changed()).await {
            Ok(Link::Down(reason)) => {
                why = reason;
                until = until.min(Instant::now() + NEXT_SERVER);
            }
            Ok(Link::Up) => return Ok(()),
            Ok(Link::Closed) | Err(_) => return Err(why),
        }
    }
}

/// Tries what the proxy does, on topics that nobody else uses.
async fn permissions(config: &Config, bus: &Arc<dyn Bus>) -> (Vec<Finding>, Option<bool>) {
    let (names, server) = (config.names(), config.server_id.as_str());
    let process = Uuid::now_v7().simple().to_string();
    let (talk, _words) = Talk::new(Arc::clone(bus), &names, server, &process);
    let talk = Arc::new(talk);
    let own = names.proxy_inbox(server, &process);
    let hint = |verb: &str, topic: &str| {
        format!("the user of bus_config.url must be allowed to {verb} every topic that begins with {topic}")
    };
    let messages = match talk.subscribe().await {
        Ok(messages) => messages,
        Err(error) => {
            let topic = names.proxy_inbox(server, "");
            let topic = topic.trim_end_matches('.');
            return (vec![refused("reading its own topics", &error).hint(hint("read", topic))], None);
        }
    };
    let serving = Arc::clone(&talk);
    let _serving = AbortOnDropHandle::new(tokio::spawn(async move { serving.serve(messages).await }));
    let mut findings = Vec::new();
    if let Err(error) = bus.publish(&format!("{own}here"), Bytes::from_static(b"{}")).await {
        findings.push(refused("writing to topics", &error).hint(hint("write to", &own)));
    }
    findings.extend(version_1(config, bus, &process).await);
    if findings.is_empty() {
        findings.push(Finding::good("permissions", "topics can be read, written and made"));
    }
    findings.extend(workers(config, bus).await);
    // Asking would leave the queue of that topic behind, where nobody has made it yet.
    let acts = match bus.readers(&names.claim(server)).await {
        Ok(Some(0)) => false,
        _ => talk.somebody_acts().await,
    };
    findings.push(match acts {
        true => Finding::good("server_id", format!("a proxy of {server:?} runs and acts")),
        false => Finding::good("server_id", format!("no other process acts for {server:?}")),
    });
    (findings, Some(acts))
}

fn refused(what: &str, error: &BusError) -> Finding {
    Finding::bad("permissions", format!("{what} failed: {error}"))
}

/// The topics of version 1: those that the proxy reads, and on RabbitMQ the queues that it makes for each call.
async fn version_1(config: &Config, bus: &Arc<dyn Bus>, process: &str) -> Option<Finding> {
    if config.bus_config.topology == Topology::Shared {
        return None;
    }
    let all = config.names().all_commands(&config.server_id);
    let hint = format!(
        "the user of bus_config.url must be allowed to configure, read and write topics that begin with {all}"
    );
    let subscribed = bus.subscribe(Topics::Under(all.clone())).await;
    let topic = format!("{all}{process}");
    let tried = match subscribed {
        Ok(_subscription) => match bus.declare(&topic).await {
            Ok(Retention::Kept) => bus.delete(&topic).await,
            Ok(Retention::Dropped) => Ok(()),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    tried.err().map(|error| refused("making and reading topics of calls", &error).hint(hint))
}

/// Whether workers are there, on a bus that tells without being sent anything.
async fn workers(config: &Config, bus: &Arc<dyn Bus>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for application in &config.applications {
        let subject = format!("workers of {application}");
        let finding = match bus.readers(&config.names().application(application)).await {
            Ok(Some(0)) => Finding::warning(&subject, "none is there yet")
                .hint("calls wait for them until dialog.offer_deadline, and are then handled as dialog.unanswered says"),
            Ok(Some(workers)) => Finding::new(&subject, Mark::Good, format!("{workers} listen")),
            Ok(None) => continue,
            Err(error) => refused("asking for workers", &error),
        };
        findings.push(finding);
    }
    findings
}
