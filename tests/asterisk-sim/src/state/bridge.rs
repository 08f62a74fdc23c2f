//! Bridges, and channels that enter and leave them.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{World, channel::Party, now, playback::Media};

/// A bridge.
pub(crate) struct Bridge {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) created: String,
    pub(crate) channels: Vec<String>,
    pub(crate) music: bool,
    pub(crate) video_source: Option<String>,
    pub(crate) variables: std::collections::HashMap<String, String>,
    pub(crate) media: VecDeque<Media>,
    /// Names of the channels that Asterisk itself puts in, to play or record: the others see them.
    pub(crate) helpers: Vec<String>,
    /// It is being destroyed: who is still in it is not told who else is.
    going: bool,
}

impl Bridge {
    /// As it stands in events and answers.
    pub(crate) fn json(&self) -> Value {
        let holding = self.kind.split(',').any(|kind| kind.trim() == "holding");
        let mut json = json!({
            "id": self.id,
            "technology": if holding { "holding_bridge" } else { "simple_bridge" },
            "bridge_type": if holding { "holding" } else { "mixing" },
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": self.name,
            "channels": self.channels,
            "creationtime": self.created,
            "video_mode": if self.video_source.is_some() { "single" } else { "talker" },
        });
        if let Some(source) = &self.video_source {
            json["video_source_id"] = source.clone().into();
        }
        json
    }
}

impl World {
    /// Makes a bridge. The application learns of it once one of its channels is in it.
    pub(crate) fn add_bridge(&mut self, id: &str, kind: &str, name: &str) {
        let bridge = Bridge {
            id: id.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            created: now(),
            channels: Vec::new(),
            music: false,
            video_source: None,
            variables: std::collections::HashMap::new(),
            media: VecDeque::new(),
            helpers: Vec::new(),
            going: false,
        };
        self.bridges.insert(id.to_owned(), bridge);
        self.bridge_event(id, "BridgeCreated", json!({}));
    }

    pub(crate) fn enter_bridge(&mut self, channel: &str, bridge: &str) {
        let Some(found) = self.channels.get(channel) else { return };
        let application = found.stasis.clone();
        if found.bridge.as_deref() == Some(bridge) {
            return;
        }
        self.take_out(channel);
        if let Some(found) = self.channels.get_mut(channel) {
            found.bridge = Some(bridge.to_owned());
        }
        if let Some(found) = self.bridges.get_mut(bridge) {
            found.channels.push(channel.to_owned());
        }
        if let Some(application) = application {
            self.subscribe_bridge(&application, bridge);
        }
        self.crossing_event(channel, bridge, "ChannelEnteredBridge");
        self.tell_peers(bridge);
    }

    /// A channel is taken out of its bridge, which its application then follows no longer. (When the channel
    /// leaves by hanging up or going on in the dialplan, Asterisk forgets to unsubscribe.)
    pub(crate) fn take_out(&mut self, channel: &str) {
        let Some(found) = self.channels.get(channel) else { return };
        let (application, bridge) = (found.stasis.clone(), found.bridge.clone());
        self.leave_bridge(channel);
        if let (Some(application), Some(bridge)) = (application, bridge) {
            self.unsubscribe_bridge(&application, &bridge);
        }
    }

    pub(crate) fn leave_bridge(&mut self, channel: &str) {
        let Some(found) = self.channels.get_mut(channel) else { return };
        let Some(bridge) = found.bridge.take() else { return };
        self.forget_peers(channel);
        if let Some(found) = self.bridges.get_mut(&bridge) {
            found.channels.retain(|id| id != channel);
        }
        self.crossing_event(channel, &bridge, "ChannelLeftBridge");
        self.tell_peers(&bridge);
    }

    fn forget_peers(&mut self, channel: &str) {
        let Some(found) = self.channels.get(channel) else { return };
        if found.variables.get("BRIDGEPEER").is_some_and(|peers| !peers.is_empty()) {
            self.set_variable(channel, "BRIDGEPEER", "");
        }
    }

    /// Each channel in a bridge has the names of the others in a variable.
    fn tell_peers(&mut self, bridge: &str) {
        let Some(found) = self.bridges.get(bridge) else { return };
        let (members, helpers) = (found.channels.clone(), found.helpers.clone());
        if found.going || members.len() + helpers.len() < 2 {
            return;
        }
        for member in &members {
            let others = members.iter().filter(|other| *other != member);
            let others = others.filter_map(|other| self.channels.get(other)).map(|other| other.name.as_str());
            let others = helpers.iter().map(String::as_str).chain(others).collect::<Vec<_>>().join(",");
            self.set_variable(member, "BRIDGEPEER", &others);
        }
    }

    /// A channel of Asterisk's own joins, to play or record. Returns its name.
    pub(crate) fn helper_joins(&mut self, bridge: &str, what: &str) -> String {
        let name = format!("{what}-{:08x};2", self.fresh_name_number());
        let Some(found) = self.bridges.get_mut(bridge) else { return name };
        found.helpers.push(name.clone());
        let alone = found.channels.first().filter(|_| found.channels.len() == 1).cloned();
        self.tell_peers(bridge);
        if let Some(alone) = alone {
            if let Some(channel) = self.channels.get_mut(&alone) {
                channel.connected = Party::default();
            }
            self.channel_event(&alone, "ChannelConnectedLine", json!({}));
        }
        name
    }

    pub(crate) fn helper_leaves(&mut self, bridge: &str, what: &str) {
        let Some(found) = self.bridges.get_mut(bridge) else { return };
        let Some(at) = found.helpers.iter().position(|name| name.starts_with(what)) else { return };
        found.helpers.remove(at);
        self.tell_peers(bridge);
    }

    pub(crate) fn destroy_bridge(&mut self, id: &str) {
        let Some(bridge) = self.bridges.get_mut(id) else { return };
        bridge.going = true;
        let members = bridge.channels.clone();
        for member in &members {
            self.forget_peers(member);
        }
        for member in &members {
            self.take_out(member);
        }
        self.end_bridge_media(id);
        self.bridge_event(id, "BridgeDestroyed", json!({}));
        self.bridges.remove(id);
        for application in self.applications.values_mut() {
            application.bridges.remove(id);
        }
    }
}
