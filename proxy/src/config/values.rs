//! How values are written in the configuration: durations, lists, numbers, the kind of bus.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Deserializer, de::Error};

use super::MessageBus;

/// `"500ms"`, `"2s"`, `"1m"`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration = humantime::parse_duration(&text).map_err(|_| {
        let problem = format!("{text:?} is no duration such as \"500ms\", \"2s\" or \"1m\"");
        D::Error::custom(without_url(&text, problem))
    })?;
    if duration.is_zero() || duration > MAX_DURATION {
        return Err(D::Error::custom(format!("{text:?} is not between 1ns and 1day")));
    }
    Ok(duration)
}

/// The problem of a value, which it may repeat; but not where somebody put a URL, and perhaps their password with it.
pub(super) fn without_url(value: &str, problem: String) -> String {
    if value.contains("://") { "is a URL, which does not belong here".to_owned() } else { problem }
}

/// `"0.0.0.0:8089"`, `"[::1]:8089"`.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let problem = || format!("{text:?} is no address and port such as \"0.0.0.0:8089\"");
    text.trim().parse().map_err(|_| D::Error::custom(without_url(&text, problem())))
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

/// `true` or `false`; from the environment it comes as a text.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected true or false")]
    enum Either {
        Truth(bool),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Truth(truth) => Ok(truth),
        Either::Text(text) => text.trim().parse().map_err(|_| D::Error::custom("is neither true nor false")),
    }
}

/// A whole number within bounds, if it is there; from the environment it comes as a text.
pub(super) fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    bounds: RangeInclusive<u64>,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    let number = match Option::<Either>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Either::Number(number)) => Some(number),
        Some(Either::Text(text)) => text.trim().parse().ok(),
        Some(Either::Other(_)) => None,
    };
    let (least, most) = (bounds.start(), bounds.end());
    let wanted = || D::Error::custom(format!("is no whole number between {least} and {most}"));
    number.filter(|number| bounds.contains(number)).map(Some).ok_or_else(wanted)
}

impl<'de> Deserialize<'de> for MessageBus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match &*text.to_ascii_uppercase() {
            "NATS" => Ok(Self::Nats),
            "RABBITMQ" => Ok(Self::Rabbitmq),
            _ => {
                let problem = format!("{text:?} is not one bus: write \"NATS\" or \"RABBITMQ\"");
                Err(D::Error::custom(without_url(&text, problem)))
            }
        }
    }
}
