//! By what metrics are told apart. Each label has a list of values that nothing from outside can make longer.

use super::known::{EVENT_TYPES, OPERATIONS};

/// What is counted as this has no value of its own.
pub const OTHER: &str = "other";

/// A label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `application`: one of those that are configured.
    Application,
    /// `type`: the type of an event, one of [`EVENT_TYPES`].
    Type,
    /// `operation`: method and route of a command, one of [`OPERATIONS`].
    Operation,
    /// `status`: how a command ended, an `Answered`.
    Outcome,
    /// `status`: the status of an answer, one of those that the proxy gives.
    Code,
    /// `rule`: the rule of the policy that refused a command, one of its keys.
    Rule,
    /// `reason`: why an event was lost, a `Lost`.
    Loss,
    /// `state`: where a dialog stands, a `DialogState`.
    State,
    /// `state`: whether a worker is heard, a `WorkerState`.
    Process,
}

impl Label {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Type => "type",
            Self::Operation => "operation",
            Self::Outcome | Self::Code => "status",
            Self::Rule => "rule",
            Self::Loss => "reason",
            Self::State | Self::Process => "state",
        }
    }

    /// Its values, but for [`OTHER`]; none where the configuration tells them.
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Application => &[],
            Self::Type => &EVENT_TYPES,
            Self::Operation => &OPERATIONS,
            Self::Outcome => &Answered::NAMES,
            Self::Code => &CODES,
            Self::Rule => &RULES,
            Self::Loss => &Lost::NAMES,
            Self::State => &DialogState::NAMES,
            Self::Process => &WorkerState::NAMES,
        }
    }

    /// Whether most of its values never come: only those that did are told.
    pub(super) const fn is_sparse(self) -> bool {
        matches!(self, Self::Type | Self::Operation | Self::Code | Self::Rule)
    }
}

/// The rules of a policy.
pub(super) const RULES: [&str; 15] = [
    "scope",
    "allow",
    "deny",
    "endpoint",
    "context",
    "extension",
    "caller_id",
    "app",
    "external_host",
    "media",
    "set_variables",
    "read_variables",
    "originates_per_minute",
    "commands_per_second",
    "max_body",
];

/// The place of a rule among [`RULES`]; one behind the last for any other, and for what no rule refuses.
pub(super) fn rule_of(rule: Option<&str>) -> usize {
    RULES.iter().position(|name| rule == Some(name)).unwrap_or(RULES.len())
}

/// The statuses of answers that the proxy gives itself, as it counts them.
pub(super) const CODES: [&str; 12] =
    ["400", "403", "404", "405", "409", "413", "414", "429", "501", "502", "503", "504"];

/// The place of a status among [`CODES`]; one behind the last for any other.
pub(super) fn code(status: u16) -> usize {
    let is_it = |code: &&str| code.parse() == Ok(status);
    CODES.iter().position(is_it).unwrap_or(CODES.len())
}

/// A label's values as an enum, with their names.
macro_rules! values {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(crate) enum $name { $($(#[$of])* $value,)+ }

        impl $name {
            /// The values as they are told, in the order of the enum.
            pub(super) const NAMES: [&str; [$(Self::$value,)+].len()] = [$($text,)+];
        }
    };
}

values! {
    /// How a command ended.
    Answered {
        /// Asterisk did it.
        Done = "2xx",
        /// Asterisk refused it.
        Refused = "4xx",
        /// Asterisk failed.
        Failed = "5xx",
        /// Asterisk answered something else, or more than is passed on.
        Otherwise = "other",
        /// There was no way to Asterisk: it was not sent.
        Unreachable = "unreachable",
        /// It was sent, and no answer came: whether Asterisk acted is not known.
        Unknown = "no_answer",
    }
}

impl Answered {
    /// What a status of Asterisk means.
    pub(crate) fn with(status: u16) -> Self {
        match status {
            200..300 => Self::Done,
            400..500 => Self::Refused,
            500..600 => Self::Failed,
            _ => Self::Otherwise,
        }
    }
}

values! {
    /// Why an event was lost.
    Lost {
        /// More waited for an acknowledgement than are kept.
        TooMany = "too_many",
        /// It is larger than the bus carries.
        TooLarge = "too_large",
        /// The bus refuses it.
        Refused = "refused",
        /// The worker could not be reached before the end of the dialog or of the process.
        Unreached = "unreached",
        /// More came for calls of an earlier process than are held.
        Unsettled = "unsettled",
    }
}

values! {
    /// Where a dialog stands.
    DialogState {
        /// It is offered to workers.
        Offered = "offered",
        /// A worker has it, and a channel lives.
        Active = "active",
        /// A worker has it, and no channel lives, or none yet.
        Lingering = "lingering",
        /// No worker has it: what it leaves goes back to Asterisk.
        Closing = "closing",
    }
}

values! {
    /// Whether a worker's process is heard.
    WorkerState {
        /// It sends heartbeats.
        Live = "live",
        /// It did, and is silent for too long.
        Silent = "silent",
        /// It never sent one: its silence means nothing.
        Unleased = "unleased",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_that_a_policy_can_have() {
        let refused = serde_json::from_str::<crate::config::Rules>(r#"{"no rule": 1}"#);
        let said = refused.map(drop).unwrap_err().to_string();
        let (_, keys) = said.split_once("expected").unwrap();
        let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        assert_eq!(keys, RULES);
    }

    #[test]
    fn a_status_has_its_own_value_or_the_common_one() {
        assert_eq!(CODES[code(409)], "409");
        for odd in [0, 200, 418, 65_535] {
            assert_eq!(code(odd), CODES.len());
        }
    }
}
