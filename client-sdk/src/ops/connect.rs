//! Two channels that talk to each other.

use super::Channel;
use crate::{CommandErrorKind, Result};

impl Channel {
    /// Connects it with another channel of its call, in a bridge of their own, until one of the two is hung up or leaves the
    /// application. Then the bridge is destroyed, and who is left is in no bridge, and not hung up.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// use ari_client::Outcome;
    ///
    /// let caller = call.channel();
    /// if let Outcome::Answered(bob) = call.originate("PJSIP/bob").answered().await? {
    ///     caller.connect(&bob).await?;
    ///     bob.hangup().await?;
    /// }
    /// caller.hangup().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Bridge::add_channel`](super::Bridge::add_channel), where one of them has gone before.
    pub async fn connect(&self, other: &Channel) -> Result {
        let bridge = self.call().create_bridge("mixing").await?;
        let talk = async {
            bridge.add_channel(self).await?;
            bridge.add_channel(other).await?;
            tokio::select! {
                () = self.ended() => {}
                () = other.ended() => {}
            }
            Ok(())
        };
        let talked = talk.await;
        // Whatever came of it, nobody else would.
        let destroyed = bridge.destroy().await;
        talked?;
        match destroyed {
            Err(error) if error.kind() == CommandErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}
