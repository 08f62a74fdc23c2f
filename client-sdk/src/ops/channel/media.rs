//! What a channel hears and says.

use super::Channel;
use crate::{
    Command, Playback, Record, Result,
    ari::{Direction, RTPstat, channels},
    path,
};

impl Channel {
    /// Starts to play a media URI, such as `sound:hello-world`, `digits:123` or `tone:ring`. It resolves when the
    /// playback is queued; [`Playback::finished`] waits for its end, and only that tells when there is no such sound.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// use std::time::Duration;
    ///
    /// let channel = call.channel();
    /// let song = channel.play("sound:song").with(|play| play.lang("fr").offset(Duration::from_secs(20))).await?;
    /// song.finished().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// See [`channels::Play`].
    pub fn play(&self, media: impl AsRef<str>) -> Command<channels::Play, Playback> {
        self.play_all([media.as_ref()])
    }

    /// Starts to play several media URIs, one after another, as one playback.
    pub fn play_all<M: Into<String>>(
        &self,
        media: impl IntoIterator<Item = M>,
    ) -> Command<channels::Play, Playback> {
        Command::yielding(self.call(), channels::Play::new(self, media), Playback::start)
    }

    /// Prepares to record what the caller says under a name that is not in use; awaiting it starts it. See [`channels::Record`].
    pub fn record(&self, name: impl Into<String>) -> Record {
        Record::new(self.call().clone(), path(&["channels", self.id()]), self.id().to_owned(), name.into())
    }

    /// Sends DTMF: digits, `*`, `#`, `A` to `D`. Asterisk queues them; it does not wait for their end. See [`channels::SendDtmf`].
    pub fn send_dtmf(&self, digits: impl AsRef<str>) -> Command<channels::SendDtmf> {
        Command::new(self.call(), channels::SendDtmf::new(self).dtmf(digits.as_ref()))
    }

    /// Puts it on hold.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn hold(&self) -> Result {
        self.call().run(channels::Hold::new(self)).await
    }

    /// Takes it off hold.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn unhold(&self) -> Result {
        self.call().run(channels::Unhold::new(self)).await
    }

    /// Mutes it, in both directions unless [told](Command::with) which. See [`channels::Mute`].
    pub fn mute(&self) -> Command<channels::Mute> {
        // Asterisk insists on a direction, though its description does not.
        Command::new(self.call(), channels::Mute::new(self).direction(Direction::Both))
    }

    /// Lets it be heard again, in both directions unless [told](Command::with) which. See [`channels::Unmute`].
    pub fn unmute(&self) -> Command<channels::Unmute> {
        // Asterisk insists on a direction, though its description does not.
        Command::new(self.call(), channels::Unmute::new(self).direction(Direction::Both))
    }

    /// Plays music on hold to it. See [`channels::StartMoh`].
    pub fn start_moh(&self) -> Command<channels::StartMoh> {
        Command::new(self.call(), channels::StartMoh::new(self))
    }

    /// Ends the music on hold.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn stop_moh(&self) -> Result {
        self.call().run(channels::StopMoh::new(self)).await
    }

    /// Sends silence to it, which keeps some phones and networks from hanging up when nothing else is sent.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn start_silence(&self) -> Result {
        self.call().run(channels::StartSilence::new(self)).await
    }

    /// Ends the silence.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn stop_silence(&self) -> Result {
        self.call().run(channels::StopSilence::new(self)).await
    }

    /// Makes a channel, in this call's application, that hears this one or speaks to it: which, it has to be
    /// [told](Command::with). It is there once its StasisStart has come. See [`channels::SnoopChannel`].
    pub fn snoop(&self) -> Command<channels::SnoopChannel, Self> {
        let operation = channels::SnoopChannel::new(self, self.call().application());
        Command::yielding(self.call(), operation, Self::make)
    }

    /// What its RTP is like: packets, losses, jitter, round-trip times.
    ///
    /// # Errors
    /// See [`Channel`]; `NotFound` also for a channel without RTP.
    pub async fn rtp_statistics(&self) -> Result<RTPstat> {
        self.call().run(channels::RtpStatistics::new(self)).await
    }
}
