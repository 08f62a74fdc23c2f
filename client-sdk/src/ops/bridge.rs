//! A bridge that a call made.

use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::{Map, Value};

use super::{Command, Playback, Record, command::made, run::Prepared};
use crate::{
    Call, CommandErrorKind, Result,
    ari::{self, ChannelId, bridges},
    path,
};

/// A bridge, in which channels hear each other.
///
/// Every method is one ARI command; its errors are those of any [command](crate::CommandError): `NotFound` once the bridge is gone,
/// `NotInStasis` for one that no application made, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Bridge {
    call: Call,
    id: String,
}

impl Call {
    /// Makes a bridge. `kind` is `mixing`, `holding`, or what else Asterisk's bridges take, separated by commas
    /// (`mixing,dtmf_events`). See [`bridges::Create`].
    pub fn create_bridge(&self, kind: impl AsRef<str>) -> Command<bridges::Create, Bridge> {
        Command::yielding(self, bridges::Create::new().kind(kind.as_ref()), Bridge::make)
    }

    /// A bridge that several calls share, whatever worker has them, such as the room of a conference: it is made under this id,
    /// unless it is there. Nobody else ends it: see [`Bridge::channels`].
    ///
    /// # Errors
    /// Those of any command.
    pub async fn shared_bridge(&self, id: impl Into<String>, kind: impl AsRef<str> + Send) -> Result<Bridge> {
        let bridge = self.bridge_by_id(id);
        let make = bridges::CreateWithId::new(bridge.id()).kind(kind.as_ref());
        let Err(error) = Prepared::new(self, make)?.send().await else { return Ok(bridge) };
        let is_there = match error.kind() {
            // Another call has made it.
            CommandErrorKind::Conflict => true,
            // So says Asterisk 16, and means other things by it too.
            CommandErrorKind::Internal => {
                Prepared::new(self, bridges::Get::new(&bridge))?.send().await.is_ok()
            }
            _ => false,
        };
        if is_there { Ok(bridge) } else { Err(error) }
    }

    /// A handle to a bridge of this call, by its id.
    #[must_use]
    pub fn bridge_by_id(&self, id: impl Into<String>) -> Bridge {
        Bridge { call: self.clone(), id: id.into() }
    }
}

impl Bridge {
    fn make(prepared: Prepared) -> BoxFuture<'static, Result<Self>> {
        let call = prepared.call().clone();
        async move { Ok(Self { call, id: made(prepared).await? }) }.boxed()
    }

    /// Its id, which this crate chose.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The bridge as Asterisk describes it now, with the ids of the channels in it.
    ///
    /// # Errors
    /// See [`Bridge`].
    pub async fn snapshot(&self) -> Result<ari::Bridge> {
        self.call.run(bridges::Get::new(self)).await
    }

    /// The ids of the channels that are in it now. Who leaves a [shared bridge](Call::shared_bridge) as the last one destroys it.
    ///
    /// # Errors
    /// See [`Bridge`].
    pub async fn channels(&self) -> Result<Vec<ChannelId>> {
        Ok(self.snapshot().await?.channels)
    }

    /// Puts a channel into it. See [`bridges::AddChannel`].
    ///
    /// `NotInStasis` for a channel that is in no application, `BadRequest` for one that does not exist, `Conflict` for one that
    /// records.
    pub fn add_channel(&self, channel: impl Into<ChannelId>) -> Command<bridges::AddChannel> {
        self.add_channels([channel])
    }

    /// Puts several channels into it.
    pub fn add_channels<C: Into<ChannelId>>(
        &self,
        channels: impl IntoIterator<Item = C>,
    ) -> Command<bridges::AddChannel> {
        Command::new(&self.call, bridges::AddChannel::new(self, channels))
    }

    /// Takes a channel out of it.
    ///
    /// # Errors
    /// See [`Bridge`]; `BadRequest` for a channel that does not exist, or is not in it.
    pub async fn remove_channel(&self, channel: impl Into<ChannelId> + Send) -> Result {
        self.remove_channels([channel]).await
    }

    /// Takes several channels out of it.
    ///
    /// # Errors
    /// Those of [`remove_channel`](Self::remove_channel).
    pub async fn remove_channels<C: Into<ChannelId>>(
        &self,
        channels: impl IntoIterator<Item = C> + Send,
    ) -> Result {
        let operation = bridges::RemoveChannel::new(self, channels);
        self.call.run(operation).await
    }

    /// Starts to play a media URI to all in it. See [`bridges::Play`].
    pub fn play(&self, media: impl AsRef<str>) -> Command<bridges::Play, Playback> {
        self.play_all([media.as_ref()])
    }

    /// Starts to play several media URIs, one after another, as one playback.
    pub fn play_all<M: Into<String>>(
        &self,
        media: impl IntoIterator<Item = M>,
    ) -> Command<bridges::Play, Playback> {
        Command::yielding(&self.call, bridges::Play::new(self, media), Playback::start)
    }

    /// Prepares to record all in it; awaiting it starts it. See [`bridges::Record`].
    pub fn record(&self, name: impl Into<String>) -> Record {
        Record::new(self.call.clone(), path(&["bridges", &self.id]), self.id.clone(), name.into())
    }

    /// Plays music on hold to all in it. See [`bridges::StartMoh`].
    pub fn start_moh(&self) -> Command<bridges::StartMoh> {
        Command::new(&self.call, bridges::StartMoh::new(self))
    }

    /// Ends the music on hold.
    ///
    /// # Errors
    /// See [`Bridge`]; `Conflict` when there is none.
    pub async fn stop_moh(&self) -> Result {
        self.call.run(bridges::StopMoh::new(self)).await
    }

    /// Shows the video of this channel, which is in it, to all.
    ///
    /// # Errors
    /// See [`Bridge`]; `NotFound` or `BadRequest` for a channel that is not in it.
    pub async fn set_video_source(&self, channel: impl Into<ChannelId> + Send) -> Result {
        self.call.run(bridges::SetVideoSource::new(self, channel)).await
    }

    /// Shows the video of none in particular.
    ///
    /// # Errors
    /// See [`Bridge`].
    pub async fn clear_video_source(&self) -> Result {
        self.call.run(bridges::ClearVideoSource::new(self)).await
    }

    /// The value of a variable of the bridge.
    ///
    /// # Errors
    /// See [`Bridge`]; `NotFound` also when there is no such variable, and where Asterisk's bridges have none.
    pub async fn get_variable(&self, name: impl Into<String> + Send) -> Result<String> {
        Ok(self.call.run(bridges::GetBridgeVar::new(self, name)).await?.value)
    }

    /// The values of several variables, by their names.
    ///
    /// # Errors
    /// Those of [`get_variable`](Self::get_variable); `BadRequest` for a name with a comma.
    pub async fn get_variables<N: Into<String>>(
        &self,
        names: impl IntoIterator<Item = N> + Send,
    ) -> Result<Map<String, Value>> {
        let operation = bridges::GetBridgeVars::new(self, names);
        Ok(self.call.run(operation).await?.variables)
    }

    /// Sets a variable of the bridge. See [`bridges::SetBridgeVar`].
    pub fn set_variable(
        &self,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
    ) -> Command<bridges::SetBridgeVar> {
        let operation = bridges::SetBridgeVar::new(self, name.as_ref()).value(value.as_ref());
        Command::new(&self.call, operation)
    }

    /// Sets several variables.
    ///
    /// # Errors
    /// See [`Bridge`].
    pub async fn set_variables<N: Into<String>, V: Into<String>>(
        &self,
        variables: impl IntoIterator<Item = (N, V)> + Send,
    ) -> Result {
        let operation = bridges::SetBridgeVars::new(self, variables);
        self.call.run(operation).await
    }

    /// Ends it; the channels in it stay in the application.
    ///
    /// # Errors
    /// `NotFound` when it is gone already.
    pub async fn destroy(&self) -> Result {
        self.call.run(bridges::Destroy::new(self)).await
    }
}
