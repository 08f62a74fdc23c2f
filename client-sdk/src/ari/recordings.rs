// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on recordings, live and stored.

use bytes::Bytes;

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{LiveRecording, RecordingName, StoredRecording},
};

/// Lists the recordings that are stored.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#liststored)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ListStored {}

impl ListStored {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for ListStored {
    type Answer = Vec<StoredRecording>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "listStored", Method::Get, "/recordings/stored");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<StoredRecording>> {
        response.json()
    }
}

/// Tells about a stored recording.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#getstored)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetStored {
    recording_name: RecordingName,
}

impl GetStored {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for GetStored {
    type Answer = StoredRecording;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "getStored", Method::Get, "/recordings/stored/{recordingName}")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<StoredRecording> {
        response.json()
    }
}

/// Removes a recording from the store.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#deletestored)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct DeleteStored {
    recording_name: RecordingName,
}

impl DeleteStored {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for DeleteStored {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "recordings",
        "deleteStored",
        Method::Delete,
        "/recordings/stored/{recordingName}",
    )
    .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Reads the file of a stored recording.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#getstoredfile)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetStoredFile {
    recording_name: RecordingName,
}

impl GetStoredFile {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for GetStoredFile {
    type Answer = Bytes;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "recordings",
        "getStoredFile",
        Method::Get,
        "/recordings/stored/{recordingName}/file",
    )
    .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Bytes> {
        Ok(response.body().clone())
    }
}

/// Stores a recording under a second name as well.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#copystored)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct CopyStored {
    recording_name: RecordingName,
    destination_recording_name: RecordingName,
}

impl CopyStored {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    /// * `destination_recording_name`: The name of the copy.
    pub fn new(
        recording_name: impl Into<RecordingName>,
        destination_recording_name: impl Into<RecordingName>,
    ) -> Self {
        Self {
            recording_name: recording_name.into(),
            destination_recording_name: destination_recording_name.into(),
        }
    }
}

impl Operation for CopyStored {
    type Answer = StoredRecording;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "recordings",
        "copyStored",
        Method::Post,
        "/recordings/stored/{recordingName}/copy",
    )
    .parameters(&[
        ParameterInfo::path("recordingName"),
        ParameterInfo::query("destinationRecordingName").required(),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        parts.query("destinationRecordingName", Some(self.destination_recording_name));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<StoredRecording> {
        response.json()
    }
}

/// Tells about a recording that is being made.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#getlive)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetLive {
    recording_name: RecordingName,
}

impl GetLive {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for GetLive {
    type Answer = LiveRecording;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "getLive", Method::Get, "/recordings/live/{recordingName}")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<LiveRecording> {
        response.json()
    }
}

/// Ends a recording and throws it away.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#cancel)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Cancel {
    recording_name: RecordingName,
}

impl Cancel {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Cancel {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "cancel", Method::Delete, "/recordings/live/{recordingName}")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends a recording and stores it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#stop)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Stop {
    recording_name: RecordingName,
}

impl Stop {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Stop {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "stop", Method::Post, "/recordings/live/{recordingName}/stop")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Pauses a recording.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#pause)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Pause {
    recording_name: RecordingName,
}

impl Pause {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Pause {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "pause", Method::Post, "/recordings/live/{recordingName}/pause")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Goes on with a recording that was paused.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#unpause)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Unpause {
    recording_name: RecordingName,
}

impl Unpause {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Unpause {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "recordings",
        "unpause",
        Method::Delete,
        "/recordings/live/{recordingName}/pause",
    )
    .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets a recording record silence.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#mute)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Mute {
    recording_name: RecordingName,
}

impl Mute {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Mute {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "mute", Method::Post, "/recordings/live/{recordingName}/mute")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Ends the muting of a recording.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Recordings_REST_API/#unmute)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Unmute {
    recording_name: RecordingName,
}

impl Unmute {
    /// With what it cannot do without.
    ///
    /// * `recording_name`: The recording.
    pub fn new(recording_name: impl Into<RecordingName>) -> Self {
        Self { recording_name: recording_name.into() }
    }
}

impl Operation for Unmute {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("recordings", "unmute", Method::Delete, "/recordings/live/{recordingName}/mute")
            .parameters(&[ParameterInfo::path("recordingName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("recordingName", self.recording_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
