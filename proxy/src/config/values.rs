//! How values are written in the configuration: durations, lists, the kind of bus.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

use super::MessageBus;

/// `"500ms"`, `"2s"`, `"1m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration = humantime::parse_duration(&text).map_err(|_| {
        D::Error::custom(format!("{text:?} is no duration such as \"500ms\", \"2s\" or \"1m\""))
    })?;
    if duration.is_zero() || duration > MAX_DURATION {
        return Err(D::Error::custom(format!("{text:?} is not between 1ns and 1day")));
    }
    Ok(duration)
}

/// Longer than any wait that makes sense here.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// A list of names; from the environment also as one text, separated by commas.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a list of names such as [\"hello\"]")]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::List(list) => list,
        Either::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
    })
}

impl<'de> Deserialize<'de> for MessageBus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match &*text.to_ascii_uppercase() {
            "NATS" => Ok(Self::Nats),
            "RABBITMQ" => Ok(Self::Rabbitmq),
            // Somebody's URL, and perhaps their password: it is not shown.
            text if text.contains("://") => Err(D::Error::custom(
                "is a URL, which belongs into bus_config.url: write \"NATS\" or \"RABBITMQ\" here",
            )),
            _ => Err(D::Error::custom(format!("{text:?} is not one bus: write \"NATS\" or \"RABBITMQ\""))),
        }
    }
}
