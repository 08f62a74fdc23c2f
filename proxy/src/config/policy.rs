//! What workers may do: `policy.default`, and what is different for one application in `policy.applications`.

use std::{collections::BTreeMap, fmt::Display, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};

use super::values;
use crate::policy::{CommandPattern, TextPattern};

/// What workers may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The rules of every application.
    pub default: Rules,
    /// Rules of single applications. One that stands there takes the place of the same one in `default`.
    pub applications: BTreeMap<String, Rules>,
}

/// Rules for the commands of workers. What is absent is the default's, and there as it is written at each.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Which objects a worker may name: any, unless it says `dialog`.
    pub scope: Option<Scope>,
    /// Commands that are allowed beside those that always are.
    #[serde(deserialize_with = "patterns")]
    pub allow: Option<Vec<CommandPattern>>,
    /// Commands that are refused, whatever allows them.
    #[serde(deserialize_with = "patterns")]
    pub deny: Option<Vec<CommandPattern>>,
    /// Whom a command may call: any endpoint.
    #[serde(deserialize_with = "patterns")]
    pub endpoint: Option<Vec<TextPattern>>,
    /// The contexts of the dialplan to which a command may send a call: any.
    #[serde(deserialize_with = "patterns")]
    pub context: Option<Vec<TextPattern>>,
    /// The extensions to which a command may send a call: any.
    #[serde(deserialize_with = "patterns")]
    pub extension: Option<Vec<TextPattern>>,
    /// What a command may say about who calls: anything.
    #[serde(deserialize_with = "patterns")]
    pub caller_id: Option<Vec<TextPattern>>,
    /// The applications into which a command may bring a channel: any.
    #[serde(deserialize_with = "patterns")]
    pub app: Option<Vec<TextPattern>>,
    /// The hosts to which a command may send a channel's sound: any.
    #[serde(deserialize_with = "patterns")]
    pub external_host: Option<Vec<TextPattern>>,
    /// What a command may play: anything.
    #[serde(deserialize_with = "patterns")]
    pub media: Option<Vec<TextPattern>>,
    /// The variables that a command may set: those without parentheses, and the functions that concern the call alone.
    #[serde(deserialize_with = "patterns")]
    pub set_variables: Option<Vec<TextPattern>>,
    /// The variables that a command may read: likewise.
    #[serde(deserialize_with = "patterns")]
    pub read_variables: Option<Vec<TextPattern>>,
    /// Calls that all workers of the application may place in a minute: any number.
    #[serde(deserialize_with = "rate")]
    pub originates_per_minute: Option<NonZeroU32>,
    /// Commands that one dialog may send in a second, on average: 1,000.
    #[serde(deserialize_with = "rate")]
    pub commands_per_second: Option<NonZeroU32>,
    /// The largest body of a command, in bytes: 40,960, the most that Asterisk takes.
    #[serde(deserialize_with = "body")]
    pub max_body: Option<usize>,
}

/// Which objects a worker may name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All that there are.
    #[default]
    Any,
    /// Those of the dialog itself.
    Dialog,
}

/// The largest `max_body`: Asterisk refuses more.
const MAX_BODY: u64 = 40_960;
/// The largest rates: more than any Asterisk does.
const MAX_RATE: u64 = 1_000_000;

/// A list of patterns; from the environment also as one text, separated by commas.
fn patterns<'de, D: Deserializer<'de>, P: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<Vec<P>>, D::Error> {
    #[derive(Deserialize)]
    struct Texts(#[serde(deserialize_with = "values::list")] Vec<String>);
    let Some(Texts(texts)) = Option::deserialize(deserializer)? else { return Ok(None) };
    texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map(Some).map_err(D::Error::custom)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    let rate = values::number(deserializer, 1..=MAX_RATE)?;
    Ok(rate.and_then(|rate| u32::try_from(rate).ok()).and_then(NonZeroU32::new))
}

fn body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    Ok(values::number(deserializer, 0..=MAX_BODY)?.and_then(|most| usize::try_from(most).ok()))
}
