// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on mailboxes. Asterisk needs the module `res_ari_mailboxes` for them.

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{Mailbox, MailboxName},
};

/// Lists the mailboxes that there are.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Mailboxes_REST_API/#list)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct List {}

impl List {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for List {
    type Answer = Vec<Mailbox>;
    const INFO: &'static OperationInfo = &OperationInfo::new("mailboxes", "list", Method::Get, "/mailboxes");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Mailbox>> {
        response.json()
    }
}

/// Tells about a mailbox.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Mailboxes_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    mailbox_name: MailboxName,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `mailbox_name`: The mailbox.
    pub fn new(mailbox_name: impl Into<MailboxName>) -> Self {
        Self { mailbox_name: mailbox_name.into() }
    }
}

impl Operation for Get {
    type Answer = Mailbox;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("mailboxes", "get", Method::Get, "/mailboxes/{mailboxName}")
            .parameters(&[ParameterInfo::path("mailboxName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("mailboxName", self.mailbox_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Mailbox> {
        response.json()
    }
}

/// Sets how many messages a mailbox has; makes it if need be.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Mailboxes_REST_API/#update)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Update {
    mailbox_name: MailboxName,
    old_messages: i32,
    new_messages: i32,
}

impl Update {
    /// With what it cannot do without.
    ///
    /// * `mailbox_name`: The mailbox.
    /// * `old_messages`: How many of its messages were heard.
    /// * `new_messages`: How many of its messages are new.
    pub fn new(mailbox_name: impl Into<MailboxName>, old_messages: i32, new_messages: i32) -> Self {
        Self { mailbox_name: mailbox_name.into(), old_messages, new_messages }
    }
}

impl Operation for Update {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("mailboxes", "update", Method::Put, "/mailboxes/{mailboxName}").parameters(&[
            ParameterInfo::path("mailboxName"),
            ParameterInfo::query("oldMessages").required(),
            ParameterInfo::query("newMessages").required(),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("mailboxName", self.mailbox_name)?;
        parts.query("oldMessages", Some(self.old_messages));
        parts.query("newMessages", Some(self.new_messages));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Deletes a mailbox.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Mailboxes_REST_API/#delete)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Delete {
    mailbox_name: MailboxName,
}

impl Delete {
    /// With what it cannot do without.
    ///
    /// * `mailbox_name`: The mailbox.
    pub fn new(mailbox_name: impl Into<MailboxName>) -> Self {
        Self { mailbox_name: mailbox_name.into() }
    }
}

impl Operation for Delete {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("mailboxes", "delete", Method::Delete, "/mailboxes/{mailboxName}")
            .parameters(&[ParameterInfo::path("mailboxName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("mailboxName", self.mailbox_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
