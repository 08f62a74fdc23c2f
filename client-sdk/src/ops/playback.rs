//! A sound being played.

use std::fmt;

use futures_util::{FutureExt as _, future::BoxFuture};

use super::{run::Prepared, watch::Watch};
use crate::{
    Call, CommandError, CommandErrorKind, Result,
    ari::{self, PlaybackOperation, playbacks},
};

/// A playback that was started on a channel or bridge.
///
/// Its errors are those of any [command](crate::CommandError): `NotFound` once it has finished, `Gone` when the call is over.
pub struct Playback {
    call: Call,
    id: String,
    command: String,
    finished: Watch,
}

impl Call {
    /// A handle to a playback of this call, by its id. Of its end [`finished`](Playback::finished) knows only if that comes from now
    /// on, or with the end of the call.
    #[must_use]
    pub fn playback_by_id(&self, id: impl Into<String>) -> Playback {
        let id = id.into();
        let command = format!("playback {id}");
        Playback::watched(self.clone(), id, None, command)
    }
}

impl Playback {
    /// Starts one with an operation that plays.
    pub(super) fn start(prepared: Prepared) -> BoxFuture<'static, Result<Self>> {
        let on = prepared.text("channelId").or_else(|| prepared.text("bridgeId")).map(str::to_owned);
        // What plays makes a playback for whoever asks, so that it has an id.
        let id = prepared.id().unwrap_or_default().to_owned();
        // Before it is sent: its end can be here before the answer.
        let playback = Self::watched(prepared.call().clone(), id, on, prepared.command());
        async move { prepared.send().await.map(|_| playback) }.boxed()
    }

    /// One on this channel or bridge, that this command started.
    fn watched(call: Call, id: String, on: Option<String>, command: String) -> Self {
        let wanted = id.clone();
        let finished = Watch::new(call.dialog().clone(), on, move |event| {
            event.kind() == "PlaybackFinished" && event.playback_id() == Some(&wanted)
        });
        Self { call, id, command, finished }
    }

    /// Its id, which this crate chose.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until it was played to its end or stopped.
    ///
    /// # Errors
    /// `Failed` when Asterisk could not play it (a sound that does not exist, a caller who hangs up); `Gone` when
    /// the call ends without a word about it.
    pub async fn finished(&self) -> Result {
        let event = self.finished.event(&self.command).await?;
        if event.text("/playback/state") == Some("failed") {
            let media = event.text("/playback/media_uri").unwrap_or_default();
            let text = format!("Asterisk could not play {media}");
            return Err(CommandError::new(CommandErrorKind::Failed, &self.command, text));
        }
        Ok(())
    }

    /// The playback as Asterisk describes it now.
    ///
    /// # Errors
    /// See [`Playback`].
    pub async fn snapshot(&self) -> Result<ari::Playback> {
        self.call.run(playbacks::Get::new(self)).await
    }

    /// Stops it.
    ///
    /// # Errors
    /// See [`Playback`].
    pub async fn stop(&self) -> Result {
        self.call.run(playbacks::Stop::new(self)).await
    }

    /// Pauses it, goes on with it, begins it again, or winds it: by as much as `skip` of the `play` said, 3 s otherwise.
    ///
    /// # Errors
    /// See [`Playback`]; `Conflict` when it does not play now, because it is paused or has not begun.
    pub async fn control(&self, operation: PlaybackOperation) -> Result {
        self.call.run(playbacks::Control::new(self, operation)).await
    }

    /// Pauses it.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn pause(&self) -> Result {
        self.control(PlaybackOperation::Pause).await
    }

    /// Goes on with it after a [`pause`](Self::pause).
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn unpause(&self) -> Result {
        self.control(PlaybackOperation::Unpause).await
    }
}

impl fmt::Debug for Playback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playback").field("id", &self.id).finish_non_exhaustive()
    }
}
