//! A recording being made.

use std::{fmt, future::IntoFuture, time::Duration};

use ari_bus::protocol::ObjectKind;
use futures_util::{FutureExt as _, future::BoxFuture};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{StoredRecording, make, watch::Watch, whole_seconds};
use crate::{
    Call, CommandError, CommandErrorKind, Method, Result,
    ari::{self, recordings},
};

/// A recording about to be started: awaiting it starts it.
#[must_use = "a recording is started when it is awaited"]
pub struct Record {
    call: Call,
    target: String,
    object: String,
    name: String,
    fields: Map<String, Value>,
}

impl Record {
    /// To be started with `POST <target>/record`; `object` is the channel or bridge that the target is.
    pub(super) fn new(call: Call, target: String, object: String, name: String) -> Self {
        Self { call, target, object, name: name.clone(), fields: Map::new() }
            .field("name", name)
            .format("wav")
    }

    /// The file format, such as `wav` (the default), `gsm` or `ulaw`.
    pub fn format(self, format: impl Into<String>) -> Self {
        self.field("format", format.into())
    }

    /// Ends it after this long, rounded up to whole seconds. Without it, it has no end of its own.
    pub fn max_duration(self, longest: Duration) -> Self {
        self.field("maxDurationSeconds", whole_seconds(longest))
    }

    /// Ends it after so much silence, rounded up to whole seconds.
    pub fn max_silence(self, longest: Duration) -> Self {
        self.field("maxSilenceSeconds", whole_seconds(longest))
    }

    /// Plays a beep before it.
    pub fn beep(self) -> Self {
        self.field("beep", true)
    }

    /// Ends it on a key: `#`, `*`, `any`.
    pub fn terminate_on(self, key: impl Into<String>) -> Self {
        self.field("terminateOn", key.into())
    }

    /// What to do when there is one of this name: `fail` (Asterisk's default), `overwrite` or `append`.
    pub fn if_exists(self, what: impl Into<String>) -> Self {
        self.field("ifExists", what.into())
    }

    /// Of a bridge: the format of the channel that records it, such as `slin16`.
    pub fn recorder_format(self, format: impl Into<String>) -> Self {
        self.field("recorder_format", format.into())
    }

    fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    async fn start(self) -> Result<LiveRecording> {
        let url = self.target + "/record";
        let command = format!("POST {url}");
        // Before it is sent: its end can be here before the answer.
        let recording = LiveRecording::watched(self.call.clone(), self.name, Some(self.object), command);
        let request = self.call.command(Method::Post, url).json(self.fields);
        make(&self.call, ObjectKind::Recording, &recording.name, request).await?;
        Ok(recording)
    }
}

impl IntoFuture for Record {
    type Output = Result<LiveRecording>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.start().boxed()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// A recording that was started.
///
/// Its errors are those of any [command](crate::CommandError): `NotFound` once it has ended, `Gone` when the call is over.
pub struct LiveRecording {
    call: Call,
    name: String,
    command: String,
    finished: Watch,
}

/// What became of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// Its file format.
    pub format: String,
    /// How long it is, in seconds.
    pub duration: Option<u64>,
    /// How much of it is silence, in seconds; told where silence can end it.
    pub silence_duration: Option<u64>,
}

impl Call {
    /// A handle to a recording that is being made in this call, by its name. Of its end [`finished`](LiveRecording::finished) knows
    /// only if that comes from now on, or with the end of the call.
    #[must_use]
    pub fn live_recording(&self, name: impl Into<String>) -> LiveRecording {
        let name = name.into();
        let command = format!("recording {name}");
        LiveRecording::watched(self.clone(), name, None, command)
    }
}

impl Recorded {
    /// Its media URI, for [`Channel::play`](crate::Channel::play).
    #[must_use]
    pub fn media(&self) -> String {
        format!("recording:{}", self.name)
    }
}

impl LiveRecording {
    /// One on this channel or bridge, that this command started.
    fn watched(call: Call, name: String, on: Option<String>, command: String) -> Self {
        let wanted = name.clone();
        let finished = Watch::new(call.dialog().clone(), on, move |event| {
            matches!(event.kind(), "RecordingFinished" | "RecordingFailed")
                && event.recording_name() == Some(&wanted)
        });
        Self { call, name, command, finished }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it has ended and is stored.
    ///
    /// # Errors
    /// `Failed` with Asterisk's cause when it could not be made; `Gone` when the call ends without a word about it.
    pub async fn finished(&self) -> Result<Recorded> {
        let event = self.finished.event(&self.command).await?;
        if event.kind() == "RecordingFailed" {
            let cause = event.text("/recording/cause").unwrap_or("Asterisk gives no cause");
            return Err(CommandError::new(CommandErrorKind::Failed, &self.command, cause));
        }
        let recording = event.json().get("recording").cloned().unwrap_or(json!({}));
        serde_json::from_value(recording).map_err(|error| {
            CommandError::new(CommandErrorKind::Decode, &self.command, format!("RecordingFinished: {error}"))
        })
    }

    /// What it is once it is stored: to be copied, fetched or deleted.
    #[must_use]
    pub fn stored(&self) -> StoredRecording {
        self.call.stored_recording(&self.name)
    }

    /// The recording as Asterisk describes it now.
    ///
    /// # Errors
    /// See [`LiveRecording`].
    pub async fn snapshot(&self) -> Result<ari::LiveRecording> {
        self.call.run(recordings::GetLive::new(self)).await
    }

    /// Pauses it. Asterisk records nothing of the time until it [goes on](Self::unpause).
    ///
    /// # Errors
    /// See [`LiveRecording`]; `Conflict` when it has not begun.
    pub async fn pause(&self) -> Result {
        self.call.run(recordings::Pause::new(self)).await
    }

    /// Goes on with it after a [`pause`](Self::pause).
    ///
    /// # Errors
    /// Those of [`pause`](Self::pause).
    pub async fn unpause(&self) -> Result {
        self.call.run(recordings::Unpause::new(self)).await
    }

    /// Records silence in place of what is said, such as while a card's number is told.
    ///
    /// # Errors
    /// Those of [`pause`](Self::pause).
    pub async fn mute(&self) -> Result {
        self.call.run(recordings::Mute::new(self)).await
    }

    /// Records again what is said.
    ///
    /// # Errors
    /// Those of [`pause`](Self::pause).
    pub async fn unmute(&self) -> Result {
        self.call.run(recordings::Unmute::new(self)).await
    }

    /// Ends it and stores it.
    ///
    /// # Errors
    /// See [`LiveRecording`].
    pub async fn stop(&self) -> Result {
        self.call.run(recordings::Stop::new(self)).await
    }

    /// Ends it and throws it away.
    ///
    /// # Errors
    /// See [`LiveRecording`]; and `Internal` in the moment after RecordingStarted in which Asterisk has not made its file yet:
    /// the recording ends nonetheless, and may be stored.
    pub async fn discard(&self) -> Result {
        self.call.run(recordings::Cancel::new(self)).await
    }
}

impl fmt::Debug for LiveRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRecording").field("name", &self.name).finish_non_exhaustive()
    }
}
