//! A Stasis application.

use serde_json::Value;

use super::Command;
use crate::{
    Call, Result,
    ari::{self, applications, events},
};

/// A Stasis application of the Asterisk of a call: what it is told of, beside the channels that are in it.
///
/// What an application is subscribed to is the same for all its workers, and outlives the call. Events that name no object of a call
/// reach none of them. Errors are those of any [command](crate::CommandError): `NotFound` when there is no such application, `Gone`
/// when the call is over.
#[derive(Debug, Clone)]
pub struct Application {
    call: Call,
    name: String,
}

impl Call {
    /// A handle to an application, by its name; [`application`](Self::application) is that of this call's.
    #[must_use]
    pub fn application_by_name(&self, name: impl Into<String>) -> Application {
        Application { call: self.clone(), name: name.into() }
    }
}

impl Application {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is subscribed to now.
    ///
    /// # Errors
    /// See [`Application`].
    pub async fn snapshot(&self) -> Result<ari::Application> {
        self.call.run(applications::Get::new(self)).await
    }

    /// Has it told of these: `channel:ID`, `bridge:ID`, `endpoint:PJSIP/alice`, `deviceState:Stasis:lamp`. Yields what it is
    /// subscribed to then.
    ///
    /// # Errors
    /// See [`Application`]; `BadRequest` for what does not exist.
    pub async fn subscribe<S: Into<String>>(
        &self,
        sources: impl IntoIterator<Item = S> + Send,
    ) -> Result<ari::Application> {
        let operation = applications::Subscribe::new(self, sources);
        self.call.run(operation).await
    }

    /// Has it told of these no more. Yields what it is subscribed to then.
    ///
    /// # Errors
    /// See [`Application`]; `Conflict` for what it is not subscribed to, `BadRequest` for what does not exist.
    pub async fn unsubscribe<S: Into<String>>(
        &self,
        sources: impl IntoIterator<Item = S> + Send,
    ) -> Result<ari::Application> {
        let operation = applications::Unsubscribe::new(self, sources);
        self.call.run(operation).await
    }

    /// Has it told of some types of events only: `{"allowed": [{"type": "StasisStart"}]}`, or `disallowed`. An empty object lifts
    /// that. The proxy needs the events that tell of a call's beginning and end, and refuses a filter that would keep back what it
    /// cannot do without.
    ///
    /// # Errors
    /// See [`Application`]; `BadRequest` for what is no filter.
    pub async fn filter(&self, filter: impl Into<Value> + Send) -> Result<ari::Application> {
        let operation = applications::Filter::new(self).filter(filter);
        self.call.run(operation).await
    }

    /// Sends it an event of one's own, a `ChannelUserevent` of this name. For it to reach a call, it is [told](Command::with) a
    /// `source` that is the call's. See [`events::UserEvent`].
    pub fn user_event(&self, name: impl Into<String>) -> Command<events::UserEvent> {
        Command::new(&self.call, events::UserEvent::new(name, self))
    }
}
