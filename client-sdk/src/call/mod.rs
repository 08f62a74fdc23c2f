//! A call as its handler sees it.

mod accept;
mod answers;
mod attach;
mod commands;
mod control;
mod dialog;
mod early;
mod events;
mod feed;
mod ids;
mod kept;
mod legs;
mod objects;
mod offer;
mod outbox;
mod request;
mod resend;
mod resumed;
mod save;
mod sequence;
mod standing;
mod start;
mod terms;
mod turns;
mod watchers;
mod wrap_up;

use std::{fmt, sync::Arc};

pub(crate) use accept::Claim;
pub(crate) use answers::{Answers, Arrived};
pub(crate) use commands::{Commands, Version, gone};
pub(crate) use dialog::{Dialog, Ties};
pub use events::EventStream;
pub use feed::CallEnd;
pub(crate) use ids::Id;
pub use offer::Offer;
pub(crate) use request::ENCODED;
pub use request::{Method, Request, Response, path};
pub use resumed::Resumed;
pub(crate) use resumed::{ids as ids_of, stasis_start};
pub(crate) use standing::Lease;
pub use start::Party;
pub(crate) use watchers::Seen;

use crate::{Calls, Channel, Event, Result};

/// A call that this worker has: the way to its [channel](Self::channel), its [events](Self::events) and to
/// [any command](Self::command).
///
/// Clones are handles to the same call. The call belongs to its handler: once that has returned, every handle left
/// over answers with [`Gone`](crate::CommandErrorKind::Gone).
#[derive(Clone)]
pub struct Call(Arc<Inner>);

struct Inner {
    dialog: Arc<Dialog>,
    offer: Offer,
    resumed: Option<Resumed>,
}

impl Call {
    /// A call that begins with this StasisStart.
    pub(crate) fn new(dialog: Arc<Dialog>, event: Event) -> std::result::Result<Self, String> {
        let offer = Offer::new(&dialog.offer, event)?;
        if dialog.offer.resume && dialog.offer.start.is_some() {
            dialog.legs.has_entered(offer.channel_id());
        }
        let resumed = Resumed::of(&dialog.offer).filter(|_| dialog.commands.version == Version::Two);
        Ok(Self(Arc::new(Inner { dialog, offer, resumed })))
    }

    /// The Stasis application that the call is in.
    #[must_use]
    pub fn application(&self) -> &str {
        self.0.offer.application()
    }

    /// The channel that entered the application.
    #[must_use]
    pub fn channel(&self) -> Channel {
        Channel::new(self.clone(), self.0.offer.channel_id().to_owned())
    }

    /// A handle to another channel of this call, by its id.
    #[must_use]
    pub fn channel_by_id(&self, id: impl Into<String>) -> Channel {
        Channel::new(self.clone(), id.into())
    }

    /// What the dialplan gave to `Stasis()` after the application's name.
    #[must_use]
    pub fn args(&self) -> &[String] {
        self.0.offer.args()
    }

    /// Who calls, as the channel says it.
    #[must_use]
    pub fn caller(&self) -> &Party {
        self.0.offer.caller()
    }

    /// The extension that was dialled, as the dialplan has it.
    #[must_use]
    pub fn dialed(&self) -> &str {
        self.0.offer.dialed()
    }

    /// The whole StasisStart event. Of a [resumed](Self::resumed) call it is that of the call's beginning.
    #[must_use]
    pub fn start(&self) -> &Event {
        self.0.offer.start()
    }

    /// The id of the dialog, of this offer of it: what the logs of proxy and worker have in common.
    #[must_use]
    pub fn dialog_id(&self) -> &str {
        &self.0.dialog.offer.dialog_id
    }

    /// The lasting id of the dialog, the same whichever worker has it.
    #[must_use]
    pub fn root(&self) -> &str {
        self.0.dialog.root()
    }

    /// Counts the offers of the dialog, from 1. Whether another worker had it before, [`resumed`](Self::resumed) tells. It grows
    /// too when the call goes on with a [proxy that was replaced](crate#when-the-proxy-is-replaced).
    #[must_use]
    pub fn term(&self) -> u64 {
        self.0.dialog.term()
    }

    /// The proxy that the call came through, as it is configured; empty where an old proxy does not say.
    #[must_use]
    pub fn server_id(&self) -> &str {
        self.0.offer.server_id()
    }

    /// What another worker left of this call, where it had it before: the handler goes on from what was
    /// [saved](Self::save) last. `None` at the beginning of a call.
    #[must_use]
    pub fn resumed(&self) -> Option<&Resumed> {
        self.0.resumed.as_ref()
    }

    /// The call's events from its StasisStart on; of a [resumed](Self::resumed) call those that were not acknowledged.
    /// Each stream is of its own: two of them both yield every event. What a stream has yet to yield is not acknowledged by
    /// a [save](Self::save), so that it comes again to the next worker.
    #[must_use]
    pub fn events(&self) -> EventStream {
        EventStream::new(Arc::clone(&self.0.dialog), true)
    }

    /// The call's events from now on. Made before a command, it yields what the command causes. Of a
    /// [resumed](Self::resumed) call these are all events since the last save, until the next one: the command may have
    /// been carried out for the worker before.
    #[must_use]
    pub fn events_from_now(&self) -> EventStream {
        let repeats = self.0.resumed.is_some() && self.0.dialog.ids.is_in_first_step();
        EventStream::new(Arc::clone(&self.0.dialog), repeats)
    }

    /// Waits for the end of the call, and says why it ended.
    pub async fn ended(&self) -> CallEnd {
        self.dialog().feed.until_end().await
    }

    /// Whether the call is over for this worker.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.dialog().feed.ended().is_some()
    }

    /// Whether this worker is cut off from the call's proxy now: it had no reply for [2 s](crate::limits::LEASE), and the
    /// call may be another worker's already; or the [proxy was replaced](crate#when-the-proxy-is-replaced), and the new one does
    /// not have the call yet. Commands and saves wait until it is in touch again.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.dialog().standing.is_cut_off()
    }

    /// Resolves when this worker is cut off from the call's proxy; at once if it is.
    ///
    /// # Errors
    /// `Gone` when the call ends before.
    pub async fn cut_off(&self) -> Result {
        self.standing(true).await
    }

    /// Resolves when this worker is in touch with the call's proxy, which says that the call is still this worker's; at
    /// once if it is not [cut off](Self::is_cut_off).
    ///
    /// # Errors
    /// `Gone` when it is not, or when the call ends before.
    pub async fn reconnected(&self) -> Result {
        self.standing(false).await
    }

    async fn standing(&self, cut_off: bool) -> Result {
        tokio::select! {
            biased;
            end = self.dialog().feed.until_end() => Err(gone("call", end)),
            () = self.dialog().standing.until(cut_off) => Ok(()),
        }
    }

    /// Any ARI request, on behalf of this call: `path` begins with a slash, such as `/channels/17.1/answer`.
    /// [`path`](crate::path) makes one from values that may hold anything.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// use ari_client::Method;
    /// let info = call.command(Method::Get, "/asterisk/info").query("only", "system").await?;
    /// println!("{}", info.text());
    /// # Ok(())
    /// # }
    /// ```
    pub fn command(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(self.clone(), method, path.into())
    }

    /// The worker's calls, this one among them: by the id of a channel another can be found.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// if let Some(other) = call.calls().find("1795194814.15") {
    ///     other.channel().hangup().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.dialog().calls.clone()
    }

    /// What was known of it before it was this worker's.
    pub(crate) fn offer(&self) -> &Offer {
        &self.0.offer
    }

    pub(crate) fn dialog(&self) -> &Arc<Dialog> {
        &self.0.dialog
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("dialog_id", &self.dialog_id())
            .field("channel", &self.0.offer.channel_id())
            .finish_non_exhaustive()
    }
}
