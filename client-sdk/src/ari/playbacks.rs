// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on playbacks that are under way.

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{Playback, PlaybackId, PlaybackOperation},
};

/// Tells about a playback.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Playbacks_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    playback_id: PlaybackId,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `playback_id`: The playback.
    pub fn new(playback_id: impl Into<PlaybackId>) -> Self {
        Self { playback_id: playback_id.into() }
    }
}

impl Operation for Get {
    type Answer = Playback;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("playbacks", "get", Method::Get, "/playbacks/{playbackId}")
            .parameters(&[ParameterInfo::path("playbackId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("playbackId", self.playback_id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Playback> {
        response.json()
    }
}

/// Ends a playback before its time.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Playbacks_REST_API/#stop)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Stop {
    playback_id: PlaybackId,
}

impl Stop {
    /// With what it cannot do without.
    ///
    /// * `playback_id`: The playback.
    pub fn new(playback_id: impl Into<PlaybackId>) -> Self {
        Self { playback_id: playback_id.into() }
    }
}

impl Operation for Stop {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("playbacks", "stop", Method::Delete, "/playbacks/{playbackId}")
            .parameters(&[ParameterInfo::path("playbackId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("playbackId", self.playback_id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Pauses, resumes or winds a playback.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Playbacks_REST_API/#control)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Control {
    playback_id: PlaybackId,
    operation: PlaybackOperation,
}

impl Control {
    /// With what it cannot do without.
    ///
    /// * `playback_id`: The playback.
    /// * `operation`: What to do with it.
    pub fn new(playback_id: impl Into<PlaybackId>, operation: PlaybackOperation) -> Self {
        Self { playback_id: playback_id.into(), operation }
    }
}

impl Operation for Control {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("playbacks", "control", Method::Post, "/playbacks/{playbackId}/control")
            .parameters(&[
                ParameterInfo::path("playbackId"),
                ParameterInfo::query("operation")
                    .required()
                    .values(&["restart", "pause", "unpause", "reverse", "forward"]),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("playbackId", self.playback_id)?;
        parts.query("operation", Some(self.operation));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
