//! The keys that somebody presses.

use std::{fmt, time::Duration};

use tokio::time::timeout;

use super::{Channel, DTMF};
use crate::{CallEnd, EventStream, Result, call::gone};

/// The keys that are pressed on a channel, in order: see [`Channel::dtmf`].
pub struct Dtmf {
    events: EventStream,
}

impl Channel {
    /// The keys that are pressed on this channel from now on. None is lost between two of its methods, so a handler makes it before its
    /// first prompt and keeps it; as any [stream](EventStream), it holds up others while it is not read. Of a
    /// [resumed](crate::Call::resumed) call, the keys that were not acted upon before the last save come first.
    ///
    /// ```no_run
    /// # async fn example(channel: ari_client::Channel) -> ari_client::Result {
    /// use std::time::Duration;
    ///
    /// let mut dtmf = channel.dtmf();
    /// let question = channel.play("sound:vm-password").await?;
    /// let password = dtmf.digits(4, Duration::from_secs(5)).await?;
    /// println!("{} digits", password.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn dtmf(&self) -> Dtmf {
        Dtmf { events: self.call().events_from_now().of_channel(self.id()) }
    }
}

impl Dtmf {
    /// The next key: a digit, `*`, `#`, or `A` to `D`.
    ///
    /// Cancel-safe: a key is either returned or still there.
    ///
    /// # Errors
    /// `Gone` when the channel is hung up, leaves the application, or the call ends before.
    pub async fn next(&mut self) -> Result<char> {
        loop {
            let Some(event) = self.events.find(|event| event.kind() == DTMF).await else {
                return Err(gone("wait for a key", self.events.end().unwrap_or(CallEnd::Ended)));
            };
            if let Some(key) = event.text("/digit").and_then(|digit| digit.chars().next()) {
                return Ok(key);
            }
        }
    }

    /// The next key, if it comes in this time.
    ///
    /// # Errors
    /// Those of [`next`](Self::next).
    pub async fn next_within(&mut self, patience: Duration) -> Result<Option<char>> {
        timeout(patience, self.next()).await.map_or(Ok(None), |key| key.map(Some))
    }

    /// Keys up to a `#`, which is not among them, up to so many, or until none comes for this long: what there is then.
    ///
    /// # Errors
    /// Those of [`next`](Self::next).
    pub async fn digits(&mut self, most: usize, patience: Duration) -> Result<String> {
        let mut digits = String::new();
        while digits.len() < most {
            match self.next_within(patience).await? {
                None | Some('#') => break,
                Some(key) => digits.push(key),
            }
        }
        Ok(digits)
    }
}

impl fmt::Debug for Dtmf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtmf").finish_non_exhaustive()
    }
}
