//! Bridges, and channels that enter and leave them.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{World, now, playback::Media};

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
        if found.variables.get("BRIDGEPEER").is_some_and(|peers| !peers.is_empty()) {
            self.set_variable(channel, "BRIDGEPEER", "");
        }
        if let Some(found) = self.bridges.get_mut(&bridge) {
            found.channels.retain(|id| id != channel);
        }
        self.crossing_event(channel, &bridge, "ChannelLeftBridge");
        self.tell_peers(&bridge);
    }

    /// Each channel in a bridge has the names of the others in a variable.
    fn tell_peers(&mut self, bridge: &str) {
        let Some(found) = self.bridges.get(bridge) else { return };
        let members = found.channels.clone();
        if members.len() < 2 {
            return;
        }
        for member in &members {
            let others: Vec<&str> = members
                .iter()
                .filter(|other| *other != member)
                .filter_map(|other| self.channels.get(other).map(|channel| channel.name.as_str()))
                .collect();
            let others = others.join(",");
            self.set_variable(member, "BRIDGEPEER", &others);
        }
    }

    pub(crate) fn destroy_bridge(&mut self, id: &str) {
        self.end_bridge_media(id);
        let members = self.bridges.get(id).map(|bridge| bridge.channels.clone()).unwrap_or_default();
        for member in members {
            self.take_out(&member);
        }
        self.bridge_event(id, "BridgeDestroyed", json!({}));
        self.bridges.remove(id);
        for application in self.applications.values_mut() {
            application.bridges.remove(id);
        }
    }
}
