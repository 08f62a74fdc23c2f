//! A live log of calls, from the events of channels as they stand on the event stream: a line when one begins, when it is answered
//! and when it is over.

use std::collections::HashMap;

use serde_json::Value;

/// Calls that are up: who calls whom.
#[derive(Default)]
pub(crate) struct CallLog(HashMap<String, String>);

impl CallLog {
    /// Takes one message of the stream, `{"name","data"}`, and prints what it says of a call.
    pub(crate) fn note(&mut self, message: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Value>(message) else { return };
        let (name, event) = (message["name"].as_str().unwrap_or_default(), &message["data"]);
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let id = text("/channel/id").to_owned();
        let time = text("/timestamp").get(11..19).unwrap_or("        ");
        match name {
            "ChannelCreated" => {
                let or = |text: &str| if text.is_empty() { "?".to_owned() } else { text.to_owned() };
                let (caller, dialled) =
                    (or(text("/channel/caller/number")), or(text("/channel/dialplan/exten")));
                let call = format!("{caller} -> {dialled} ({})", text("/channel/name"));
                println!("{time} begins    {call}");
                self.0.insert(id, call);
            }
            "ChannelStateChange" if text("/channel/state") == "Up" => {
                println!(
                    "{time} answered  {}",
                    self.0.get(&id).map_or(text("/channel/name"), String::as_str)
                );
            }
            "ChannelDestroyed" => {
                let call = self.0.remove(&id).unwrap_or_else(|| text("/channel/name").to_owned());
                println!("{time} over      {call}: {}", text("/cause_txt"));
            }
            // What has ended meanwhile is told to nobody any more.
            "ProxyGap" => {
                println!("{time} events are missing: {}", text("/reason"));
                self.0.clear();
            }
            _ => {}
        }
    }
}
