//! Commands without a call: for what concerns a whole Asterisk.

use std::{fmt, future::IntoFuture, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::oneshot;

use super::{
    dialer::{Dialer, Placing},
    handler::Handling,
};
use crate::{Call, Method, Request, Result};

/// A way to one Asterisk, through one of its proxies, for commands that concern no call: its configuration, its applications, what
/// is up. A [`Dialer`] opens it; on behalf of a [`Call`] that is there already, it is made of that (`Session::from(call)`).
///
/// Clones are the same; when the last is dropped, it is over. One that is opened counts among the calls of the worker's
/// [limit](crate::Worker::limit), and a worker that is to stop waits for it as for a call. The proxy ends it when it had nothing to do
/// for 30 s, and when the worker dies, nobody goes on with it.
#[derive(Clone)]
pub struct Session {
    call: Call,
    /// Lets the call end that was opened for this.
    _open: Option<Arc<oneshot::Sender<()>>>,
}

impl Session {
    /// Any ARI request: `path` begins with a slash. [`path`](crate::path) makes one from values that may hold anything.
    ///
    /// # Errors
    /// When it is awaited: those of any command; `Gone` when the session is over.
    pub fn command(&self, method: Method, path: impl Into<String>) -> Request {
        self.call.command(method, path)
    }

    /// The proxy through which it goes, as that is configured.
    #[must_use]
    pub fn server_id(&self) -> &str {
        self.call.server_id()
    }

    /// The application on whose behalf it is.
    #[must_use]
    pub fn application(&self) -> &str {
        self.call.application()
    }
}

impl From<Call> for Session {
    fn from(call: Call) -> Self {
        Self { call, _open: None }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("dialog_id", &self.call.dialog_id()).finish_non_exhaustive()
    }
}

/// A session about to be opened: awaiting it yields that. Waits for the worker to run.
#[must_use = "it is opened when it is awaited"]
#[derive(Debug)]
pub struct Opening(Placing);

impl Dialer {
    /// Opens a session on behalf of an application, for commands that concern no call; one of the proxies that serve the application
    /// carries them out.
    ///
    /// ```no_run
    /// # async fn example(dialer: ari_client::Dialer) -> ari_client::Result {
    /// use ari_client::Method;
    /// let session = dialer.open("office").on("pbx-1").await?;
    /// println!("{}", session.command(Method::Get, "/endpoints").await?.text());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it is awaited: those of [`run`](crate::Originate::run).
    pub fn open(&self, application: impl Into<String>) -> Opening {
        Opening(Placing::new(self, application.into()))
    }
}

impl Opening {
    /// Through the proxy of this `server_id`, and no other.
    pub fn on(mut self, server_id: impl Into<String>) -> Self {
        self.0.on(server_id.into());
        self
    }

    async fn open(self) -> Result<Session> {
        let (open, dropped) = oneshot::channel::<()>();
        let work = move |call: Call| -> Handling {
            Box::pin(async move {
                tokio::select! {
                    _ = dropped => {}
                    _ = call.ended() => {}
                }
                Ok(())
            })
        };
        let call = self.0.begin(String::new(), work).await?;
        Ok(Session { call, _open: Some(Arc::new(open)) })
    }
}

impl IntoFuture for Opening {
    type Output = Result<Session>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.open().boxed()
    }
}
