//! Channels that ARI makes out of nothing: snooping on another channel, and external media.

use serde_json::{Value, json};

use super::World;

impl World {
    /// A channel that listens to, or whispers to, another. Returns it as the answer has it.
    pub(crate) fn snoop(&mut self, on: &str, id: &str, application: &str, args: &[String]) -> Value {
        let number = self.fresh_name_number();
        let made = self.add_channel(id.to_owned(), format!("Snoop/{on}-{number:08x}"), "Up").json();
        self.channel_event(id, "ChannelCreated", json!({}));
        self.enter_stasis(id, application, args);
        made
    }

    /// A channel whose media go to a host outside. Returns it as the answer has it.
    pub(crate) fn external_media(
        &mut self,
        id: &str,
        host: &str,
        format: &str,
        application: &str,
        variables: &[(String, String)],
    ) -> Value {
        let number = self.fresh_name_number();
        let channel =
            self.add_channel(id.to_owned(), format!("UnicastRTP/{host}-0x7f00{number:08x}"), "Down");
        channel.dialled = true;
        channel.position.application = "AppDial2".into();
        channel.position.data = "(Outgoing Line)".into();
        let mut made = channel.json();
        let mut shown = json!({ "UNICASTRTP_LOCAL_ADDRESS": "127.0.0.1", "UNICASTRTP_LOCAL_PORT": "28000" });
        for (name, value) in variables {
            shown[name] = value.clone().into();
            channel.variables.insert(name.clone(), value.clone());
        }
        made["channelvars"] = shown;
        self.channel_event(id, "ChannelCreated", json!({}));
        self.subscribe_channel(application, id);
        let dialled = format!("{host}/c({format})");
        self.dial_event(id, "", &dialled);
        self.set_state(id, "Up");
        self.dial_event(id, "ANSWER", &dialled);
        self.enter_stasis(id, application, &[]);
        made
    }
}
