//! Stasis applications: which socket gets their events, and what they are subscribed to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::World;
use crate::server::outbox::Outbox;

/// A Stasis application.
pub(crate) struct Application {
    /// The socket that gets its events. Without one the application is deactivated: its channels stay in
    /// Stasis, its events are thrown away, nothing new enters.
    pub(crate) socket: Option<Outbox>,
    pub(crate) subscribe_all: bool,
    /// How often it is subscribed: an originate counts once, being in Stasis once, asking for it once.
    pub(crate) channels: BTreeMap<String, u32>,
    pub(crate) bridges: BTreeMap<String, u32>,
    pub(crate) endpoints: BTreeSet<String>,
    pub(crate) devices: BTreeSet<String>,
    pub(crate) allowed: Vec<Value>,
    pub(crate) disallowed: Vec<Value>,
    /// Events nobody was there to get.
    pub(crate) thrown_away: u64,
}

impl Application {
    /// Whether this socket gets its events.
    pub(crate) fn owns(&self, socket: &Outbox) -> bool {
        self.socket.as_ref().is_some_and(|own| own.id() == socket.id())
    }

    /// Asterisk forgets an application that nobody is connected to and that follows nothing in particular.
    fn is_of_use(&self) -> bool {
        let follows_nothing = self.channels.is_empty()
            && self.bridges.is_empty()
            && self.endpoints.is_empty()
            && self.devices.is_empty();
        self.socket.is_some() || !follows_nothing
    }

    fn lets_through(&self, kind: &str) -> bool {
        let names = |list: &[Value]| list.iter().any(|entry| entry["type"] == kind);
        !names(&self.disallowed) && (self.allowed.is_empty() || names(&self.allowed))
    }
}

/// What an event is about: who is subscribed to that gets it.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Channel(&'a str),
    Bridge(&'a str),
    ChannelAndBridge(&'a str, &'a str),
    Device(&'a str),
    /// Nothing that can be subscribed to by itself.
    Anything,
}

impl World {
    /// A socket takes an application over. Whoever had it is told, and stays open. `subscribe_all` counts for
    /// an application that is new: Asterisk ignores it on one it still knows.
    pub(crate) fn register(&mut self, name: &str, socket: &Outbox, subscribe_all: bool) {
        let earlier = self.applications.get_mut(name).and_then(|application| application.socket.take());
        if let Some(earlier) = earlier {
            let event = self.event("ApplicationReplaced", json!({}));
            earlier.send_text(&finish(&event, name));
        }
        let application = self.applications.entry(name.to_owned()).or_insert_with(|| Application {
            socket: None,
            subscribe_all,
            channels: BTreeMap::new(),
            bridges: BTreeMap::new(),
            endpoints: BTreeSet::new(),
            devices: BTreeSet::new(),
            allowed: Vec::new(),
            disallowed: Vec::new(),
            thrown_away: 0,
        });
        application.socket = Some(socket.clone());
    }

    /// A socket is gone: the applications that were still its own are deactivated, and forgotten when
    /// nothing is subscribed any more.
    pub(crate) fn unregister(&mut self, socket: &Outbox) {
        self.applications.retain(|_, application| {
            if application.owns(socket) {
                application.socket = None;
            }
            application.is_of_use()
        });
    }

    pub(crate) fn is_active(&self, application: &str) -> bool {
        self.applications.get(application).is_some_and(|application| application.socket.is_some())
    }

    pub(crate) fn subscribe_channel(&mut self, application: &str, channel: &str) {
        if let Some(application) = self.applications.get_mut(application) {
            *application.channels.entry(channel.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn subscribe_bridge(&mut self, application: &str, bridge: &str) {
        if let Some(application) = self.applications.get_mut(application) {
            *application.bridges.entry(bridge.to_owned()).or_default() += 1;
        }
    }

    /// Takes one subscription back; false when there was none.
    pub(crate) fn unsubscribe_channel(&mut self, application: &str, channel: &str) -> bool {
        self.applications.get_mut(application).is_some_and(|found| take_one(&mut found.channels, channel))
    }

    /// As for a channel.
    pub(crate) fn unsubscribe_bridge(&mut self, application: &str, bridge: &str) -> bool {
        self.applications.get_mut(application).is_some_and(|found| take_one(&mut found.bridges, bridge))
    }

    /// Sends an event to every application that follows its subject.
    pub(crate) fn emit(&mut self, subject: Subject<'_>, kind: &str, fields: Value) {
        let follows = |application: &Application| {
            application.subscribe_all
                || match subject {
                    Subject::Channel(id) => application.channels.contains_key(id),
                    Subject::Bridge(id) => application.bridges.contains_key(id),
                    Subject::ChannelAndBridge(channel, bridge) => {
                        application.channels.contains_key(channel) || application.bridges.contains_key(bridge)
                    }
                    Subject::Device(name) => application.devices.contains(name),
                    Subject::Anything => false,
                }
        };
        if !self.applications.values().any(follows) {
            return;
        }
        let event = self.event(kind, fields);
        for (name, application) in &mut self.applications {
            if follows(application) {
                deliver(name, application, kind, &event);
            }
        }
    }

    /// Sends an event to one application, subscribed or not.
    pub(crate) fn emit_to(&mut self, application: &str, kind: &str, fields: Value) {
        let event = self.event(kind, fields);
        if let Some(found) = self.applications.get_mut(application) {
            deliver(application, found, kind, &event);
        }
    }

    pub(crate) fn application_json(&self, name: &str) -> Option<Value> {
        let application = self.applications.get(name)?;
        // A subscription to everything is listed under a name that no object has.
        let list = |ids: Vec<&String>, all: &str| -> Vec<String> {
            let all = application.subscribe_all.then(|| format!("__AST_{all}_ALL_TOPIC"));
            all.into_iter().chain(ids.into_iter().cloned()).collect()
        };
        Some(json!({
            "name": name,
            "channel_ids": list(application.channels.keys().collect(), "CHANNEL"),
            "bridge_ids": list(application.bridges.keys().collect(), "BRIDGE"),
            "endpoint_ids": list(application.endpoints.iter().collect(), "ENDPOINT"),
            "device_names": list(application.devices.iter().collect(), "DEVICE_STATE"),
            "events_allowed": application.allowed,
            "events_disallowed": application.disallowed,
        }))
    }
}

fn take_one(counts: &mut BTreeMap<String, u32>, id: &str) -> bool {
    match counts.get_mut(id) {
        None => return false,
        Some(count) if *count > 1 => *count -= 1,
        Some(_) => {
            counts.remove(id);
        }
    }
    true
}

fn deliver(name: &str, application: &mut Application, kind: &str, event: &str) {
    if !application.lets_through(kind) {
        return;
    }
    match &application.socket {
        Some(socket) => socket.send_text(&finish(event, name)),
        None => application.thrown_away += 1,
    }
}

/// An event is written once for all; only the application's name differs, and comes last.
fn finish(event: &str, application: &str) -> String {
    let open = event.strip_suffix('}').unwrap_or(event);
    format!("{open},\"application\":{}}}", Value::from(application))
}
