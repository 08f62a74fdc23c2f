//! Version 2: taking an offer, learning whether this worker got it, and after an outage whether it still has it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use ari_bus::{
    BusError, Link,
    protocol::{Accept, Answer, Bodies, Control},
};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};
use uuid::Uuid;

use super::{Call, Dialog, EventStream, resumed};
use crate::{
    Event,
    limits::{ACCEPT_DEADLINE, ACCEPT_INTERVAL, RENEW_DEADLINE, RETRY_PAUSE},
};

/// What this worker says to have the call of an offer. It may be said again: the proxy answers the owner as before, and
/// anybody else that the call is not theirs.
pub(crate) struct Claim {
    dialog: Arc<Dialog>,
    /// Where the offer is to be accepted, whatever becomes of the call later.
    topic: Arc<str>,
    accept: Accept,
}

/// What the proxy makes of a claim.
enum Verdict {
    /// The call is this worker's.
    Ours,
    /// It is not, and why.
    Refused(String),
    /// There is no proxy, or no bus, to say so.
    Unknown(String),
}

impl Claim {
    /// To be made by the worker of this name, with topics that it reads already.
    pub(crate) fn new(dialog: &Arc<Dialog>, worker_id: &str, events: String, responses: String) -> Self {
        let accept = Accept {
            term: dialog.term(),
            unique_id: Some(Uuid::now_v7().simple().to_string()),
            worker_id: Some(worker_id.to_owned()),
            events,
            responses,
            bodies: Bodies::String,
        };
        Self { dialog: Arc::clone(dialog), topic: dialog.commands.topic(), accept }
    }

    /// Accepts the offer. The call is this worker's once its first event or a 204 comes; otherwise says why it is not,
    /// which is nothing unusual: the first accept of several wins.
    pub(crate) async fn accept(&self) -> Result<Call, String> {
        let mut events = EventStream::internal(Arc::clone(&self.dialog));
        let first = tokio::select! {
            // An event settles it, whatever the answer says.
            biased;
            event = events.next() => Some(event),
            // One that came before its turn settles it too.
            () = self.dialog.heard() => self.first(&mut events).await,
            verdict = self.make(ACCEPT_DEADLINE) => match verdict {
                Verdict::Ours => self.first(&mut events).await,
                Verdict::Refused(why) | Verdict::Unknown(why) => return Err(why),
            },
        };
        let first = first.map(|event| event.ok_or("another worker has it")).transpose()?;
        let call = start_of(&self.dialog, first).and_then(|start| Call::new(Arc::clone(&self.dialog), start));
        if let Err(why) = &call {
            warn!(why, "a call cannot begin here: it goes to another worker");
            self.dialog.hand_over().await;
        }
        call
    }

    /// The first event, if it comes soon. A resumed call begins without one, and may have none for a long time.
    async fn first(&self, events: &mut EventStream) -> Option<Option<Event>> {
        let patience = if self.dialog.offer.resume { Duration::ZERO } else { ACCEPT_INTERVAL };
        timeout(patience, events.next()).await.ok()
    }

    /// Makes the claim again whenever the bus comes back, for as long as the call lasts here: what said that it is over
    /// may have been lost with the bus. A call that was brought to another proxy process is beyond its offer: heartbeats tell.
    pub(crate) async fn renew(&self) {
        tokio::select! {
            _ = self.dialog.feed.until_end() => {}
            () = self.dialog.terms.attached() => {}
            never = self.renew_for_ever() => match never {},
        }
    }

    async fn renew_for_ever(&self) -> Infallible {
        let mut link = self.dialog.commands.bus().link();
        loop {
            match link.changed().await {
                Link::Up => {}
                Link::Down(_) => continue,
                // The reader of the inbox tells the call.
                Link::Closed => std::future::pending().await,
            }
            match self.make(RENEW_DEADLINE).await {
                Verdict::Ours => debug!("the call is still this worker's"),
                Verdict::Refused(why) => {
                    debug!(why, "the call went while the bus was away");
                    self.dialog.lose();
                }
                Verdict::Unknown(why) => {
                    warn!(why, "whether the call is still there is not known since the bus was away");
                }
            }
        }
    }

    /// Publishes the accept until it is answered, for this long at most. That time stands still while the bus is away.
    async fn make(&self, patience: Duration) -> Verdict {
        let mut silence = Duration::ZERO;
        while silence < patience {
            match self.ask().await {
                Ok(Some(answer)) if answer.status < 400 => return Verdict::Ours,
                Ok(Some(answer)) => {
                    let message = String::from_utf8_lossy(&answer.body);
                    return Verdict::Refused(format!("the proxy answered {} {message}", answer.status));
                }
                Ok(None) if self.dialog.commands.bus().link().is_up() => silence += ACCEPT_INTERVAL,
                Ok(None) => {}
                Err(error) if error.is_retryable() => {
                    debug!(%error, "an accept waits for the bus");
                    sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Verdict::Unknown(format!("the accept was not sent: {error}")),
            }
        }
        Verdict::Unknown("nothing came to confirm it".to_owned())
    }

    /// Publishes the accept once, as soon as the bus is there, and waits a moment for the answer.
    async fn ask(&self) -> Result<Option<Answer>, BusError> {
        let commands = &self.dialog.commands;
        commands.bus().link().up().await;
        let mut answer = commands.answers.expect(self.accept.unique_id.as_deref().unwrap_or_default());
        let accept = Control::Accept(self.accept.clone()).to_json();
        commands.bus().publish(&self.topic, accept.into()).await?;
        Ok(timeout(ACCEPT_INTERVAL, answer.arrived()).await.ok().and_then(Result::ok))
    }
}

/// The StasisStart: the first event, or where that was lost the copy that came with the offer. After a resume the first
/// event is any, and the copy is the StasisStart of the call's first term.
fn start_of(dialog: &Dialog, first: Option<Event>) -> Result<Event, String> {
    if dialog.offer.resume {
        return resumed::start(&dialog.offer);
    }
    if let Some(first) = first.filter(|event| event.kind() == "StasisStart") {
        return Ok(first);
    }
    let copy = dialog.offer.start.clone().map(|start| Event::from_offer(start, Some(1)));
    copy.inspect(|copy| dialog.legs.see(copy))
        .ok_or_else(|| "its StasisStart was lost, and the offer had no copy of it".to_owned())
}
