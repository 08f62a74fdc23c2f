//! What there is on an Asterisk, whosever it is.

use super::Asterisk;
use crate::{
    Command, Result,
    ari::{
        self, Application, Bridge, Channel, DeviceState, Endpoint, Mailbox, Sound, SoundId, StoredRecording,
        applications, asterisk, bridges, channels, device_states, endpoints, mailboxes, recordings, sounds,
    },
};

impl Asterisk {
    /// The channels that there are, those of other calls and of the dialplan among them.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn channels(&self) -> Result<Vec<Channel>> {
        self.call.run(channels::List::new()).await
    }

    /// The bridges that there are.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn bridges(&self) -> Result<Vec<Bridge>> {
        self.call.run(bridges::List::new()).await
    }

    /// The applications that are connected.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn applications(&self) -> Result<Vec<Application>> {
        self.call.run(applications::List::new()).await
    }

    /// The endpoints of all technologies.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>> {
        self.call.run(endpoints::List::new()).await
    }

    /// The endpoints of one technology, such as `PJSIP`.
    ///
    /// # Errors
    /// See [`Asterisk`]; `NotFound` for a technology that there is not.
    pub async fn endpoints_of(&self, technology: impl Into<String> + Send) -> Result<Vec<Endpoint>> {
        self.call.run(endpoints::ListByTech::new(technology)).await
    }

    /// The devices whose states programs have [set](crate::DeviceState::set).
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn device_states(&self) -> Result<Vec<DeviceState>> {
        self.call.run(device_states::List::new()).await
    }

    /// The mailboxes that programs keep.
    ///
    /// # Errors
    /// See [`Asterisk`]; `NotFound` without the module that [`Mailbox`](crate::Mailbox) names.
    pub async fn mailboxes(&self) -> Result<Vec<Mailbox>> {
        self.call.run(mailboxes::List::new()).await
    }

    /// The recordings that are stored.
    ///
    /// # Errors
    /// See [`Asterisk`]; `Internal` when Asterisk cannot read its folder.
    pub async fn stored_recordings(&self) -> Result<Vec<StoredRecording>> {
        self.call.run(recordings::ListStored::new()).await
    }

    /// The sounds that are installed, of all languages and formats unless [told](Command::with) which. See [`sounds::List`].
    pub fn sounds(&self) -> Command<sounds::List> {
        Command::new(&self.call, sounds::List::new())
    }

    /// A sound, by its id, such as `hello-world`.
    ///
    /// # Errors
    /// See [`Asterisk`]; `NotFound` when there is no such sound.
    pub async fn sound(&self, id: impl Into<SoundId> + Send) -> Result<Sound> {
        self.call.run(sounds::Get::new(id)).await
    }

    /// The modules that are loaded.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn modules(&self) -> Result<Vec<ari::Module>> {
        self.call.run(asterisk::ListModules::new()).await
    }

    /// The logs that are written.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn log_channels(&self) -> Result<Vec<ari::LogChannel>> {
        self.call.run(asterisk::ListLogChannels::new()).await
    }
}
