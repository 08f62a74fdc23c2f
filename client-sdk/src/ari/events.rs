// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations that cause events. The websocket of events is the proxy's own.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{ApplicationName, ChannelId},
    typed::{settings, texts},
};

/// The websocket of events, which the proxy opens; no command can.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Events_REST_API/#eventwebsocket)
pub const EVENT_WEBSOCKET: &OperationInfo =
    &OperationInfo::new("events", "eventWebsocket", Method::Get, "/events")
        .parameters(&[ParameterInfo::query("app").required().list(), ParameterInfo::query("subscribeAll")])
        .websocket();

/// Sends an event of your own to an application.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Events_REST_API/#userevent)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct UserEvent {
    event_name: String,
    application: ApplicationName,
    source: Vec<String>,
    variables: Option<BTreeMap<String, Value>>,
}

impl UserEvent {
    /// With what it cannot do without.
    ///
    /// * `event_name`: What the event is called.
    /// * `application`: The application.
    pub fn new(event_name: impl Into<String>, application: impl Into<ApplicationName>) -> Self {
        Self {
            event_name: event_name.into(),
            application: application.into(),
            source: Vec::new(),
            variables: None,
        }
    }

    /// What it is about: `channel:ID`, `bridge:ID`, `endpoint:TECH/NAME`.
    pub fn source(mut self, source: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.source = texts(source);
        self
    }

    /// What the event tells, by name.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for UserEvent {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("events", "userEvent", Method::Post, "/events/user/{eventName}").parameters(&[
            ParameterInfo::path("eventName"),
            ParameterInfo::query("application").required(),
            ParameterInfo::query("source").list(),
            ParameterInfo::body("variables"),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("eventName", self.event_name)?;
        parts.query("application", Some(self.application));
        parts.list("source", self.source)?;
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Claims a channel that was offered to several applications; one of them gets it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Events_REST_API/#claimchannel)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ClaimChannel {
    channel_id: ChannelId,
    application: ApplicationName,
}

impl ClaimChannel {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `application`: The application.
    pub fn new(channel_id: impl Into<ChannelId>, application: impl Into<ApplicationName>) -> Self {
        Self { channel_id: channel_id.into(), application: application.into() }
    }
}

impl Operation for ClaimChannel {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("events", "claimChannel", Method::Post, "/events/claim").parameters(&[
            ParameterInfo::query("channelId").required(),
            ParameterInfo::query("application").required(),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("channelId", Some(self.channel_id));
        parts.query("application", Some(self.application));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
