//! Waiting for the one event that ends a playback or recording. The watching begins before the command is published,
//! because the event can come before the command's answer.

use std::sync::Arc;

use tokio::{sync::watch, time::timeout};

use crate::{
    CallEnd, CommandError, Event, Result,
    call::{Dialog, Seen, gone},
    limits::FINISH_GRACE,
};

/// A watch for one event of a call; dropping it ends the watching.
pub(crate) struct Watch {
    dialog: Arc<Dialog>,
    id: u64,
    seen: watch::Receiver<Seen>,
}

impl Watch {
    /// Watches for an event that `wanted` is true of, or for the end of the object (channel or bridge) that it is on, if that is
    /// known.
    pub(crate) fn new(
        dialog: Arc<Dialog>,
        object: impl Into<Option<String>>,
        wanted: impl Fn(&Event) -> bool + Send + 'static,
    ) -> Self {
        let object = object.into();
        let judge = move |event: &Event| {
            if wanted(event) {
                Seen::Event(event.clone())
            } else if object.as_deref().is_some_and(|object| is_end_of(event, object)) {
                Seen::Over
            } else {
                Seen::Nothing
            }
        };
        // After a resume the handler repeats its step, and what it waits for may have come already.
        let (id, seen) = dialog.feed.watch(judge, dialog.offer.resume);
        Self { dialog, id, seen }
    }

    /// Watches for the end of a channel or bridge alone, which may have come already.
    pub(crate) fn end_of(dialog: Arc<Dialog>, object: String) -> Self {
        let judge = move |event: &Event| if is_end_of(event, &object) { Seen::Over } else { Seen::Nothing };
        let (id, seen) = dialog.feed.watch(judge, true);
        Self { dialog, id, seen }
    }

    /// Resolves at the end of the object, or of the call.
    pub(crate) async fn over(&self) {
        // Only the end of the call is an error.
        let _ = self.seen.clone().wait_for(|seen| matches!(seen, Seen::Over)).await;
    }

    /// The event, whenever it comes.
    ///
    /// # Errors
    /// `Gone` when the call or the channel ends without it; `command` is what the error names.
    pub(crate) async fn event(&self, command: &str) -> Result<Event> {
        let mut seen = self.seen.clone();
        let first = seen.wait_for(|seen| !matches!(seen, Seen::Nothing)).await.map(|seen| seen.clone());
        match first {
            Ok(Seen::Event(event)) => return Ok(self.hand_over(event)),
            Ok(Seen::Over) => {
                let found = timeout(FINISH_GRACE, seen.wait_for(|seen| matches!(seen, Seen::Event(_)))).await;
                if let Ok(Ok(seen)) = found
                    && let Seen::Event(event) = &*seen
                {
                    return Ok(self.hand_over(event.clone()));
                }
            }
            _ => {}
        }
        Err(self.gone(command))
    }

    /// The event, if it has come.
    pub(crate) fn seen(&self) -> Option<Event> {
        match &*self.seen.borrow() {
            Seen::Event(event) => Some(event.clone()),
            _ => None,
        }
    }

    /// Only now the handler has had it: what it saves before must not acknowledge it.
    fn hand_over(&self, event: Event) -> Event {
        self.dialog.feed.handed(&event);
        event
    }

    fn gone(&self, command: &str) -> CommandError {
        gone(command, self.dialog.feed.ended().unwrap_or(CallEnd::Ended))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.dialog.feed.unwatch(self.id);
    }
}

/// Whether nothing more is to be expected of a channel or bridge in this application.
pub(crate) fn is_end_of(event: &Event, object: &str) -> bool {
    match event.kind() {
        "StasisEnd" | "ChannelDestroyed" => event.channel_id() == Some(object),
        "BridgeDestroyed" => event.bridge_id() == Some(object),
        _ => false,
    }
}
