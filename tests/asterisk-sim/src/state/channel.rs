//! A channel: what ARI shows of it, and what the simulator has to know besides.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::{World, application::Subject, call::CallWatch, dial::Dialling, now, playback::Media};

/// Where in the dialplan a channel is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub(crate) context: String,
    pub(crate) extension: String,
    pub(crate) priority: i64,
    pub(crate) application: String,
    pub(crate) data: String,
}

/// A name and a number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) number: String,
}

impl Party {
    fn json(&self) -> Value {
        json!({ "name": self.name, "number": self.number })
    }

    /// From `Bob <123>`, `<123>` or `123`.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('<') {
            Some((name, number)) => Self {
                name: name.trim().trim_matches('"').to_owned(),
                number: number.trim_end().trim_end_matches('>').to_owned(),
            },
            None if text.chars().all(|c| c.is_ascii_digit() || c == '+') => {
                Self { name: String::new(), number: text.to_owned() }
            }
            None => Self { name: text.to_owned(), number: String::new() },
        }
    }
}

/// A channel.
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) serial: u64,
    pub(crate) name: String,
    /// As ARI writes it: `Down`, `Ring`, `Ringing`, `Up`, `Busy`.
    pub(crate) state: &'static str,
    pub(crate) protocol_id: String,
    pub(crate) caller: Party,
    pub(crate) connected: Party,
    pub(crate) position: Position,
    pub(crate) created: String,
    pub(crate) variables: BTreeMap<String, String>,
    /// The application it is in.
    pub(crate) stasis: Option<String>,
    /// It has been in Stasis, and `STASISSTATUS` is still to be set.
    pub(crate) owes_status: bool,
    /// It runs the dialplan, as a call from a phone does.
    pub(crate) runs_dialplan: bool,
    /// Made by a dial: its dialplan application reads `AppDial2` once nothing else runs on it.
    pub(crate) dialled: bool,
    /// The dial under way on it, or, after a create, still to be asked for.
    pub(crate) dialling: Option<Dialling>,
    /// The other half of a `Local/` pair.
    pub(crate) peer: Option<String>,
    pub(crate) bridge: Option<String>,
    /// What it plays or records, one after the other; the first is under way.
    pub(crate) media: VecDeque<Media>,
    pub(crate) call: Option<CallWatch>,
}

impl Channel {
    /// As it stands in events and answers.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": self.protocol_id,
            "caller": self.caller.json(),
            "connected": self.connected.json(),
            "accountcode": "",
            "dialplan": {
                "context": self.position.context,
                "exten": self.position.extension,
                "priority": self.position.priority,
                "app_name": self.position.application,
                "app_data": self.position.data,
            },
            "creationtime": self.created,
            "language": "en",
        })
    }

    /// The watch on it; on a channel that no phone made, it begins now.
    pub(crate) fn watch(&mut self) -> &CallWatch {
        self.call.get_or_insert_with(|| {
            let watch = CallWatch::new();
            if self.state == "Up" {
                watch.answered();
            }
            if let Some(application) = &self.stasis {
                watch.entered(application);
            }
            watch
        })
    }

    /// `PJSIP` of `PJSIP/bob-00000001`.
    pub(crate) fn technology(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }
}

impl World {
    /// Adds a channel. ARI tells its making only to those who subscribed to everything.
    pub(crate) fn add_channel(&mut self, id: String, name: String, state: &'static str) -> &mut Channel {
        let serial = self.fresh_serial();
        let position =
            Position { context: "default".into(), extension: "s".into(), priority: 1, ..Position::default() };
        let channel = Channel {
            id: id.clone(),
            serial,
            name,
            state,
            protocol_id: String::new(),
            caller: Party::default(),
            connected: Party::default(),
            position,
            created: now(),
            variables: BTreeMap::new(),
            stasis: None,
            owes_status: false,
            runs_dialplan: false,
            dialled: false,
            dialling: None,
            peer: None,
            bridge: None,
            media: VecDeque::new(),
            call: None,
        };
        self.channels.remove(&id);
        self.channels.entry(id).or_insert(channel)
    }

    pub(crate) fn set_state(&mut self, id: &str, state: &'static str) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        if channel.state == state {
            return;
        }
        channel.state = state;
        if state == "Up"
            && let Some(call) = &channel.call
        {
            call.answered();
        }
        self.channel_event(id, "ChannelStateChange", json!({}));
        match state {
            "Up" => self.device_event(id, "INUSE"),
            "Ringing" => self.device_event(id, "RINGING"),
            _ => {}
        }
    }

    pub(crate) fn set_variable(&mut self, id: &str, name: &str, value: &str) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        // A function, such as CALLERID(name), is not a variable: no event tells of it.
        if name.ends_with(')') {
            channel.variables.insert(name.to_owned(), value.to_owned());
            return;
        }
        channel.variables.insert(name.to_owned(), value.to_owned());
        self.channel_event(id, "ChannelVarset", json!({ "variable": name, "value": value }));
    }

    /// The state of a device follows its channels.
    pub(crate) fn device_event(&mut self, id: &str, state: &str) {
        let Some(channel) = self.channels.get(id) else { return };
        let known = match channel.technology() {
            "PJSIP" => true,
            // Of these pairs only the end is told.
            "Local" => state == "NOT_INUSE",
            _ => false,
        };
        let Some((device, _)) = channel.name.rsplit_once('-').filter(|_| known) else { return };
        let device = device.to_owned();
        let fields = json!({ "device_state": { "name": device, "state": state } });
        self.emit(Subject::Device(&device), "DeviceStateChanged", fields);
    }

    /// The channel runs this application of the dialplan.
    pub(crate) fn set_dialplan(&mut self, id: &str, application: &str, data: &str) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        channel.position.application = application.to_owned();
        channel.position.data = data.to_owned();
        let fields = json!({ "dialplan_app": application, "dialplan_app_data": data });
        self.channel_event(id, "ChannelDialplan", fields);
    }

    /// Runs `action` later, if the channel is still there and still the same one.
    pub(crate) fn later_on(
        &mut self,
        id: &str,
        delay: std::time::Duration,
        action: impl FnOnce(&mut World, &str) + Send + 'static,
    ) {
        let Some(serial) = self.channels.get(id).map(|channel| channel.serial) else { return };
        let id = id.to_owned();
        self.after(delay, move |world| {
            if world.channels.get(&id).is_some_and(|channel| channel.serial == serial) {
                action(world, &id);
            }
        });
    }
}
