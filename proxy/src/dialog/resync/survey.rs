//! What Asterisk says that there is.

use std::collections::{HashMap, HashSet};

use ari_bus::protocol::{Object, ObjectKind};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tracing::warn;

use super::super::{Context, registry::Bound};
use crate::{asterisk::request::Request, limits::RESYNC};

/// What there is of one application, and beside it.
#[derive(Debug, Default)]
pub(in super::super) struct Survey {
    /// The channels that the application is subscribed to: those in it, and those being called for it.
    listed: HashSet<String>,
    channels: HashMap<String, Channel>,
    /// Bridges, with the channels in each.
    bridges: HashMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Channel {
    /// As Asterisk has it.
    json: Box<RawValue>,
    /// The dialplan application that it runs, with its arguments; unknown to Asterisk before 16.3.
    runs: Option<(String, String)>,
}

#[derive(Deserialize)]
struct ReadChannel {
    id: String,
    #[serde(default)]
    dialplan: Dialplan,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dialplan {
    app_name: Option<String>,
    app_data: Option<String>,
}

#[derive(Deserialize)]
struct ReadBridge {
    id: String,
    #[serde(default)]
    channels: Vec<String>,
}

impl Survey {
    /// Asks Asterisk until it has answered everything; `None` if the proxy stops before.
    pub(in super::super) async fn take(context: &Context, application: &str) -> Option<Self> {
        // One that Asterisk does not know has no channels.
        let listed = ask(context, &["applications", application], read_listed).await?.unwrap_or_default();
        // Asked later: what is in neither has ended, whatever happened in between.
        let channels = ask(context, &["channels"], read_channels).await?.unwrap_or_default();
        let bridges = ask(context, &["bridges"], read_bridges).await?.unwrap_or_default();
        Some(Self { listed, channels, bridges })
    }

    /// Whether a channel is in the application, or is being called for it.
    pub(in super::super) fn lists(&self, channel: &str) -> bool {
        self.listed.contains(channel)
    }

    /// A channel as Asterisk has it.
    pub(in super::super) fn channel(&self, id: &str) -> Option<&RawValue> {
        self.channels.get(id).map(|channel| &*channel.json)
    }

    /// The arguments with which a channel entered the application, if it is in it.
    pub(in super::super) fn entered(&self, application: &str, id: &str) -> Option<Vec<String>> {
        let (name, arguments) = self.channels.get(id)?.runs.as_ref()?;
        let mut arguments = arguments.split(',').map(str::to_owned);
        let enters = name == "Stasis" && arguments.next()? == application && self.lists(id);
        enters.then(|| arguments.collect())
    }

    /// The channels in the application, and those being called for it.
    pub(in super::super) fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(String::as_str).filter(|id| self.channels.contains_key(*id))
    }

    /// The bridges in which there are some of these channels and no others.
    pub(in super::super) fn bridges_of(&self, channels: &[String]) -> Vec<String> {
        let theirs =
            |inside: &Vec<String>| !inside.is_empty() && inside.iter().all(|id| channels.contains(id));
        self.bridges.iter().filter(|(_, inside)| theirs(inside)).map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn has_bridge(&self, id: &str) -> bool {
        self.bridges.contains_key(id)
    }
}

/// Which of these playbacks and recordings have ended; `None` if the proxy stops before Asterisk has told.
pub(super) async fn ended(context: &Context, bound: &[Bound]) -> Option<HashSet<Object>> {
    let mut ended = HashSet::new();
    for Bound { object, .. } in bound {
        let path = match object.kind {
            ObjectKind::Playback => &["playbacks", &object.id][..],
            ObjectKind::Recording => &["recordings", "live", &object.id][..],
            ObjectKind::Channel | ObjectKind::Bridge => continue,
        };
        if ask(context, path, |_| Some(())).await?.is_none() {
            ended.insert(object.clone());
        }
    }
    Some(ended)
}

/// What Asterisk answers to one question; inside, `None` where it has no such thing (404).
async fn ask<T>(context: &Context, path: &[&str], read: impl Fn(&[u8]) -> Option<T>) -> Option<Option<T>> {
    let question = Request::own(Method::GET, path);
    let mut said = false;
    loop {
        match context.rest.ask(&question, RESYNC, &context.stop).await {
            Some(answer) if answer.status == 404 => return Some(None),
            Some(answer) => {
                if let Some(read) = read(&answer.body) {
                    return Some(Some(read));
                }
                warn!(url = question.url, "Asterisk's answer after a gap cannot be read; asking again");
                tokio::time::sleep(RESYNC).await;
            }
            None if context.stop.is_cancelled() => return None,
            None if std::mem::replace(&mut said, true) => {}
            None => {
                warn!(
                    url = question.url,
                    "Asterisk does not tell what it still has after the gap; asking on: calls that ended meanwhile do not end here before it does"
                );
            }
        }
    }
}

fn read_listed(body: &[u8]) -> Option<HashSet<String>> {
    let application: Value = serde_json::from_slice(body).ok()?;
    let listed = application.get("channel_ids")?.as_array()?.iter();
    Some(listed.filter_map(|id| id.as_str().map(str::to_owned)).collect())
}

fn read_channels(body: &[u8]) -> Option<HashMap<String, Channel>> {
    let channels: Vec<Box<RawValue>> = serde_json::from_slice(body).ok()?;
    let read = channels.into_iter().filter_map(|json| {
        let ReadChannel { id, dialplan } = serde_json::from_str(json.get()).ok()?;
        let runs = dialplan.app_name.map(|name| (name, dialplan.app_data.unwrap_or_default()));
        Some((id, Channel { json, runs }))
    });
    Some(read.collect())
}

fn read_bridges(body: &[u8]) -> Option<HashMap<String, Vec<String>>> {
    let bridges: Vec<ReadBridge> = serde_json::from_slice(body).ok()?;
    Some(bridges.into_iter().map(|bridge| (bridge.id, bridge.channels)).collect())
}

#[cfg(test)]
impl Survey {
    /// What Asterisk would answer, without asking it.
    pub(super) fn of(listed: &[&str], channels: &Value, bridges: &Value) -> Self {
        Self {
            listed: listed.iter().map(|id| (*id).to_owned()).collect(),
            channels: read_channels(channels.to_string().as_bytes()).unwrap_or_default(),
            bridges: read_bridges(bridges.to_string().as_bytes()).unwrap_or_default(),
        }
    }
}
