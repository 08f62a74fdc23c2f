//! What happens on one channel: all of it as a stream, or one event that is waited for.

use super::{Channel, watch::Watch};
use crate::{Event, EventStream, Result};

/// The type of the event of a key that was pressed: what [`Channel::wait_for`] waits for most.
pub const DTMF: &str = "ChannelDtmfReceived";

impl Channel {
    /// The events of this channel alone, from its first one on: those of [`Call::events`](crate::Call::events) that name it, what is
    /// played to it and recorded of it among them. A `ProxyGap` may have been one, and is yielded as well. It ends when the channel
    /// is hung up or leaves the application, however long the call goes on; and with the call.
    ///
    /// ```no_run
    /// # async fn example(channel: ari_client::Channel) {
    /// let mut events = channel.events();
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event.kind());
    /// }
    /// println!("the caller has gone");
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.call().events().of_channel(self.id())
    }

    /// Waits until it is hung up or leaves the application, or the call ends; at once if it has. After its last channel has gone,
    /// there is a moment to put things in order, such as to destroy a bridge, before the call is over.
    ///
    /// ```no_run
    /// # async fn example(caller: ari_client::Channel, callee: ari_client::Channel) -> ari_client::Result {
    /// tokio::select! {
    ///     () = caller.ended() => callee.hangup().await,
    ///     () = callee.ended() => caller.hangup().await,
    /// }
    /// # }
    /// ```
    pub async fn ended(&self) {
        Watch::end_of(self.call().dialog().clone(), self.id().to_owned()).over().await;
    }

    /// Waits for one event of this channel by its type, such as [`DTMF`] or `ChannelTalkingStarted`. The waiting begins with this
    /// call and not with the `await`, so that what a command brings about is found by what was made before it. Of a
    /// [resumed](crate::Call::resumed) call, what came since the last save is found as well.
    ///
    /// For several keys in a row, where none may be lost in between, there is [`Channel::dtmf`].
    ///
    /// ```no_run
    /// # async fn example(channel: ari_client::Channel) -> ari_client::Result {
    /// use ari_client::DTMF;
    ///
    /// let pressed = channel.wait_for(DTMF);
    /// let question = channel.play("sound:press-1").await?;
    /// println!("{:?}", pressed.await?.text("/digit"));
    /// question.stop().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Gone` when the channel is hung up, leaves the application, or the call ends before.
    pub fn wait_for(&self, kind: &str) -> impl Future<Output = Result<Event>> + Send + use<> {
        let (kind, id) = (kind.to_owned(), self.id().to_owned());
        let name = format!("wait for {kind}");
        let watch = Watch::new(self.call().dialog().clone(), id.clone(), move |event| {
            event.kind() == kind && event.channel_id() == Some(&id)
        });
        async move { watch.event(&name).await }
    }
}
