//! A channel that one task has to itself, for requests whose failure closes it.

use lapin::{Channel, Queue, options::QueueDeclareOptions, types::FieldTable};

use super::{limits::GOODBYE_DEADLINE, session::Session};

/// A channel that is opened when it is first needed, and again when it was lost.
///
/// Keep it until the broker has answered: where a channel is closed, or its last handle dropped, while a request waits,
/// and the broker then answers with an error, lapin takes the end of the channel for the end of the connection.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// The session that it belongs to, and the channel.
    open: Option<(u64, Channel)>,
    /// How many requests were made on it.
    used: usize,
}

impl Own {
    /// The channel.
    pub(super) async fn channel(&mut self, session: &Session) -> lapin::Result<&Channel> {
        let usable = |(id, channel): &(u64, Channel)| *id == session.id && channel.status().connected();
        if !self.open.as_ref().is_some_and(usable) {
            (self.open, self.used) = (None, 0);
        }
        self.used += 1;
        match &mut self.open {
            Some((_, channel)) => Ok(channel),
            open => Ok(&open.insert((session.id, session.consuming.channel().await?)).1),
        }
    }

    /// Declares a queue without arguments.
    pub(super) async fn declare(
        &mut self,
        session: &Session,
        queue: &str,
        options: QueueDeclareOptions,
    ) -> lapin::Result<Queue> {
        let channel = self.channel(session).await?;
        let declared = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        self.keep_or_drop(declared)
    }

    /// An error ends its channel.
    pub(super) fn keep_or_drop<T>(&mut self, result: lapin::Result<T>) -> lapin::Result<T> {
        if result.is_err() {
            self.open = None;
        }
        result
    }

    /// Whether it serves this session and was used fewer than `uses` times.
    pub(super) fn serves(&self, session: &Session, uses: usize) -> bool {
        self.used < uses && self.open.as_ref().is_some_and(|(id, _)| *id == session.id)
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        if let Some((_, channel)) = self.open {
            close(&channel).await;
        }
    }
}

/// Says goodbye on a channel, where it still stands.
pub(super) async fn close(channel: &Channel) {
    if channel.status().connected() {
        let _ = tokio::time::timeout(GOODBYE_DEADLINE, channel.close(200, "goodbye".into())).await;
    }
}
