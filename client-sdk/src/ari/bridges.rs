// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on bridges.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::{
    Method, ObjectKind, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{
        Bridge, BridgeId, ChannelId, IfExists, LiveRecording, Playback, PlaybackId, RecordingName,
        TerminateOn, Variable, Variables,
    },
    typed::{milliseconds, seconds, settings, texts},
};

/// Lists the bridges that there are.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#list)
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
    type Answer = Vec<Bridge>;
    const INFO: &'static OperationInfo = &OperationInfo::new("bridges", "list", Method::Get, "/bridges");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Bridge>> {
        response.json()
    }
}

/// Makes a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#create)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Create {
    kind: Option<String>,
    bridge_id: Option<BridgeId>,
    name: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

impl Create {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self { kind: None, bridge_id: None, name: None, variables: None }
    }

    /// What it is for: `mixing`, `holding` and attributes such as `dtmf_events`, separated by commas.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// The id that the bridge is to have.
    pub fn bridge_id(mut self, bridge_id: impl Into<BridgeId>) -> Self {
        self.bridge_id = Some(bridge_id.into());
        self
    }

    /// A name for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Variables of the bridge, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for Create {
    type Answer = Bridge;
    const INFO: &'static OperationInfo = &OperationInfo::new("bridges", "create", Method::Post, "/bridges")
        .parameters(&[
            ParameterInfo::query("type"),
            ParameterInfo::query("bridgeId"),
            ParameterInfo::query("name"),
            ParameterInfo::body("variables"),
        ])
        .makes(ObjectKind::Bridge, "bridgeId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("type", self.kind);
        parts.query("bridgeId", self.bridge_id);
        parts.query("name", self.name);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Bridge> {
        response.json()
    }
}

/// Makes a bridge under a given id, or changes the one that has it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#createwithid)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct CreateWithId {
    kind: Option<String>,
    bridge_id: BridgeId,
    name: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

impl CreateWithId {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id that the bridge is to have.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { kind: None, bridge_id: bridge_id.into(), name: None, variables: None }
    }

    /// What it is for: `mixing`, `holding` and attributes such as `dtmf_events`, separated by commas.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// A name for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Variables of the bridge, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for CreateWithId {
    type Answer = Bridge;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "createWithId", Method::Post, "/bridges/{bridgeId}")
            .parameters(&[
                ParameterInfo::query("type"),
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("name"),
                ParameterInfo::body("variables"),
            ])
            .makes(ObjectKind::Bridge, "bridgeId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("type", self.kind);
        parts.path("bridgeId", self.bridge_id)?;
        parts.query("name", self.name);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Bridge> {
        response.json()
    }
}

/// Tells about a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    bridge_id: BridgeId,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { bridge_id: bridge_id.into() }
    }
}

impl Operation for Get {
    type Answer = Bridge;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "get", Method::Get, "/bridges/{bridgeId}")
            .parameters(&[ParameterInfo::path("bridgeId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Bridge> {
        response.json()
    }
}

/// Ends a bridge; the channels in it stay in the application.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#destroy)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Destroy {
    bridge_id: BridgeId,
}

impl Destroy {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { bridge_id: bridge_id.into() }
    }
}

impl Operation for Destroy {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "destroy", Method::Delete, "/bridges/{bridgeId}")
            .parameters(&[ParameterInfo::path("bridgeId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Reads a variable of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#getbridgevar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetBridgeVar {
    bridge_id: BridgeId,
    variable: String,
}

impl GetBridgeVar {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `variable`: The name of the variable or function.
    pub fn new(bridge_id: impl Into<BridgeId>, variable: impl Into<String>) -> Self {
        Self { bridge_id: bridge_id.into(), variable: variable.into() }
    }
}

impl Operation for GetBridgeVar {
    type Answer = Variable;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "getBridgeVar", Method::Get, "/bridges/{bridgeId}/variable")
            .parameters(&[ParameterInfo::path("bridgeId"), ParameterInfo::query("variable").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.query("variable", Some(self.variable));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Variable> {
        response.json()
    }
}

/// Sets a variable of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#setbridgevar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetBridgeVar {
    bridge_id: BridgeId,
    variable: String,
    value: Option<String>,
    report_events: Option<bool>,
}

impl SetBridgeVar {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `variable`: The name of the variable or function.
    pub fn new(bridge_id: impl Into<BridgeId>, variable: impl Into<String>) -> Self {
        Self { bridge_id: bridge_id.into(), variable: variable.into(), value: None, report_events: None }
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

impl Operation for SetBridgeVar {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "setBridgeVar", Method::Post, "/bridges/{bridgeId}/variable")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("variable").required(),
                ParameterInfo::query("value"),
                ParameterInfo::query("report_events"),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.query("variable", Some(self.variable));
        parts.query("value", self.value);
        parts.query("report_events", self.report_events);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Reads several variables of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#getbridgevars)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetBridgeVars {
    bridge_id: BridgeId,
    variables: Vec<String>,
}

impl GetBridgeVars {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `variables`: The names of the variables.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { bridge_id: bridge_id.into(), variables: texts(variables) }
    }
}

impl Operation for GetBridgeVars {
    type Answer = Variables;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "getBridgeVars", Method::Get, "/bridges/{bridgeId}/variables")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("variables").required().list(),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.list("variables", self.variables)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Variables> {
        response.json()
    }
}

/// Sets several variables of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#setbridgevars)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetBridgeVars {
    bridge_id: BridgeId,
    variables: BTreeMap<String, String>,
}

impl SetBridgeVars {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `variables`: The variables, with their values.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        Self { bridge_id: bridge_id.into(), variables: settings(variables) }
    }
}

impl Operation for SetBridgeVars {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "setBridgeVars", Method::Post, "/bridges/{bridgeId}/variables")
            .parameters(&[ParameterInfo::path("bridgeId"), ParameterInfo::body("variables").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.field("variables", Some(Value::from_iter(self.variables)));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Puts channels into a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#addchannel)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct AddChannel {
    bridge_id: BridgeId,
    channel: Vec<ChannelId>,
    role: Option<String>,
    absorb_dtmf: Option<bool>,
    mute: Option<bool>,
    inhibit_connected_line_updates: Option<bool>,
}

impl AddChannel {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `channel`: The channels.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        channel: impl IntoIterator<Item = impl Into<ChannelId>>,
    ) -> Self {
        Self {
            bridge_id: bridge_id.into(),
            channel: texts(channel),
            role: None,
            absorb_dtmf: None,
            mute: None,
            inhibit_connected_line_updates: None,
        }
    }

    /// The part that the channels play in the bridge, such as `announcer` in a holding one.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Whether keys that this channel presses are kept from the bridge, which makes events of them.
    pub fn absorb_dtmf(mut self, absorb_dtmf: bool) -> Self {
        self.absorb_dtmf = Some(absorb_dtmf);
        self
    }

    /// Whether the channel is not heard in the bridge.
    pub fn mute(mut self, mute: bool) -> Self {
        self.mute = Some(mute);
        self
    }

    /// Whether the channel is not told who else is in the bridge.
    pub fn inhibit_connected_line_updates(mut self, inhibit_connected_line_updates: bool) -> Self {
        self.inhibit_connected_line_updates = Some(inhibit_connected_line_updates);
        self
    }
}

impl Operation for AddChannel {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "addChannel", Method::Post, "/bridges/{bridgeId}/addChannel")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("channel").required().list(),
                ParameterInfo::query("role"),
                ParameterInfo::query("absorbDTMF"),
                ParameterInfo::query("mute"),
                ParameterInfo::query("inhibitConnectedLineUpdates"),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.list("channel", self.channel)?;
        parts.query("role", self.role);
        parts.query("absorbDTMF", self.absorb_dtmf);
        parts.query("mute", self.mute);
        parts.query("inhibitConnectedLineUpdates", self.inhibit_connected_line_updates);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Takes channels out of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#removechannel)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct RemoveChannel {
    bridge_id: BridgeId,
    channel: Vec<ChannelId>,
}

impl RemoveChannel {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `channel`: The channels.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        channel: impl IntoIterator<Item = impl Into<ChannelId>>,
    ) -> Self {
        Self { bridge_id: bridge_id.into(), channel: texts(channel) }
    }
}

impl Operation for RemoveChannel {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "removeChannel", Method::Post, "/bridges/{bridgeId}/removeChannel")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("channel").required().list(),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.list("channel", self.channel)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Shows the video of one channel to all in a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#setvideosource)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetVideoSource {
    bridge_id: BridgeId,
    channel_id: ChannelId,
}

impl SetVideoSource {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `channel_id`: The channel.
    pub fn new(bridge_id: impl Into<BridgeId>, channel_id: impl Into<ChannelId>) -> Self {
        Self { bridge_id: bridge_id.into(), channel_id: channel_id.into() }
    }
}

impl Operation for SetVideoSource {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "bridges",
        "setVideoSource",
        Method::Post,
        "/bridges/{bridgeId}/videoSource/{channelId}",
    )
    .parameters(&[ParameterInfo::path("bridgeId"), ParameterInfo::path("channelId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.path("channelId", self.channel_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets a bridge choose again whose video it shows.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#clearvideosource)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ClearVideoSource {
    bridge_id: BridgeId,
}

impl ClearVideoSource {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { bridge_id: bridge_id.into() }
    }
}

impl Operation for ClearVideoSource {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "clearVideoSource", Method::Delete, "/bridges/{bridgeId}/videoSource")
            .parameters(&[ParameterInfo::path("bridgeId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets all in a bridge hear music on hold.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#startmoh)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StartMoh {
    bridge_id: BridgeId,
    moh_class: Option<String>,
}

impl StartMoh {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { bridge_id: bridge_id.into(), moh_class: None }
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
        &OperationInfo::new("bridges", "startMoh", Method::Post, "/bridges/{bridgeId}/moh")
            .parameters(&[ParameterInfo::path("bridgeId"), ParameterInfo::query("mohClass")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.query("mohClass", self.moh_class);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends the music on hold of a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#stopmoh)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct StopMoh {
    bridge_id: BridgeId,
}

impl StopMoh {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    pub fn new(bridge_id: impl Into<BridgeId>) -> Self {
        Self { bridge_id: bridge_id.into() }
    }
}

impl Operation for StopMoh {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "stopMoh", Method::Delete, "/bridges/{bridgeId}/moh")
            .parameters(&[ParameterInfo::path("bridgeId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Starts to play media to a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#play)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Play {
    bridge_id: BridgeId,
    media: Vec<String>,
    announcer_format: Option<String>,
    lang: Option<String>,
    offset: Option<Duration>,
    skip: Option<Duration>,
    playback_id: Option<PlaybackId>,
}

impl Play {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `media`: What to play, one after the other: `sound:hello`, `digits:12`, `tone:ring` and so on.
    pub fn new(bridge_id: impl Into<BridgeId>, media: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            bridge_id: bridge_id.into(),
            media: texts(media),
            announcer_format: None,
            lang: None,
            offset: None,
            skip: None,
            playback_id: None,
        }
    }

    /// The format of the channel that plays to the bridge.
    pub fn announcer_format(mut self, announcer_format: impl Into<String>) -> Self {
        self.announcer_format = Some(announcer_format.into());
        self
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
        &OperationInfo::new("bridges", "play", Method::Post, "/bridges/{bridgeId}/play")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("media").required().list(),
                ParameterInfo::query("announcer_format"),
                ParameterInfo::query("lang"),
                ParameterInfo::query("offsetms"),
                ParameterInfo::query("skipms"),
                ParameterInfo::query("playbackId"),
            ])
            .makes(ObjectKind::Playback, "playbackId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.list("media", self.media)?;
        parts.query("announcer_format", self.announcer_format);
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

/// Starts to play media to a bridge, under a given id.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#playwithid)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct PlayWithId {
    bridge_id: BridgeId,
    playback_id: PlaybackId,
    media: Vec<String>,
    announcer_format: Option<String>,
    lang: Option<String>,
    offset: Option<Duration>,
    skip: Option<Duration>,
}

impl PlayWithId {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `playback_id`: The id that the playback is to have.
    /// * `media`: What to play, one after the other: `sound:hello`, `digits:12`, `tone:ring` and so on.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        playback_id: impl Into<PlaybackId>,
        media: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            bridge_id: bridge_id.into(),
            playback_id: playback_id.into(),
            media: texts(media),
            announcer_format: None,
            lang: None,
            offset: None,
            skip: None,
        }
    }

    /// The format of the channel that plays to the bridge.
    pub fn announcer_format(mut self, announcer_format: impl Into<String>) -> Self {
        self.announcer_format = Some(announcer_format.into());
        self
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
    const INFO: &'static OperationInfo =
        &OperationInfo::new("bridges", "playWithId", Method::Post, "/bridges/{bridgeId}/play/{playbackId}")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::path("playbackId"),
                ParameterInfo::query("media").required().list(),
                ParameterInfo::query("announcer_format"),
                ParameterInfo::query("lang"),
                ParameterInfo::query("offsetms"),
                ParameterInfo::query("skipms"),
            ])
            .makes(ObjectKind::Playback, "playbackId");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.path("playbackId", self.playback_id)?;
        parts.list("media", self.media)?;
        parts.query("announcer_format", self.announcer_format);
        parts.query("lang", self.lang);
        parts.number("offsetms", self.offset.map(milliseconds), 0, i32::MAX.into())?;
        parts.number("skipms", self.skip.map(milliseconds), 0, i32::MAX.into())?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Playback> {
        response.json()
    }
}

/// Starts to record a bridge.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Bridges_REST_API/#record)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Record {
    bridge_id: BridgeId,
    name: RecordingName,
    format: String,
    recorder_format: Option<String>,
    max_duration: Option<Duration>,
    max_silence: Option<Duration>,
    if_exists: Option<IfExists>,
    beep: Option<bool>,
    terminate_on: Option<TerminateOn>,
}

impl Record {
    /// With what it cannot do without.
    ///
    /// * `bridge_id`: The id of the bridge.
    /// * `name`: What the recording is to be called.
    /// * `format`: The format of the file, such as `wav`.
    pub fn new(
        bridge_id: impl Into<BridgeId>,
        name: impl Into<RecordingName>,
        format: impl Into<String>,
    ) -> Self {
        Self {
            bridge_id: bridge_id.into(),
            name: name.into(),
            format: format.into(),
            recorder_format: None,
            max_duration: None,
            max_silence: None,
            if_exists: None,
            beep: None,
            terminate_on: None,
        }
    }

    /// The format of the channel that records the bridge.
    pub fn recorder_format(mut self, recorder_format: impl Into<String>) -> Self {
        self.recorder_format = Some(recorder_format.into());
        self
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
        &OperationInfo::new("bridges", "record", Method::Post, "/bridges/{bridgeId}/record")
            .parameters(&[
                ParameterInfo::path("bridgeId"),
                ParameterInfo::query("name").required(),
                ParameterInfo::query("format").required(),
                ParameterInfo::query("recorder_format"),
                ParameterInfo::query("maxDurationSeconds"),
                ParameterInfo::query("maxSilenceSeconds"),
                ParameterInfo::query("ifExists").values(&["fail", "overwrite", "append"]),
                ParameterInfo::query("beep"),
                ParameterInfo::query("terminateOn").values(&["none", "any", "*", "#"]),
            ])
            .makes(ObjectKind::Recording, "name");

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("bridgeId", self.bridge_id)?;
        parts.query("name", Some(self.name));
        parts.query("format", Some(self.format));
        parts.query("recorder_format", self.recorder_format);
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
