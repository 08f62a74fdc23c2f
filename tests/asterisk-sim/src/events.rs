//! The shape that all events share, and the parts that recur in them.

use serde_json::{Value, json};

use crate::state::{World, application::Subject, now};

impl World {
    /// An event as text, but for the application's name.
    pub(crate) fn event(&self, kind: &str, mut fields: Value) -> String {
        fields["type"] = kind.into();
        fields["timestamp"] = now().into();
        fields["asterisk_id"] = self.options.asterisk_id.clone().into();
        fields.to_string()
    }

    /// An event about a channel, which stands in it as it is now.
    pub(crate) fn channel_event(&mut self, id: &str, kind: &str, mut fields: Value) {
        let Some(channel) = self.channels.get(id) else { return };
        fields["channel"] = channel.json();
        self.emit(Subject::Channel(id), kind, fields);
    }

    /// An event about a bridge.
    pub(crate) fn bridge_event(&mut self, id: &str, kind: &str, mut fields: Value) {
        let Some(bridge) = self.bridges.get(id) else { return };
        fields["bridge"] = bridge.json();
        self.emit(Subject::Bridge(id), kind, fields);
    }

    /// A channel enters or leaves a bridge.
    pub(crate) fn crossing_event(&mut self, channel: &str, bridge: &str, kind: &str) {
        let (Some(channel_now), Some(bridge_now)) = (self.channels.get(channel), self.bridges.get(bridge))
        else {
            return;
        };
        let fields = json!({ "channel": channel_now.json(), "bridge": bridge_now.json() });
        self.emit(Subject::ChannelAndBridge(channel, bridge), kind, fields);
    }

    /// How dialling goes: the one event whose channel is called `peer`.
    pub(crate) fn dial_event(&mut self, id: &str, status: &str, dialled: &str) {
        let Some(channel) = self.channels.get(id) else { return };
        let fields =
            json!({ "dialstatus": status, "forward": "", "dialstring": dialled, "peer": channel.json() });
        self.emit(Subject::Channel(id), "Dial", fields);
    }
}
