//! The Debian releases that servers are taken from.

use std::path::{Path, PathBuf};

/// A Debian release that servers are taken from; each has a root of its own, made when it is first needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Release {
    /// The first with all four servers, among them Asterisk 22: where everything lives that is not said to live
    /// elsewhere.
    #[default]
    Forky,
    /// The one with the oldest Asterisk that is supported, 16.28, and nothing else: its SIPp knows less than ours.
    Bullseye,
}

impl Release {
    /// All there are; last the one whose folder holds the others'.
    pub(super) const ALL: [Release; 2] = [Release::Bullseye, Release::Forky];

    /// Its name in Debian's archive.
    pub(super) fn suite(self) -> &'static str {
        match self {
            Release::Forky => "forky",
            Release::Bullseye => "bullseye",
        }
    }

    /// What its root holds besides Debian's minimum.
    pub(super) fn packages(self) -> &'static str {
        match self {
            Release::Forky => {
                "asterisk,asterisk-core-sounds-en-gsm,nats-server,promtool,rabbitmq-server,sip-tester"
            }
            Release::Bullseye => "asterisk,asterisk-core-sounds-en-gsm",
        }
    }

    /// Where it is when the mirrors do not have it any more.
    pub(super) fn archive(self) -> Option<&'static str> {
        match self {
            Release::Forky => None,
            Release::Bullseye => Some("http://archive.debian.org/debian"),
        }
    }

    /// How large that is, for a person to read.
    pub(super) fn size(self) -> &'static str {
        match self {
            Release::Forky => "800 MB",
            Release::Bullseye => "500 MB",
        }
    }

    /// Where it is kept: in the cache itself, or in a folder of that.
    pub(super) fn folder(self, cache: &Path) -> PathBuf {
        match self {
            Release::Forky => cache.to_owned(),
            Release::Bullseye => cache.join("bullseye"),
        }
    }
}
