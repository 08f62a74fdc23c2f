//! A channel of a call.

mod media;
mod variables;

use futures_util::{FutureExt as _, future::BoxFuture};

use super::{Command, Originate, command::made, run::Prepared};
use crate::{
    Call, CallEnd, CommandErrorKind, Method, Result,
    ari::{self, channels, events},
    path,
};

/// A channel, and what can be done with it on behalf of its call.
///
/// Every method is one ARI command. Its errors are those of any [command](crate::CommandError): `NotFound` once the
/// channel is gone, `NotInStasis` once it has left the application, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Channel {
    call: Call,
    id: String,
}

impl Call {
    /// Prepares to call an endpoint, such as `PJSIP/alice`; awaiting it starts to.
    pub fn originate(&self, endpoint: impl Into<String>) -> Originate {
        Originate::new(self.clone(), self.application(), endpoint.into())
    }

    /// Makes a channel to an endpoint, in this call's application, that rings nowhere yet: [`Channel::dial`] does. Before that, it
    /// can be put into a bridge, so that what the other side plays while it rings is heard. See [`channels::Create`].
    ///
    /// `Internal` when there is no such endpoint, or it cannot be reached.
    pub fn create_channel(&self, endpoint: impl Into<String>) -> Command<channels::Create, Channel> {
        Command::yielding(self, channels::Create::new(endpoint, self.application()), Channel::make)
    }
}

impl Channel {
    pub(crate) fn new(call: Call, id: String) -> Self {
        Self { call, id }
    }

    /// Carries out an operation that makes one.
    fn make(prepared: Prepared) -> BoxFuture<'static, Result<Self>> {
        let call = prepared.call().clone();
        async move { Ok(Self::new(call, made(prepared).await?)) }.boxed()
    }

    /// Its id in Asterisk.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The call that it is used for.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The channel as Asterisk describes it now.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn snapshot(&self) -> Result<ari::Channel> {
        self.call.run(channels::Get::new(self)).await
    }

    /// Answers it.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn answer(&self) -> Result {
        self.call.run(channels::Answer::new(self)).await
    }

    /// Tells the caller that it rings.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn ring(&self) -> Result {
        self.call.run(channels::Ring::new(self)).await
    }

    /// Ends the ringing that [`ring`](Self::ring) began.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn ring_stop(&self) -> Result {
        self.call.run(channels::RingStop::new(self)).await
    }

    /// Tells the caller that the call makes progress, so that what is played before it is answered is heard.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn progress(&self) -> Result {
        self.call.run(channels::Progress::new(self)).await
    }

    /// Calls whom it was [made](Call::create_channel) for: the phone rings. See [`channels::Dial`].
    ///
    /// `Conflict` when it was dialled before, or not made so.
    pub fn dial(&self) -> Command<channels::Dial> {
        Command::new(&self.call, channels::Dial::new(self))
    }

    /// Sends the caller, before it was answered, to another endpoint, such as `PJSIP/bob`, with a redirect of its technology (a 302
    /// of SIP).
    ///
    /// # Errors
    /// See [`Channel`]; `BadRequest` for an endpoint of another technology.
    pub async fn redirect(&self, endpoint: impl Into<String> + Send) -> Result {
        self.call.run(channels::Redirect::new(self, endpoint)).await
    }

    /// Tells a phone that asked for a transfer how that goes: `state` is how far it has come, in the words of Asterisk, such as
    /// `channel_progress` or `channel_answered`. See [`ari::ChannelTransfer`], which asks.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn transfer_progress(&self, state: impl Into<String> + Send) -> Result {
        self.call.run(channels::TransferProgress::new(self, state)).await
    }

    /// Claims it for this call's application, where Asterisk offers it to several with an [`ari::CallBroadcast`].
    ///
    /// # Errors
    /// `Conflict` when another application was first; `NotFound` when it is not on offer, `Unsupported` where Asterisk has no such
    /// offers.
    pub async fn claim(&self) -> Result {
        self.call.run(events::ClaimChannel::new(self, self.call.application())).await
    }

    /// Lets it go on in the dialplan, after the `Stasis()` that it came from, or where it is [told](Command::with) to. The call ends
    /// with that. See [`channels::ContinueInDialplan`].
    pub fn continue_in_dialplan(&self) -> Command<channels::ContinueInDialplan> {
        Command::new(&self.call, channels::ContinueInDialplan::new(self))
    }

    /// Hangs it up. That it is gone already is no error: it is what was wanted. See [`channels::Hangup`].
    pub fn hangup(&self) -> Command<channels::Hangup> {
        Command::yielding(&self.call, channels::Hangup::new(self), hang_up)
    }

    /// Hangs it up for a reason: `normal`, `busy`, `congestion`, `no_answer` and so on. Before it was answered, the
    /// caller is told by it.
    ///
    /// # Errors
    /// Those of [`hangup`](Self::hangup); `BadRequest` for a reason that Asterisk does not know.
    pub async fn hangup_with(&self, reason: impl Into<String> + Send) -> Result {
        let request = self.call.command(Method::Delete, path(&["channels", &self.id]));
        forgive(&self.call, request.query("reason", reason.into()).await.map(drop))
    }
}

fn hang_up(prepared: Prepared) -> BoxFuture<'static, Result> {
    let call = prepared.call().clone();
    async move { forgive(&call, prepared.send().await.map(drop)) }.boxed()
}

/// What is gone needs no hanging up.
fn forgive(call: &Call, result: Result) -> Result {
    let is_over = || call.dialog().feed.ended() == Some(CallEnd::Ended);
    match result {
        Err(error) if error.kind() == CommandErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == CommandErrorKind::Gone && is_over() => Ok(()),
        result => result,
    }
}
