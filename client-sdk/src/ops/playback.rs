//! A sound being played.

use std::fmt;

use ari_bus::protocol::ObjectKind;
use serde_json::json;

use super::{make, watch::Watch};
use crate::{Call, CommandError, CommandErrorKind, Method, Result, path};

/// A playback that was started on a channel or bridge.
pub struct Playback {
    call: Call,
    id: String,
    command: String,
    finished: Watch,
}

impl Playback {
    /// Starts one with `POST <target>/play`; `object` is the channel or bridge that the target is.
    pub(super) async fn start(call: Call, target: String, object: String, media: &str) -> Result<Self> {
        let made = call.dialog().ids.object("playback", &format!("{target} {media}"));
        let (id, wanted) = (made.as_str().to_owned(), made.as_str().to_owned());
        let finished = Watch::new(call.dialog().clone(), object, move |event| {
            event.kind() == "PlaybackFinished" && event.playback_id() == Some(&wanted)
        });
        let url = target + "/play";
        let command = format!("POST {url}");
        let body = json!({ "media": media, "playbackId": id });
        let request = call.command(Method::Post, url).json(body).making(made);
        make(&call, ObjectKind::Playback, &id, request).await?;
        Ok(Self { call, id, command, finished })
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

    /// Stops it.
    ///
    /// # Errors
    /// Those of any command; `NotFound` when it has finished already.
    pub async fn stop(&self) -> Result {
        self.call.command(Method::Delete, path(&["playbacks", &self.id])).await.map(drop)
    }
}

impl fmt::Debug for Playback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playback").field("id", &self.id).finish_non_exhaustive()
    }
}
