//! Calling somebody on behalf of a call.

use std::{fmt, future::IntoFuture, sync::OnceLock, time::Duration};

use ari_bus::protocol::ObjectKind;
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::{Map, Value, json};

use super::{Channel, make, whole_seconds};
use crate::{Call, Method, Result, call::Id};

/// A new channel about to be made: awaiting it starts the calling and yields the channel, which rings or will ring.
///
/// Its id is chosen before, so that its events belong to this call from the first on. Once it is answered it enters
/// the call's application, and its StasisStart comes among the call's events.
///
/// By a [`Dialer`](crate::Dialer) it begins a call of its own: see [`Dialer::call`](crate::Dialer::call).
#[must_use = "the calling is started when it is awaited"]
pub struct Originate<By = Call> {
    pub(crate) by: By,
    /// Made of all that was set, when it is first asked for.
    id: OnceLock<Id>,
    fields: Map<String, Value>,
    variables: Map<String, Value>,
}

impl Originate {
    /// The id that the channel will have. When it is not known what became of the calling
    /// ([`Timeout`](crate::CommandErrorKind::Timeout)), the phone may ring:
    /// [`channel_by_id`](Call::channel_by_id) with this hangs it up.
    #[must_use]
    pub fn id(&self) -> &str {
        let id = self.id.get_or_init(|| {
            let content = self.content();
            self.by.dialog().ids.object("channel", &content)
        });
        id.as_str()
    }

    async fn start(mut self) -> Result<Channel> {
        let id = self.id().to_owned();
        self.fields.insert("channelId".to_owned(), json!(id));
        if !self.variables.is_empty() {
            self.fields.insert("variables".to_owned(), json!(self.variables));
        }
        let request =
            self.by.command(Method::Post, "/channels").json(self.fields).making(self.id.into_inner());
        make(&self.by, ObjectKind::Channel, &id, request).await?;
        Ok(Channel::new(self.by, id))
    }
}

impl<By> Originate<By> {
    /// Into an application.
    pub(crate) fn new(by: By, application: &str, endpoint: String) -> Self {
        Self { by, id: OnceLock::new(), fields: Map::new(), variables: Map::new() }
            .field("endpoint", endpoint)
            .field("app", application)
    }

    /// What its id is made of.
    pub(crate) fn content(&self) -> String {
        json!([self.fields, self.variables]).to_string()
    }

    /// The same, by somebody else.
    pub(crate) fn by<Other>(self, by: Other) -> Originate<Other> {
        Originate { by, id: OnceLock::new(), fields: self.fields, variables: self.variables }
    }

    /// Who calls, as the callee sees it: `"Name" <number>`.
    pub fn caller_id(self, caller: impl Into<String>) -> Self {
        self.field("callerId", caller.into())
    }

    /// Gives up after ringing this long, rounded up to whole seconds (Asterisk's default is 30).
    pub fn ring_for(self, longest: Duration) -> Self {
        self.field("timeout", whole_seconds(longest))
    }

    /// The arguments with which the channel enters the application, separated by commas.
    pub fn args(self, args: impl Into<String>) -> Self {
        self.field("appArgs", args.into())
    }

    /// The channel on whose behalf this is: it passes on accounting, codecs and the like.
    pub fn originator(self, channel: &Channel) -> Self {
        self.field("originator", channel.id())
    }

    /// The id that the other half of a `Local` channel is to have.
    pub fn other_channel_id(self, id: impl Into<String>) -> Self {
        self.field("otherChannelId", id.into())
    }

    /// The codecs that the channel is to have, separated by commas, in place of those of its [originator](Self::originator).
    pub fn formats(self, formats: impl Into<String>) -> Self {
        self.field("formats", formats.into())
    }

    /// Sets a variable of the new channel.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), Value::String(value.into()));
        self
    }

    fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

impl IntoFuture for Originate {
    type Output = Result<Channel>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.start().boxed()
    }
}

impl<By> fmt::Debug for Originate<By> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Originate").field("fields", &self.fields).finish_non_exhaustive()
    }
}
