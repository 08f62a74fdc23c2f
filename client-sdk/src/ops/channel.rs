//! A channel of a call.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Originate, Playback, Record};
use crate::{Call, CallEnd, CommandErrorKind, Method, Request, Result, path};

/// A channel, and what can be done with it on behalf of its call.
///
/// Every method is one ARI command. Its errors are those of any [command](crate::CommandError): `NotFound` once the
/// channel is gone, `NotInStasis` once it has left the application, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Channel {
    call: Call,
    id: String,
}

impl Channel {
    pub(crate) fn new(call: Call, id: String) -> Self {
        Self { call, id }
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

    /// Answers it.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn answer(&self) -> Result {
        self.post("answer").await.map(drop)
    }

    /// Tells the caller that it rings.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn ring(&self) -> Result {
        self.post("ring").await.map(drop)
    }

    /// Ends the ringing that [`ring`](Self::ring) began.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn ring_stop(&self) -> Result {
        self.delete("ring").await.map(drop)
    }

    /// Puts it on hold.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn hold(&self) -> Result {
        self.post("hold").await.map(drop)
    }

    /// Takes it off hold.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn unhold(&self) -> Result {
        self.delete("hold").await.map(drop)
    }

    /// Starts to play a media URI, such as `sound:hello-world`, `digits:123` or `tone:ring`. It resolves when the
    /// playback is queued; [`Playback::finished`] waits for its end.
    ///
    /// # Errors
    /// See [`Channel`]. That a sound does not exist only [`Playback::finished`] tells.
    pub async fn play(&self, media: impl AsRef<str> + Send) -> Result<Playback> {
        Playback::start(self.call.clone(), self.path(), self.id.clone(), media.as_ref()).await
    }

    /// Prepares to record what the caller says under a name that is not in use; awaiting it starts it.
    pub fn record(&self, name: impl Into<String>) -> Record {
        Record::new(self.call.clone(), self.path(), self.id.clone(), name.into())
    }

    /// Sends DTMF: digits, `*`, `#`, `A` to `D`. Asterisk queues them; it does not wait for their end.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn send_dtmf(&self, digits: impl AsRef<str> + Send) -> Result {
        self.post("dtmf").json(json!({ "dtmf": digits.as_ref() })).await.map(drop)
    }

    /// The value of a channel variable or dialplan function, such as `CHANNEL(language)`.
    ///
    /// # Errors
    /// See [`Channel`]; `NotFound` also when there is no such variable.
    pub async fn get_variable(&self, name: impl Into<String> + Send) -> Result<String> {
        #[derive(Deserialize)]
        struct Variable {
            value: String,
        }
        let request = self.call.command(Method::Get, self.path() + "/variable");
        Ok(request.query("variable", name.into()).await?.json::<Variable>()?.value)
    }

    /// Sets a channel variable or dialplan function.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn set_variable(&self, name: impl AsRef<str> + Send, value: impl AsRef<str> + Send) -> Result {
        let body = json!({ "variable": name.as_ref(), "value": value.as_ref() });
        self.post("variable").json(body).await.map(drop)
    }

    /// The channel as Asterisk describes it now.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn snapshot(&self) -> Result<Value> {
        self.call.command(Method::Get, self.path()).await?.json()
    }

    /// Lets it go on in the dialplan, after the `Stasis()` that it came from. The call ends with that.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn continue_in_dialplan(&self) -> Result {
        self.post("continue").await.map(drop)
    }

    /// Hangs it up. That it is gone already is no error: it is what was wanted.
    ///
    /// # Errors
    /// See [`Channel`], `NotFound` apart.
    pub async fn hangup(&self) -> Result {
        self.hang_up(None).await
    }

    /// Hangs it up for a reason: `normal`, `busy`, `congestion`, `no_answer` and so on. Before it was answered, the
    /// caller is told by it.
    ///
    /// # Errors
    /// Those of [`hangup`](Self::hangup); `BadRequest` for a reason that Asterisk does not know.
    pub async fn hangup_with(&self, reason: impl Into<String> + Send) -> Result {
        self.hang_up(Some(reason.into())).await
    }

    async fn hang_up(&self, reason: Option<String>) -> Result {
        let mut request = self.call.command(Method::Delete, self.path());
        if let Some(reason) = reason {
            request = request.query("reason", reason);
        }
        match request.await {
            Err(error) if error.kind() == CommandErrorKind::NotFound => {
                // Its end may have been missed, or it never was.
                self.call.dialog().legs.remove(&self.id);
                Ok(())
            }
            Err(error)
                if error.kind() == CommandErrorKind::Gone
                    && self.call.dialog().feed.ended() == Some(CallEnd::Ended) =>
            {
                Ok(())
            }
            result => result.map(drop),
        }
    }

    fn path(&self) -> String {
        path(&["channels", &self.id])
    }

    fn post(&self, operation: &str) -> Request {
        self.call.command(Method::Post, self.path() + "/" + operation)
    }

    fn delete(&self, operation: &str) -> Request {
        self.call.command(Method::Delete, self.path() + "/" + operation)
    }
}

impl Call {
    /// Prepares to call an endpoint, such as `PJSIP/alice`; awaiting it starts to.
    pub fn originate(&self, endpoint: impl Into<String>) -> Originate {
        Originate::new(self.clone(), self.application(), endpoint.into())
    }
}
