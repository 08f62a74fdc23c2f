//! A mailbox, for the message lamps of phones.

use crate::{
    Call, Result,
    ari::{self, mailboxes},
};

/// A mailbox that a program keeps: how many messages wait in it, which the lamps of phones show.
///
/// Asterisk needs its module `res_mwi_external`, which does not go together with its own voicemail. Errors are those of any
/// [command](crate::CommandError): `NotFound` without that module or when there is no such mailbox, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Mailbox {
    call: Call,
    name: String,
}

impl Call {
    /// A handle to a mailbox, by its name, such as `100@default`.
    #[must_use]
    pub fn mailbox(&self, name: impl Into<String>) -> Mailbox {
        Mailbox { call: self.clone(), name: name.into() }
    }
}

impl Mailbox {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many messages it has now.
    ///
    /// # Errors
    /// See [`Mailbox`].
    pub async fn snapshot(&self) -> Result<ari::Mailbox> {
        self.call.run(mailboxes::Get::new(self)).await
    }

    /// Sets how many messages it has: those that were heard, and those that are new. It is made if there is none.
    ///
    /// # Errors
    /// See [`Mailbox`].
    pub async fn set(&self, old: i32, new: i32) -> Result {
        self.call.run(mailboxes::Update::new(self, old, new)).await
    }

    /// Deletes it.
    ///
    /// # Errors
    /// See [`Mailbox`].
    pub async fn delete(&self) -> Result {
        self.call.run(mailboxes::Delete::new(self)).await
    }
}
