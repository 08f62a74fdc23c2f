//! Control messages: what a version-2 worker says about a dialog, on the dialog's commands topic.

use serde::{Deserialize, Serialize};

use super::{Ack, Release, Resend, Save};

/// A control message, told apart by its field `control`. Each may carry a `unique_id` and then gets a
/// [`CommandResponse`](crate::protocol::CommandResponse): 204, a 4xx, or 501 for one that is not supported yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The worker takes the dialog.
    Accept(Accept),
    /// The worker does not want the dialog: offer it to another.
    Decline(Decline),
    /// The worker has handled events.
    Ack(Ack),
    /// The worker misses events.
    Resend(Resend),
    /// The worker saves what the next owner is to know.
    Save(Save),
    /// The worker gives the dialog back.
    Release(Release),
    /// A word that is not known.
    Other {
        /// The word.
        control: String,
        /// The term it is meant for, where it says.
        term: Option<u64>,
        /// Repeated in the answer.
        unique_id: Option<String>,
    },
}

/// `accept`: this worker takes the dialog. The first accept of any live offer wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// The term of the offer that is accepted.
    pub term: u64,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// A name of the worker process, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    /// Where the dialog's events go.
    pub events: String,
    /// Where the answers to its commands go.
    pub responses: String,
    /// How ARI bodies are put into messages; strings where absent.
    #[serde(default)]
    pub bodies: Bodies,
}

/// `decline`: this worker does not take the dialog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// The term of the offer that is declined.
    pub term: u64,
    /// Repeated in the answer; without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// Where the answer goes; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<String>,
    /// Why, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How ARI bodies are put into events and answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bodies {
    /// As JSON strings, in `ari_body` and `response_body`: what version 1 has.
    #[default]
    String,
    /// As JSON values, in `ari` and `response`.
    Nested,
}

impl Control {
    /// The word in the field `control`.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Accept(_) => "accept",
            Self::Decline(_) => "decline",
            Self::Ack(_) => "ack",
            Self::Resend(_) => "resend",
            Self::Save(_) => "save",
            Self::Release(_) => "release",
            Self::Other { control, .. } => control,
        }
    }

    /// The `unique_id` to answer to.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        match self {
            Self::Accept(accept) => accept.unique_id.as_deref(),
            Self::Decline(decline) => decline.unique_id.as_deref(),
            Self::Ack(ack) => ack.unique_id.as_deref(),
            Self::Resend(resend) => resend.unique_id.as_deref(),
            Self::Save(save) => save.unique_id.as_deref(),
            Self::Release(release) => release.unique_id.as_deref(),
            Self::Other { unique_id, .. } => unique_id.as_deref(),
        }
    }

    /// The message as it goes onto the commands topic.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Tagged<'a, T> {
            control: &'a str,
            #[serde(flatten)]
            fields: T,
        }
        #[derive(Serialize)]
        struct Other<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            term: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            unique_id: Option<&'a str>,
        }
        fn tagged<T: Serialize>(control: &str, fields: T) -> Vec<u8> {
            // Strings and numbers with string keys always serialize.
            serde_json::to_vec(&Tagged { control, fields }).unwrap_or_default()
        }
        let word = self.word();
        match self {
            Self::Accept(fields) => tagged(word, fields),
            Self::Decline(fields) => tagged(word, fields),
            Self::Ack(fields) => tagged(word, fields),
            Self::Resend(fields) => tagged(word, fields),
            Self::Save(fields) => tagged(word, fields),
            Self::Release(fields) => tagged(word, fields),
            Self::Other { term, unique_id, .. } => {
                tagged(word, Other { term: *term, unique_id: unique_id.as_deref() })
            }
        }
    }
}
