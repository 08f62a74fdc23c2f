//! What a handler wants to know of a StasisStart, read once.

use serde::Deserialize;

use crate::Event;

/// A name and a number, either of which may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Party {
    /// The name.
    pub name: String,
    /// The number.
    pub number: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    pub(super) args: Vec<String>,
    pub(super) channel: StartChannel,
}

#[derive(Debug, Deserialize)]
pub(super) struct StartChannel {
    pub(super) id: String,
    #[serde(default)]
    pub(super) caller: Party,
    #[serde(default)]
    pub(super) dialplan: Dialplan,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dialplan {
    pub(super) exten: String,
}

impl Start {
    pub(super) fn read(event: &Event) -> Result<Self, String> {
        let start: Self = serde_json::from_str(event.body()).map_err(|error| error.to_string())?;
        if start.channel.id.is_empty() { Err("its channel has no id".to_owned()) } else { Ok(start) }
    }
}
