//! The event stream of a call, as its handler reads it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::Stream;

use super::{CallEnd, Dialog, feed::Cursor};
use crate::{Event, ops::is_end_of};

/// Events of a call, or of [one channel](crate::Channel::events) of it, in order.
///
/// What was not read yet is kept by the call, within [limits](crate::limits::EVENTS_KEPT), and past them by the proxy. So a
/// stream that is not read [for long](crate::limits::ROOM_PATIENCE) holds up the call's other streams: drop it. For what had
/// to be dropped the stream yields one `ProxyGap`. It ends with the call, or with the channel that it is of, once what stayed with the proxy was read;
/// [`end`](Self::end) then says why.
pub struct EventStream {
    dialog: Arc<Dialog>,
    cursor: Cursor,
    /// The channel whose events these are, where not all are yielded.
    channel: Option<String>,
    /// Whether that channel has ended.
    over: bool,
}

impl EventStream {
    /// One of the handler's: what it has yet to yield is not acknowledged.
    pub(crate) fn new(dialog: Arc<Dialog>, from_start: bool) -> Self {
        let cursor = dialog.feed.reader(from_start, true);
        Self { dialog, cursor, channel: None, over: false }
    }

    /// The same, of what concerns one channel alone.
    pub(crate) fn of_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// One of this crate's own, from the first event on.
    pub(crate) fn internal(dialog: Arc<Dialog>) -> Self {
        let cursor = dialog.feed.reader(true, false);
        Self { dialog, cursor, channel: None, over: false }
    }

    /// The next event; `None` once the call (or the channel, where it is of one) has ended and all was read.
    ///
    /// Cancel-safe: an event is either returned or still there.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
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

    fn poll_event(&mut self, cx: &Context<'_>) -> Poll<Option<Event>> {
        while !self.over {
            let Some(event) = ready!(self.dialog.feed.poll_next(&mut self.cursor, cx)) else { break };
            let Some(channel) = &self.channel else { return Poll::Ready(Some(event)) };
            if is_end_of(&event, channel) {
                self.over = true;
                // It must not hold up the call's other streams.
                self.dialog.feed.forget(&self.cursor);
            }
            if concerns(&event, channel) {
                return Poll::Ready(Some(event));
            }
        }
        Poll::Ready(None)
    }
}

/// Whether an event is a channel's own, or stands for events that may have been.
fn concerns(event: &Event, channel: &str) -> bool {
    event.kind() == "ProxyGap"
        || event.channel_id() == Some(channel)
        || (event.kind() == "Dial" && event.text("/peer/id") == Some(channel))
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll_event(cx)
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
