//! The event stream of a call, as its handler reads it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::Stream;

use super::{CallEnd, Dialog, feed::Cursor};
use crate::Event;

/// Events of a call, in order.
///
/// What was not read yet is kept by the call, within [limits](crate::limits::EVENTS_KEPT), and past them by the proxy. So a
/// stream that is not read [for long](crate::limits::ROOM_PATIENCE) holds up the call's other streams: drop it. For what had
/// to be dropped the stream yields one `ProxyGap`. It ends with the call, once what stayed with the proxy was read;
/// [`end`](Self::end) then says why.
pub struct EventStream {
    dialog: Arc<Dialog>,
    cursor: Cursor,
}

impl EventStream {
    /// One of the handler's: what it has yet to yield is not acknowledged.
    pub(crate) fn new(dialog: Arc<Dialog>, from_start: bool) -> Self {
        let cursor = dialog.feed.reader(from_start, true);
        Self { dialog, cursor }
    }

    /// One of this crate's own, from the first event on.
    pub(crate) fn internal(dialog: Arc<Dialog>) -> Self {
        let cursor = dialog.feed.reader(true, false);
        Self { dialog, cursor }
    }

    /// The next event; `None` once the call has ended and all was read.
    ///
    /// Cancel-safe: an event is either returned or still there.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.dialog.feed.poll_next(&mut self.cursor, cx)).await
    }

    /// The next event that `wanted` is true of, passing over the others; `None` when the call ends before.
    pub async fn find(&mut self, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        loop {
            let event = self.next().await?;
            if wanted(&event) {
                return Some(event);
            }
        }
    }

    /// Why the call's events ended; `None` while they have not.
    #[must_use]
    pub fn end(&self) -> Option<CallEnd> {
        self.dialog.feed.ended()
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = self.get_mut();
        this.dialog.feed.poll_next(&mut this.cursor, cx)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.dialog.feed.forget(&self.cursor);
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
