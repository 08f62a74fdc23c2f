// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Models that came with the resource `mailboxes`.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ari::MailboxName;

/// A mailbox, with the number of its messages.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_Data_Models/#mailbox)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mailbox {
    /// Its name.
    pub name: MailboxName,
    /// How many of its messages are new.
    pub new_messages: i64,
    /// How many of its messages were heard.
    pub old_messages: i64,
    /// What else came, by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
