// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on channels.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::{
    Method, ObjectKind, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{
        ApplicationName, Channel, ChannelId, ConnectionType, Direction, Encapsulation, HangupReason,
        IfExists, LiveRecording, MediaDirection, Playback, PlaybackId, RTPstat, RecordingName,
        SnoopDirection, TerminateOn, Timeout, Transport, Variable, Variables,
    },
    typed::{milliseconds, seconds, settings, texts},
};

/// Lists the channels that there are.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#list)
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
    type Answer = Vec<Channel>;
    const INFO: &'static OperationInfo = &OperationInfo::new("channels", "list", Method::Get, "/channels");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Channel>> {
        response.json()
    }
}

/// Calls an endpoint on a new channel, for an application or an extension.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#originate)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Originate {
    endpoint: String,
    extension: Option<String>,
    context: Option<String>,
    priority: Option<i64>,
    label: Option<String>,
    app: Option<ApplicationName>,
    app_args: Option<String>,
    caller_id: Option<String>,
    timeout: Option<Timeout>,
    variables: Option<BTreeMap<String, String>>,
    channel_id: Option<ChannelId>,
    other_channel_id: Option<ChannelId>,
    originator: Option<ChannelId>,
    formats: Option<String>,
}

impl Originate {
    /// With what it cannot do without.
    ///
    /// * `endpoint`: The endpoint, such as `PJSIP/alice`.
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            extension: None,
            context: None,
            priority: None,
            label: None,
            app: None,
            app_args: None,
            caller_id: None,
            timeout: None,
            variables: None,
            channel_id: None,
            other_channel_id: None,
            originator: None,
            formats: None,
        }
    }

    /// The dialplan's extension.
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// The dialplan's context.
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The dialplan's priority.
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The dialplan's label, in place of a priority.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The application that the channel enters.
    pub fn app(mut self, app: impl Into<ApplicationName>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Who calls, as the other side sees it: `"Name" <number>`.
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = Some(caller_id.into());
        self
    }

    /// How long to ring, rounded up to whole seconds.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// Variables of the new channel, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }

    /// The id that the channel is to have.
    pub fn channel_id(mut self, channel_id: impl Into<ChannelId>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// The id that the other half is to have, of a Local channel.
    pub fn other_channel_id(mut self, other_channel_id: impl Into<ChannelId>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// The channel on whose behalf this is: it passes on accounting, codecs and the like.
    pub fn originator(mut self, originator: impl Into<ChannelId>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// The formats that may be used, separated by commas; not together with `originator`.
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }
}

impl Operation for Originate {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "originate", Method::Post, "/channels")
            .parameters(&[
                ParameterInfo::query("endpoint").required(),
                ParameterInfo::query("extension"),
                ParameterInfo::query("context"),
                ParameterInfo::query("priority"),
                ParameterInfo::query("label"),
                ParameterInfo::query("app"),
                ParameterInfo::query("appArgs"),
                ParameterInfo::query("callerId"),
                ParameterInfo::query("timeout"),
                ParameterInfo::body("variables"),
                ParameterInfo::query("channelId"),
                ParameterInfo::query("otherChannelId"),
                ParameterInfo::query("originator"),
                ParameterInfo::query("formats"),
            ])
            .makes(ObjectKind::Channel, "channelId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("endpoint", Some(self.endpoint));
        parts.query("extension", self.extension);
        parts.query("context", self.context);
        parts.query("priority", self.priority);
        parts.query("label", self.label);
        parts.query("app", self.app);
        parts.query("appArgs", self.app_args);
        parts.query("callerId", self.caller_id);
        parts.number("timeout", self.timeout.map(Timeout::seconds), -1, i32::MAX.into())?;
        parts.field("variables", self.variables.map(Value::from_iter));
        parts.query("channelId", self.channel_id);
        parts.query("otherChannelId", self.other_channel_id);
        parts.query("originator", self.originator);
        parts.query("formats", self.formats);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Makes a channel to an endpoint, which `Dial` then calls.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#create)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Create {
    endpoint: String,
    app: ApplicationName,
    app_args: Option<String>,
    channel_id: Option<ChannelId>,
    other_channel_id: Option<ChannelId>,
    originator: Option<ChannelId>,
    formats: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

impl Create {
    /// With what it cannot do without.
    ///
    /// * `endpoint`: The endpoint, such as `PJSIP/alice`.
    /// * `app`: The application that the channel enters.
    pub fn new(endpoint: impl Into<String>, app: impl Into<ApplicationName>) -> Self {
        Self {
            endpoint: endpoint.into(),
            app: app.into(),
            app_args: None,
            channel_id: None,
            other_channel_id: None,
            originator: None,
            formats: None,
            variables: None,
        }
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// The id that the channel is to have.
    pub fn channel_id(mut self, channel_id: impl Into<ChannelId>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// The id that the other half is to have, of a Local channel.
    pub fn other_channel_id(mut self, other_channel_id: impl Into<ChannelId>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// The channel on whose behalf this is: it passes on accounting, codecs and the like.
    pub fn originator(mut self, originator: impl Into<ChannelId>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// The formats that may be used, separated by commas; not together with `originator`.
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }

    /// Variables of the new channel, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for Create {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "create", Method::Post, "/channels/create")
            .parameters(&[
                ParameterInfo::query("endpoint").required(),
                ParameterInfo::query("app").required(),
                ParameterInfo::query("appArgs"),
                ParameterInfo::query("channelId"),
                ParameterInfo::query("otherChannelId"),
                ParameterInfo::query("originator"),
                ParameterInfo::query("formats"),
                ParameterInfo::body("variables"),
            ])
            .makes(ObjectKind::Channel, "channelId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("endpoint", Some(self.endpoint));
        parts.query("app", Some(self.app));
        parts.query("appArgs", self.app_args);
        parts.query("channelId", self.channel_id);
        parts.query("otherChannelId", self.other_channel_id);
        parts.query("originator", self.originator);
        parts.query("formats", self.formats);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Tells about a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    channel_id: ChannelId,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Get {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "get", Method::Get, "/channels/{channelId}")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Calls an endpoint on a new channel of a given id.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#originatewithid)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct OriginateWithId {
    channel_id: ChannelId,
    endpoint: String,
    extension: Option<String>,
    context: Option<String>,
    priority: Option<i64>,
    label: Option<String>,
    app: Option<ApplicationName>,
    app_args: Option<String>,
    caller_id: Option<String>,
    timeout: Option<Timeout>,
    variables: Option<BTreeMap<String, String>>,
    other_channel_id: Option<ChannelId>,
    originator: Option<ChannelId>,
    formats: Option<String>,
}

impl OriginateWithId {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The id that the channel is to have.
    /// * `endpoint`: The endpoint, such as `PJSIP/alice`.
    pub fn new(channel_id: impl Into<ChannelId>, endpoint: impl Into<String>) -> Self {
        Self {
            channel_id: channel_id.into(),
            endpoint: endpoint.into(),
            extension: None,
            context: None,
            priority: None,
            label: None,
            app: None,
            app_args: None,
            caller_id: None,
            timeout: None,
            variables: None,
            other_channel_id: None,
            originator: None,
            formats: None,
        }
    }

    /// The dialplan's extension.
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// The dialplan's context.
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The dialplan's priority.
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The dialplan's label, in place of a priority.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The application that the channel enters.
    pub fn app(mut self, app: impl Into<ApplicationName>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// Who calls, as the other side sees it: `"Name" <number>`.
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = Some(caller_id.into());
        self
    }

    /// How long to ring, rounded up to whole seconds.
    pub fn timeout(mut self, timeout: impl Into<Timeout>) -> Self {
        self.timeout = Some(timeout.into());
        self
    }

    /// Variables of the new channel, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }

    /// The id that the other half is to have, of a Local channel.
    pub fn other_channel_id(mut self, other_channel_id: impl Into<ChannelId>) -> Self {
        self.other_channel_id = Some(other_channel_id.into());
        self
    }

    /// The channel on whose behalf this is: it passes on accounting, codecs and the like.
    pub fn originator(mut self, originator: impl Into<ChannelId>) -> Self {
        self.originator = Some(originator.into());
        self
    }

    /// The formats that may be used, separated by commas; not together with `originator`.
    pub fn formats(mut self, formats: impl Into<String>) -> Self {
        self.formats = Some(formats.into());
        self
    }
}

impl Operation for OriginateWithId {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "originateWithId", Method::Post, "/channels/{channelId}")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("endpoint").required(),
                ParameterInfo::query("extension"),
                ParameterInfo::query("context"),
                ParameterInfo::query("priority"),
                ParameterInfo::query("label"),
                ParameterInfo::query("app"),
                ParameterInfo::query("appArgs"),
                ParameterInfo::query("callerId"),
                ParameterInfo::query("timeout"),
                ParameterInfo::body("variables"),
                ParameterInfo::query("otherChannelId"),
                ParameterInfo::query("originator"),
                ParameterInfo::query("formats"),
            ])
            .makes(ObjectKind::Channel, "channelId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("endpoint", Some(self.endpoint));
        parts.query("extension", self.extension);
        parts.query("context", self.context);
        parts.query("priority", self.priority);
        parts.query("label", self.label);
        parts.query("app", self.app);
        parts.query("appArgs", self.app_args);
        parts.query("callerId", self.caller_id);
        parts.number("timeout", self.timeout.map(Timeout::seconds), -1, i32::MAX.into())?;
        parts.field("variables", self.variables.map(Value::from_iter));
        parts.query("otherChannelId", self.other_channel_id);
        parts.query("originator", self.originator);
        parts.query("formats", self.formats);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Hangs a channel up.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#hangup)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Hangup {
    channel_id: ChannelId,
    reason_code: Option<String>,
    reason: Option<HangupReason>,
}

impl Hangup {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), reason_code: None, reason: None }
    }

    /// Why it is hung up, as a number of Q.850; not together with `reason`.
    pub fn reason_code(mut self, reason_code: impl Into<String>) -> Self {
        self.reason_code = Some(reason_code.into());
        self
    }

    /// Why it is hung up.
    pub fn reason(mut self, reason: HangupReason) -> Self {
        self.reason = Some(reason);
        self
    }
}

impl Operation for Hangup {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "hangup", Method::Delete, "/channels/{channelId}").parameters(&[
            ParameterInfo::path("channelId"),
            ParameterInfo::query("reason_code"),
            ParameterInfo::query("reason").values(&[
                "normal",
                "busy",
                "congestion",
                "no_answer",
                "timeout",
                "rejected",
                "unallocated",
                "normal_unspecified",
                "number_incomplete",
                "codec_mismatch",
                "interworking",
                "failure",
                "answered_elsewhere",
            ]),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("reason_code", self.reason_code);
        parts.query("reason", self.reason);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Gives a channel back to the dialplan.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#continueindialplan)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ContinueInDialplan {
    channel_id: ChannelId,
    context: Option<String>,
    extension: Option<String>,
    priority: Option<i32>,
    label: Option<String>,
}

impl ContinueInDialplan {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), context: None, extension: None, priority: None, label: None }
    }

    /// The dialplan's context.
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// The dialplan's extension.
    pub fn extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// The dialplan's priority.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The dialplan's label, in place of a priority.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

impl Operation for ContinueInDialplan {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "continueInDialplan", Method::Post, "/channels/{channelId}/continue")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("context"),
                ParameterInfo::query("extension"),
                ParameterInfo::query("priority"),
                ParameterInfo::query("label"),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("context", self.context);
        parts.query("extension", self.extension);
        parts.query("priority", self.priority);
        parts.query("label", self.label);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Gives a channel to another application.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#move)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Move {
    channel_id: ChannelId,
    app: ApplicationName,
    app_args: Option<String>,
}

impl Move {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `app`: The application that the channel enters.
    pub fn new(channel_id: impl Into<ChannelId>, app: impl Into<ApplicationName>) -> Self {
        Self { channel_id: channel_id.into(), app: app.into(), app_args: None }
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }
}

impl Operation for Move {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "move", Method::Post, "/channels/{channelId}/move").parameters(&[
            ParameterInfo::path("channelId"),
            ParameterInfo::query("app").required(),
            ParameterInfo::query("appArgs"),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("app", Some(self.app));
        parts.query("appArgs", self.app_args);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Sends the caller to another endpoint, by the means of the channel's technology.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#redirect)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Redirect {
    channel_id: ChannelId,
    endpoint: String,
}

impl Redirect {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `endpoint`: The endpoint, such as `PJSIP/alice`.
    pub fn new(channel_id: impl Into<ChannelId>, endpoint: impl Into<String>) -> Self {
        Self { channel_id: channel_id.into(), endpoint: endpoint.into() }
    }
}

impl Operation for Redirect {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "redirect", Method::Post, "/channels/{channelId}/redirect")
            .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::query("endpoint").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("endpoint", Some(self.endpoint));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Answers the call that a channel brings.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#answer)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Answer {
    channel_id: ChannelId,
}

impl Answer {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Answer {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "answer", Method::Post, "/channels/{channelId}/answer")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Tells the caller that it rings.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#ring)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Ring {
    channel_id: ChannelId,
}

impl Ring {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Ring {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "ring", Method::Post, "/channels/{channelId}/ring")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends the ringing.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#ringstop)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct RingStop {
    channel_id: ChannelId,
}

impl RingStop {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for RingStop {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "ringStop", Method::Delete, "/channels/{channelId}/ring")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Tells the caller that the call makes progress, which opens early media.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#progress)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Progress {
    channel_id: ChannelId,
}

impl Progress {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Progress {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "progress", Method::Post, "/channels/{channelId}/progress")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Presses keys for the other side of a channel, as DTMF.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#senddtmf)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SendDtmf {
    channel_id: ChannelId,
    dtmf: Option<String>,
    before: Option<Duration>,
    between: Option<Duration>,
    duration: Option<Duration>,
    after: Option<Duration>,
}

impl SendDtmf {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self {
            channel_id: channel_id.into(),
            dtmf: None,
            before: None,
            between: None,
            duration: None,
            after: None,
        }
    }

    /// The digits: `0` to `9`, `*`, `#`, `A` to `D`.
    pub fn dtmf(mut self, dtmf: impl Into<String>) -> Self {
        self.dtmf = Some(dtmf.into());
        self
    }

    /// How long to wait before the first digit.
    pub fn before(mut self, before: Duration) -> Self {
        self.before = Some(before);
        self
    }

    /// How long to wait between two digits.
    pub fn between(mut self, between: Duration) -> Self {
        self.between = Some(between);
        self
    }

    /// How long each digit is.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// How long to wait after the last digit.
    pub fn after(mut self, after: Duration) -> Self {
        self.after = Some(after);
        self
    }
}

impl Operation for SendDtmf {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "sendDTMF", Method::Post, "/channels/{channelId}/dtmf").parameters(
            &[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("dtmf"),
                ParameterInfo::query("before"),
                ParameterInfo::query("between"),
                ParameterInfo::query("duration"),
                ParameterInfo::query("after"),
            ],
        );

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("dtmf", self.dtmf);
        parts.number("before", self.before.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("between", self.between.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("duration", self.duration.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("after", self.after.map(milliseconds), 0, i32::MAX.into())?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets nothing be heard of a channel, in one direction or both.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#mute)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Mute {
    channel_id: ChannelId,
    direction: Option<Direction>,
}

impl Mute {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), direction: None }
    }

    /// Which direction of the audio.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }
}

impl Operation for Mute {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "mute", Method::Post, "/channels/{channelId}/mute").parameters(&[
            ParameterInfo::path("channelId"),
            ParameterInfo::query("direction").values(&["both", "in", "out"]),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("direction", self.direction);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets a muted channel be heard again.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#unmute)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Unmute {
    channel_id: ChannelId,
    direction: Option<Direction>,
}

impl Unmute {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), direction: None }
    }

    /// Which direction of the audio.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }
}

impl Operation for Unmute {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "unmute", Method::Delete, "/channels/{channelId}/mute").parameters(
            &[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("direction").values(&["both", "in", "out"]),
            ],
        );

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("direction", self.direction);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets the other side of a channel know that it is on hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#hold)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Hold {
    channel_id: ChannelId,
}

impl Hold {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Hold {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "hold", Method::Post, "/channels/{channelId}/hold")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets the other side of a channel know that it is off hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#unhold)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Unhold {
    channel_id: ChannelId,
}

impl Unhold {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for Unhold {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "unhold", Method::Delete, "/channels/{channelId}/hold")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets the other side of a channel hear music on hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#startmoh)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StartMoh {
    channel_id: ChannelId,
    moh_class: Option<String>,
}

impl StartMoh {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), moh_class: None }
    }

    /// The class of music on hold.
    pub fn moh_class(mut self, moh_class: impl Into<String>) -> Self {
        self.moh_class = Some(moh_class.into());
        self
    }
}

impl Operation for StartMoh {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "startMoh", Method::Post, "/channels/{channelId}/moh")
            .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::query("mohClass")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("mohClass", self.moh_class);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends the music on hold of a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#stopmoh)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StopMoh {
    channel_id: ChannelId,
}

impl StopMoh {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for StopMoh {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "stopMoh", Method::Delete, "/channels/{channelId}/moh")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Plays silence to a channel, which keeps its media flowing.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#startsilence)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StartSilence {
    channel_id: ChannelId,
}

impl StartSilence {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for StartSilence {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "startSilence", Method::Post, "/channels/{channelId}/silence")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends the silence on a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#stopsilence)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StopSilence {
    channel_id: ChannelId,
}

impl StopSilence {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for StopSilence {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "stopSilence", Method::Delete, "/channels/{channelId}/silence")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Starts to play media to a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#play)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Play {
    channel_id: ChannelId,
    media: Vec<String>,
    lang: Option<String>,
    offset: Option<Duration>,
    skip: Option<Duration>,
    playback_id: Option<PlaybackId>,
}

impl Play {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `media`: What to play, one after the other: `sound:hello`, `digits:12`, `tone:ring` and so on.
    pub fn new(channel_id: impl Into<ChannelId>, media: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            channel_id: channel_id.into(),
            media: texts(media),
            lang: None,
            offset: None,
            skip: None,
            playback_id: None,
        }
    }

    /// The language of the sounds.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Where in the media to begin.
    pub fn offset(mut self, offset: Duration) -> Self {
        self.offset = Some(offset);
        self
    }

    /// How far the operations `forward` and `reverse` wind.
    pub fn skip(mut self, skip: Duration) -> Self {
        self.skip = Some(skip);
        self
    }

    /// The id that the playback is to have.
    pub fn playback_id(mut self, playback_id: impl Into<PlaybackId>) -> Self {
        self.playback_id = Some(playback_id.into());
        self
    }
}

impl Operation for Play {
    type Answer = Playback;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "play", Method::Post, "/channels/{channelId}/play")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("media").required().list(),
                ParameterInfo::query("lang"),
                ParameterInfo::query("offsetms"),
                ParameterInfo::query("skipms"),
                ParameterInfo::query("playbackId"),
            ])
            .makes(ObjectKind::Playback, "playbackId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.list("media", self.media)?;
        parts.query("lang", self.lang);
        parts.number("offsetms", self.offset.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("skipms", self.skip.map(milliseconds), 0, i32::MAX.into())?;
        parts.query("playbackId", self.playback_id);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Playback> {
        response.json()
    }
}

/// Starts to play media to a channel, under a given id.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#playwithid)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct PlayWithId {
    channel_id: ChannelId,
    playback_id: PlaybackId,
    media: Vec<String>,
    lang: Option<String>,
    offset: Option<Duration>,
    skip: Option<Duration>,
}

impl PlayWithId {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `playback_id`: The id that the playback is to have.
    /// * `media`: What to play, one after the other: `sound:hello`, `digits:12`, `tone:ring` and so on.
    pub fn new(
        channel_id: impl Into<ChannelId>,
        playback_id: impl Into<PlaybackId>,
        media: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            channel_id: channel_id.into(),
            playback_id: playback_id.into(),
            media: texts(media),
            lang: None,
            offset: None,
            skip: None,
        }
    }

    /// The language of the sounds.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Where in the media to begin.
    pub fn offset(mut self, offset: Duration) -> Self {
        self.offset = Some(offset);
        self
    }

    /// How far the operations `forward` and `reverse` wind.
    pub fn skip(mut self, skip: Duration) -> Self {
        self.skip = Some(skip);
        self
    }
}

impl Operation for PlayWithId {
    type Answer = Playback;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "channels",
        "playWithId",
        Method::Post,
        "/channels/{channelId}/play/{playbackId}",
    )
    .parameters(&[
        ParameterInfo::path("channelId"),
        ParameterInfo::path("playbackId"),
        ParameterInfo::query("media").required().list(),
        ParameterInfo::query("lang"),
        ParameterInfo::query("offsetms"),
        ParameterInfo::query("skipms"),
    ])
    .makes(ObjectKind::Playback, "playbackId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.path("playbackId", self.playback_id)?;
        parts.list("media", self.media)?;
        parts.query("lang", self.lang);
        parts.number("offsetms", self.offset.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("skipms", self.skip.map(milliseconds), 0, i32::MAX.into())?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Playback> {
        response.json()
    }
}

/// Starts to record what comes from a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#record)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Record {
    channel_id: ChannelId,
    name: RecordingName,
    format: String,
    max_duration: Option<Duration>,
    max_silence: Option<Duration>,
    if_exists: Option<IfExists>,
    beep: Option<bool>,
    terminate_on: Option<TerminateOn>,
}

impl Record {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `name`: What the recording is to be called.
    /// * `format`: The format of the file, such as `wav`.
    pub fn new(
        channel_id: impl Into<ChannelId>,
        name: impl Into<RecordingName>,
        format: impl Into<String>,
    ) -> Self {
        Self {
            channel_id: channel_id.into(),
            name: name.into(),
            format: format.into(),
            max_duration: None,
            max_silence: None,
            if_exists: None,
            beep: None,
            terminate_on: None,
        }
    }

    /// Ends it after this long, rounded up to whole seconds; zero is for no limit.
    pub fn max_duration(mut self, max_duration: Duration) -> Self {
        self.max_duration = Some(max_duration);
        self
    }

    /// Ends it after so much silence, rounded up to whole seconds; zero is for no limit.
    pub fn max_silence(mut self, max_silence: Duration) -> Self {
        self.max_silence = Some(max_silence);
        self
    }

    /// What to do where there is a recording of this name.
    pub fn if_exists(mut self, if_exists: IfExists) -> Self {
        self.if_exists = Some(if_exists);
        self
    }

    /// Whether to beep first.
    pub fn beep(mut self, beep: bool) -> Self {
        self.beep = Some(beep);
        self
    }

    /// The key that ends it.
    pub fn terminate_on(mut self, terminate_on: TerminateOn) -> Self {
        self.terminate_on = Some(terminate_on);
        self
    }
}

impl Operation for Record {
    type Answer = LiveRecording;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "record", Method::Post, "/channels/{channelId}/record")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("name").required(),
                ParameterInfo::query("format").required(),
                ParameterInfo::query("maxDurationSeconds"),
                ParameterInfo::query("maxSilenceSeconds"),
                ParameterInfo::query("ifExists").values(&["fail", "overwrite", "append"]),
                ParameterInfo::query("beep"),
                ParameterInfo::query("terminateOn").values(&["none", "any", "*", "#"]),
            ])
            .makes(ObjectKind::Recording, "name");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("name", Some(self.name));
        parts.query("format", Some(self.format));
        parts.number("maxDurationSeconds", self.max_duration.map(seconds), 0, i32::MAX.into())?;
        parts.number("maxSilenceSeconds", self.max_silence.map(seconds), 0, i32::MAX.into())?;
        parts.query("ifExists", self.if_exists);
        parts.query("beep", self.beep);
        parts.query("terminateOn", self.terminate_on);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<LiveRecording> {
        response.json()
    }
}

/// Reads a variable or function of a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#getchannelvar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetChannelVar {
    channel_id: ChannelId,
    variable: String,
}

impl GetChannelVar {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `variable`: The name of the variable or function.
    pub fn new(channel_id: impl Into<ChannelId>, variable: impl Into<String>) -> Self {
        Self { channel_id: channel_id.into(), variable: variable.into() }
    }
}

impl Operation for GetChannelVar {
    type Answer = Variable;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "getChannelVar", Method::Get, "/channels/{channelId}/variable")
            .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::query("variable").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("variable", Some(self.variable));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Variable> {
        response.json()
    }
}

/// Sets a variable or function of a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#setchannelvar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetChannelVar {
    channel_id: ChannelId,
    variable: String,
    value: Option<String>,
    report_events: Option<bool>,
}

impl SetChannelVar {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `variable`: The name of the variable or function.
    pub fn new(channel_id: impl Into<ChannelId>, variable: impl Into<String>) -> Self {
        Self { channel_id: channel_id.into(), variable: variable.into(), value: None, report_events: None }
    }

    /// The value; an empty one if it is left out.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Whether the application gets an event for it.
    pub fn report_events(mut self, report_events: bool) -> Self {
        self.report_events = Some(report_events);
        self
    }
}

impl Operation for SetChannelVar {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "setChannelVar", Method::Post, "/channels/{channelId}/variable")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("variable").required(),
                ParameterInfo::query("value"),
                ParameterInfo::query("report_events"),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("variable", Some(self.variable));
        parts.query("value", self.value);
        parts.query("report_events", self.report_events);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Reads several variables or functions of a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#getchannelvars)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetChannelVars {
    channel_id: ChannelId,
    variables: Vec<String>,
}

impl GetChannelVars {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `variables`: The names of the variables or functions.
    pub fn new(
        channel_id: impl Into<ChannelId>,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { channel_id: channel_id.into(), variables: texts(variables) }
    }
}

impl Operation for GetChannelVars {
    type Answer = Variables;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "getChannelVars", Method::Get, "/channels/{channelId}/variables")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("variables").required().list(),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.list("variables", self.variables)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Variables> {
        response.json()
    }
}

/// Sets several variables or functions of a channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#setchannelvars)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetChannelVars {
    channel_id: ChannelId,
    variables: BTreeMap<String, String>,
}

impl SetChannelVars {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `variables`: The variables or functions, with their values.
    pub fn new(
        channel_id: impl Into<ChannelId>,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        Self { channel_id: channel_id.into(), variables: settings(variables) }
    }
}

impl Operation for SetChannelVars {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "setChannelVars", Method::Post, "/channels/{channelId}/variables")
            .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::body("variables").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.field("variables", Some(Value::from_iter(self.variables)));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Listens or speaks to one side of a channel, by a channel of its own.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#snoopchannel)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SnoopChannel {
    channel_id: ChannelId,
    spy: Option<SnoopDirection>,
    whisper: Option<SnoopDirection>,
    app: ApplicationName,
    app_args: Option<String>,
    snoop_id: Option<ChannelId>,
}

impl SnoopChannel {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `app`: The application that the channel enters.
    pub fn new(channel_id: impl Into<ChannelId>, app: impl Into<ApplicationName>) -> Self {
        Self {
            channel_id: channel_id.into(),
            spy: None,
            whisper: None,
            app: app.into(),
            app_args: None,
            snoop_id: None,
        }
    }

    /// Which direction to listen to.
    pub fn spy(mut self, spy: SnoopDirection) -> Self {
        self.spy = Some(spy);
        self
    }

    /// Which direction to speak into.
    pub fn whisper(mut self, whisper: SnoopDirection) -> Self {
        self.whisper = Some(whisper);
        self
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }

    /// The id that the snooping channel is to have.
    pub fn snoop_id(mut self, snoop_id: impl Into<ChannelId>) -> Self {
        self.snoop_id = Some(snoop_id.into());
        self
    }
}

impl Operation for SnoopChannel {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "snoopChannel", Method::Post, "/channels/{channelId}/snoop")
            .parameters(&[
                ParameterInfo::path("channelId"),
                ParameterInfo::query("spy").values(&["none", "both", "out", "in"]),
                ParameterInfo::query("whisper").values(&["none", "both", "out", "in"]),
                ParameterInfo::query("app").required(),
                ParameterInfo::query("appArgs"),
                ParameterInfo::query("snoopId"),
            ])
            .makes(ObjectKind::Channel, "snoopId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("spy", self.spy);
        parts.query("whisper", self.whisper);
        parts.query("app", Some(self.app));
        parts.query("appArgs", self.app_args);
        parts.query("snoopId", self.snoop_id);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Listens or speaks to one side of a channel, by a channel of a given id.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#snoopchannelwithid)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SnoopChannelWithId {
    channel_id: ChannelId,
    snoop_id: ChannelId,
    spy: Option<SnoopDirection>,
    whisper: Option<SnoopDirection>,
    app: ApplicationName,
    app_args: Option<String>,
}

impl SnoopChannelWithId {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `snoop_id`: The id that the snooping channel is to have.
    /// * `app`: The application that the channel enters.
    pub fn new(
        channel_id: impl Into<ChannelId>,
        snoop_id: impl Into<ChannelId>,
        app: impl Into<ApplicationName>,
    ) -> Self {
        Self {
            channel_id: channel_id.into(),
            snoop_id: snoop_id.into(),
            spy: None,
            whisper: None,
            app: app.into(),
            app_args: None,
        }
    }

    /// Which direction to listen to.
    pub fn spy(mut self, spy: SnoopDirection) -> Self {
        self.spy = Some(spy);
        self
    }

    /// Which direction to speak into.
    pub fn whisper(mut self, whisper: SnoopDirection) -> Self {
        self.whisper = Some(whisper);
        self
    }

    /// The arguments for the application, separated by commas.
    pub fn app_args(mut self, app_args: impl Into<String>) -> Self {
        self.app_args = Some(app_args.into());
        self
    }
}

impl Operation for SnoopChannelWithId {
    type Answer = Channel;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "channels",
        "snoopChannelWithId",
        Method::Post,
        "/channels/{channelId}/snoop/{snoopId}",
    )
    .parameters(&[
        ParameterInfo::path("channelId"),
        ParameterInfo::path("snoopId"),
        ParameterInfo::query("spy").values(&["none", "both", "out", "in"]),
        ParameterInfo::query("whisper").values(&["none", "both", "out", "in"]),
        ParameterInfo::query("app").required(),
        ParameterInfo::query("appArgs"),
    ])
    .makes(ObjectKind::Channel, "snoopId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.path("snoopId", self.snoop_id)?;
        parts.query("spy", self.spy);
        parts.query("whisper", self.whisper);
        parts.query("app", Some(self.app));
        parts.query("appArgs", self.app_args);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Calls the endpoint of a channel that was made with `Create`.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#dial)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Dial {
    channel_id: ChannelId,
    caller: Option<ChannelId>,
    timeout: Option<Duration>,
}

impl Dial {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into(), caller: None, timeout: None }
    }

    /// The channel on whose behalf this one is dialled.
    pub fn caller(mut self, caller: impl Into<ChannelId>) -> Self {
        self.caller = Some(caller.into());
        self
    }

    /// How long to ring, rounded up to whole seconds; zero is for no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl Operation for Dial {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "dial", Method::Post, "/channels/{channelId}/dial").parameters(&[
            ParameterInfo::path("channelId"),
            ParameterInfo::query("caller"),
            ParameterInfo::query("timeout"),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("caller", self.caller);
        parts.number("timeout", self.timeout.map(seconds), 0, i32::MAX.into())?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Tells how the RTP of a channel fares.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#rtpstatistics)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct RtpStatistics {
    channel_id: ChannelId,
}

impl RtpStatistics {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    pub fn new(channel_id: impl Into<ChannelId>) -> Self {
        Self { channel_id: channel_id.into() }
    }
}

impl Operation for RtpStatistics {
    type Answer = RTPstat;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "rtpstatistics", Method::Get, "/channels/{channelId}/rtp_statistics")
            .parameters(&[ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<RTPstat> {
        response.json()
    }
}

/// Makes a channel whose media goes to and comes from a server of yours.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#externalmedia)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ExternalMedia {
    channel_id: Option<ChannelId>,
    app: ApplicationName,
    variables: Option<BTreeMap<String, String>>,
    external_host: Option<String>,
    encapsulation: Option<Encapsulation>,
    transport: Option<Transport>,
    connection_type: Option<ConnectionType>,
    format: String,
    direction: Option<MediaDirection>,
    data: Option<String>,
    transport_data: Option<String>,
}

impl ExternalMedia {
    /// With what it cannot do without.
    ///
    /// * `app`: The application that the channel enters.
    /// * `format`: The format of the media, such as `ulaw`.
    pub fn new(app: impl Into<ApplicationName>, format: impl Into<String>) -> Self {
        Self {
            channel_id: None,
            app: app.into(),
            variables: None,
            external_host: None,
            encapsulation: None,
            transport: None,
            connection_type: None,
            format: format.into(),
            direction: None,
            data: None,
            transport_data: None,
        }
    }

    /// The id that the channel is to have.
    pub fn channel_id(mut self, channel_id: impl Into<ChannelId>) -> Self {
        self.channel_id = Some(channel_id.into());
        self
    }

    /// Variables of the new channel, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }

    /// Where the media goes, as `host:port`.
    pub fn external_host(mut self, external_host: impl Into<String>) -> Self {
        self.external_host = Some(external_host.into());
        self
    }

    /// How the media is packed.
    pub fn encapsulation(mut self, encapsulation: Encapsulation) -> Self {
        self.encapsulation = Some(encapsulation);
        self
    }

    /// What carries the media.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Which side opens the connection.
    pub fn connection_type(mut self, connection_type: ConnectionType) -> Self {
        self.connection_type = Some(connection_type);
        self
    }

    /// Which direction of the audio.
    pub fn direction(mut self, direction: MediaDirection) -> Self {
        self.direction = Some(direction);
        self
    }

    /// What else the encapsulation is told, such as the UUID of an AudioSocket.
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// What else the transport is told, such as the path of a websocket.
    pub fn transport_data(mut self, transport_data: impl Into<String>) -> Self {
        self.transport_data = Some(transport_data.into());
        self
    }
}

impl Operation for ExternalMedia {
    type Answer = Channel;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("channels", "externalMedia", Method::Post, "/channels/externalMedia")
            .parameters(&[
                ParameterInfo::query("channelId"),
                ParameterInfo::query("app").required(),
                ParameterInfo::body("variables"),
                ParameterInfo::query("external_host"),
                ParameterInfo::query("encapsulation").values(&["rtp", "audiosocket", "none"]),
                ParameterInfo::query("transport").values(&["udp", "tcp", "websocket"]),
                ParameterInfo::query("connection_type").values(&["client", "server"]),
                ParameterInfo::query("format").required(),
                ParameterInfo::query("direction").values(&["both"]),
                ParameterInfo::query("data"),
                ParameterInfo::query("transport_data"),
            ])
            .makes(ObjectKind::Channel, "channelId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("channelId", self.channel_id);
        parts.query("app", Some(self.app));
        parts.field("variables", self.variables.map(Value::from_iter));
        parts.query("external_host", self.external_host);
        parts.query("encapsulation", self.encapsulation);
        parts.query("transport", self.transport);
        parts.query("connection_type", self.connection_type);
        parts.query("format", Some(self.format));
        parts.query("direction", self.direction);
        parts.query("data", self.data);
        parts.query("transport_data", self.transport_data);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Channel> {
        response.json()
    }
}

/// Tells the phone that asked for a transfer how far it has come.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Channels_REST_API/#transfer_progress)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct TransferProgress {
    channel_id: ChannelId,
    states: String,
}

impl TransferProgress {
    /// With what it cannot do without.
    ///
    /// * `channel_id`: The channel.
    /// * `states`: How far it has come, in the words of the channel's technology.
    pub fn new(channel_id: impl Into<ChannelId>, states: impl Into<String>) -> Self {
        Self { channel_id: channel_id.into(), states: states.into() }
    }
}

impl Operation for TransferProgress {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "channels",
        "transfer_progress",
        Method::Post,
        "/channels/{channelId}/transfer_progress",
    )
    .parameters(&[ParameterInfo::path("channelId"), ParameterInfo::query("states").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("channelId", self.channel_id)?;
        parts.query("states", Some(self.states));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
