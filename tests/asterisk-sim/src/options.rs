//! What a simulator can be told when it starts: address, users, and how its phones behave.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::limits;

/// How a simulator is started. The defaults suit a test: any free port on localhost, short playbacks.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Where to listen. Port 0 takes a free one; it is kept over [`restart`](crate::Simulator::restart).
    pub address: SocketAddr,
    /// The ARI user.
    pub user: String,
    /// The ARI user's password.
    pub password: String,
    /// The `asterisk_id` in every event. A real one takes a MAC address and keeps it over restarts.
    pub asterisk_id: String,
    /// The version that `GET /asterisk/info` tells.
    pub version: String,
    /// How long the playing of one media takes.
    pub playback: Duration,
    /// How long a channel that left Stasis stays in the dialplan before the dialplan hangs it up.
    pub dialplan: Duration,
    /// How long a digit sent to a channel takes: Asterisk plays it for 100 ms and pauses for as long.
    pub digit: Duration,
    /// What dialled endpoints do; the first pattern that matches counts. `*` stands for any text.
    pub outcomes: Vec<(String, Outcome)>,
    /// What an endpoint does that no pattern matches.
    pub default_outcome: Outcome,
    /// Endpoints that `GET /endpoints` lists, as `PJSIP/name`.
    pub endpoints: Vec<String>,
    /// Names of sounds that fail to play, as a file that is not there does.
    pub missing_sounds: Vec<String>,
    /// Whether a move sends StasisStart to the new application before StasisEnd to the old one. A real
    /// Asterisk does either.
    pub move_order: MoveOrder,
    /// How long a write to a websocket may stall before the socket is cut off. `None`: for ever.
    pub write_timeout: Option<Duration>,
    /// Whether requests are answered on websockets. Asterisk can from 20.14 and 22.4 on; before, it reads what comes there
    /// and does nothing.
    pub rest_over_websocket: bool,
    /// Whether requests are kept for [`requests`](crate::Simulator::requests).
    pub record_requests: bool,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            user: "ari".into(),
            password: "secret".into(),
            asterisk_id: "02:00:00:00:00:01".into(),
            version: "22.10.1".into(),
            playback: Duration::from_millis(50),
            dialplan: Duration::from_secs(2),
            digit: Duration::from_millis(200),
            outcomes: vec![
                ("Local/busy@*".into(), Outcome::Busy { after: Duration::ZERO }),
                ("Local/never@*".into(), Outcome::NoAnswer),
                ("Local/late@*".into(), Outcome::Answer { after: Duration::from_secs(1) }),
                ("Local/*".into(), Outcome::Answer { after: Duration::ZERO }),
                ("PJSIP/busy".into(), Outcome::Busy { after: Duration::from_millis(20) }),
                ("PJSIP/never".into(), Outcome::NoAnswer),
                ("PJSIP/nobody".into(), Outcome::Unknown),
                ("PJSIP/*".into(), Outcome::Answer { after: Duration::from_millis(20) }),
            ],
            default_outcome: Outcome::Unknown,
            endpoints: vec!["PJSIP/phone".into()],
            missing_sounds: vec!["nonexistent".into()],
            move_order: MoveOrder::EndFirst,
            write_timeout: Some(limits::WEBSOCKET_WRITE_TIMEOUT),
            rest_over_websocket: true,
            record_requests: true,
        }
    }
}

/// What happens when an endpoint is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answers, after ringing for some time; without any it does not ring.
    Answer {
        /// How long it rings.
        after: Duration,
    },
    /// It is busy.
    Busy {
        /// How long it takes to say so.
        after: Duration,
    },
    /// It rings until the caller's patience (`timeout`) is over.
    NoAnswer,
    /// Nothing is heard of it until the caller's patience is over.
    Silence,
    /// A `Local/` channel whose other half enters Stasis, as `Stasis(application,args…)` in a dialplan does.
    Stasis {
        /// The application.
        application: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// Asterisk has no such endpoint, or no such channel technology: 500 `Allocation failed`.
    Unknown,
}

/// Which of the two events of a move is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveOrder {
    /// The old application's StasisEnd.
    EndFirst,
    /// The new application's StasisStart.
    StartFirst,
    /// Now one, now the other.
    Alternating,
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("PJSIP/bob", "PJSIP/bob", true),
            ("PJSIP/bob", "PJSIP/bobby", false),
            ("PJSIP/*", "PJSIP/bob", true),
            ("/channels/*/answer", "/channels/17.1/answer", true),
            ("/channels/*/answer", "/channels/17.1/ring", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
