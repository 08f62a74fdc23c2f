//! A bridge that a call made.

use ari_bus::protocol::ObjectKind;
use serde::Deserialize;
use serde_json::json;

use super::{Channel, Playback, Record, make};
use crate::{Call, CommandErrorKind, Method, Result, path};

/// A bridge, in which channels hear each other.
///
/// Every method is one ARI command; its errors are those of any [command](crate::CommandError).
#[derive(Debug, Clone)]
pub struct Bridge {
    call: Call,
    id: String,
}

impl Call {
    /// Makes a bridge. `kind` is `mixing`, `holding`, or what else Asterisk's bridges take, separated by commas
    /// (`mixing,dtmf_events`).
    ///
    /// # Errors
    /// Those of any command.
    pub async fn create_bridge(&self, kind: impl AsRef<str> + Send) -> Result<Bridge> {
        let made = self.dialog().ids.object("bridge", kind.as_ref());
        let id = made.as_str().to_owned();
        let body = json!({ "type": kind.as_ref(), "bridgeId": id });
        let request = self.command(Method::Post, "/bridges").json(body).making(made);
        make(self, ObjectKind::Bridge, &id, request).await?;
        Ok(Bridge { call: self.clone(), id })
    }

    /// A bridge that several calls share, whatever worker has them, such as the room of a conference: it is made under this id,
    /// unless it is there. Nobody else ends it: see [`Bridge::channels`].
    ///
    /// # Errors
    /// Those of any command.
    pub async fn shared_bridge(&self, id: impl Into<String>, kind: impl AsRef<str> + Send) -> Result<Bridge> {
        let id = id.into();
        let request =
            self.command(Method::Post, path(&["bridges", &id])).json(json!({ "type": kind.as_ref() }));
        match make(self, ObjectKind::Bridge, &id, request).await {
            // Another call has made it; an older Asterisk says 200.
            Err(error) if error.kind() == CommandErrorKind::NotInStasis => {}
            result => result?,
        }
        Ok(Bridge { call: self.clone(), id })
    }

    /// A handle to a bridge of this call, by its id.
    #[must_use]
    pub fn bridge_by_id(&self, id: impl Into<String>) -> Bridge {
        Bridge { call: self.clone(), id: id.into() }
    }
}

impl Bridge {
    /// Its id, which this crate chose.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Puts a channel into it.
    ///
    /// # Errors
    /// `NotInStasis` for a channel that is in no application; `BadRequest` for one that does not exist.
    pub async fn add_channel(&self, channel: &Channel) -> Result {
        self.change("addChannel", channel).await
    }

    /// Takes a channel out of it.
    ///
    /// # Errors
    /// `BadRequest` for a channel that does not exist, `InvalidState` or `BadRequest` for one that is not in it.
    pub async fn remove_channel(&self, channel: &Channel) -> Result {
        self.change("removeChannel", channel).await
    }

    /// The ids of the channels that are in it now. Who leaves a [shared bridge](Call::shared_bridge) as the last one destroys it.
    ///
    /// # Errors
    /// `NotFound` when it is gone.
    pub async fn channels(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Found {
            channels: Vec<String>,
        }
        Ok(self.call.command(Method::Get, self.path()).await?.json::<Found>()?.channels)
    }

    /// Starts to play a media URI to all in it.
    ///
    /// # Errors
    /// Those of any command.
    pub async fn play(&self, media: impl AsRef<str> + Send) -> Result<Playback> {
        Playback::start(self.call.clone(), self.path(), self.id.clone(), media.as_ref()).await
    }

    /// Starts music on hold for all in it. A holding bridge is silent without; where it plays already, nothing changes.
    ///
    /// # Errors
    /// Those of any command.
    pub async fn start_moh(&self) -> Result {
        self.call.command(Method::Post, self.path() + "/moh").await.map(drop)
    }

    /// Ends the music on hold.
    ///
    /// # Errors
    /// Those of any command; `NotInStasis` where none plays.
    pub async fn stop_moh(&self) -> Result {
        self.call.command(Method::Delete, self.path() + "/moh").await.map(drop)
    }

    /// Prepares to record all in it; awaiting it starts it.
    pub fn record(&self, name: impl Into<String>) -> Record {
        Record::new(self.call.clone(), self.path(), self.id.clone(), name.into())
    }

    /// Ends it; the channels in it stay in the application.
    ///
    /// # Errors
    /// `NotFound` when it is gone already.
    pub async fn destroy(&self) -> Result {
        self.call.command(Method::Delete, self.path()).await.map(drop)
    }

    async fn change(&self, operation: &str, channel: &Channel) -> Result {
        let url = self.path() + "/" + operation;
        self.call.command(Method::Post, url).json(json!({ "channel": channel.id() })).await.map(drop)
    }

    fn path(&self) -> String {
        path(&["bridges", &self.id])
    }
}
