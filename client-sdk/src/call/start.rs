//! What a handler wants to know of a StasisStart, read once.

use serde::{Deserialize, Deserializer};

/// A name and a number, either of which may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[non_exhaustive]
pub struct Party {
    /// The name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The number.
    #[serde(default, deserialize_with = "or_default")]
    pub number: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Start {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) args: Vec<String>,
    pub(super) channel: StartChannel,
}

#[derive(Debug, Deserialize)]
pub(super) struct StartChannel {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) caller: Party,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) dialplan: Dialplan,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Dialplan {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) exten: String,
}

impl Start {
    /// Reads the JSON of one.
    pub(super) fn read(body: &str) -> Result<Self, String> {
        let start = serde_json::from_str::<Self>(body).map_err(|error| error.to_string()).and_then(|start| {
            if start.channel.id.is_empty() { Err("its channel has no id".to_owned()) } else { Ok(start) }
        });
        start.map_err(|problem| format!("its StasisStart is unusable: {problem}"))
    }
}

/// A call is not turned away for a null in what its handler may never look at.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_channel_is_needed_to_begin_a_call() {
        for rest in
            ["", r#","caller":null,"dialplan":null"#, r#","caller":{"name":null},"dialplan":{"exten":null}"#]
        {
            let start = Start::read(&format!(r#"{{"args":null,"channel":{{"id":"1"{rest}}}}}"#)).unwrap();
            assert_eq!((start.args.len(), &start.channel.caller), (0, &Party::default()));
        }
        for unusable in ["", "[]", "{}", r#"{"channel":{"id":""}}"#, r#"{"channel":{"id":1}}"#] {
            assert!(Start::read(unusable).is_err(), "{unusable}");
        }
    }
}
