//! The task that sends the heartbeats to one proxy and takes its replies.

use std::{sync::Arc, time::Duration};

use ari_bus::{
    Link,
    protocol::{Confirmed, Control, FixedControl, Heartbeat, HeartbeatReply, Held, Release, check_topic},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{Contact, Contacts, attach, ledger::Heard};
use crate::{
    call::Arrived,
    limits::{
        ATTACHES_AWAITED, CUT_OFF_DEADLINE, HEARTBEAT_ENVELOPE, HEARTBEAT_INTERVAL, HEARTBEAT_PATIENCE,
        HEARTBEATS_AWAITED, LEASE, LEASE_LONGEST, LEASE_SHORTEST,
    },
};

/// A heartbeat that was sent, or was not, with what came of it.
struct Beat {
    sent: Instant,
    named: Vec<Held>,
    answer: Option<Arrived>,
}

/// Sends heartbeats until this worker has no more calls of the proxy.
pub(super) async fn run(contacts: Arc<Contacts>, server_id: String, contact: Arc<Contact>) {
    let beating = Beating { contacts: &contacts, contact: &contact };
    let mut link = contacts.shared.bus.link();
    let (mut awaited, mut errands) = (FuturesUnordered::new(), FuturesUnordered::new());
    let (mut cut_off, mut silence) = (false, Duration::ZERO);
    // The first call took its seat before this task began.
    while !contacts.forget(&server_id, &contact) {
        beating.mind_lease(&mut cut_off, &server_id);
        silence = if cut_off { silence } else { Duration::ZERO };
        if silence >= CUT_OFF_DEADLINE {
            warn!(server_id, "the proxy does not come back: its calls are over for this worker");
            contact.ledger().lose();
            silence = Duration::ZERO;
        }
        for beat in beating.beats() {
            if awaited.len() < HEARTBEATS_AWAITED {
                awaited.push(beat);
            }
        }
        let begun = Instant::now();
        loop {
            // A reply may tell of a shorter lease.
            let next = begun + *contact.interval.borrow();
            let end_of_lease = contact.lease.until().filter(|_| !cut_off).unwrap_or(next).min(next);
            tokio::select! {
                biased;
                Some(beat) = awaited.next() => {
                    beating.take(beat, &mut cut_off, &server_id);
                    beating.send_out(&mut errands);
                }
                Some(outcome) = errands.next() => {
                    contact.ledger().done(&outcome, Instant::now());
                    beating.send_out(&mut errands);
                }
                state = link.changed() => match state {
                    // At once: the lease may be about to end.
                    Link::Up => break,
                    Link::Down(_) => {}
                    Link::Closed => return,
                },
                () = sleep_until(end_of_lease) => {
                    beating.mind_lease(&mut cut_off, &server_id);
                    if Instant::now() >= next {
                        silence += if link.is_up() { begun.elapsed() } else { Duration::ZERO };
                        break;
                    }
                }
            }
        }
    }
}

struct Beating<'a> {
    contacts: &'a Contacts,
    contact: &'a Contact,
}

impl<'a> Beating<'a> {
    /// Says it once when the lease has ended. Looked at before each heartbeat and each reply, so that an end that nobody
    /// noticed, because the process stood still, is noticed before it is renewed.
    fn mind_lease(&self, cut_off: &mut bool, server_id: &str) {
        if self.contact.lease.is_over() {
            self.contact.ledger().cut_off();
            if !std::mem::replace(cut_off, true) {
                warn!(server_id, "cut off from the proxy: its calls stand still until it replies");
            }
        }
    }

    /// The heartbeats of now.
    fn beats(&self) -> Vec<BoxFuture<'a, Beat>> {
        let shared = &self.contacts.shared;
        let room = shared.bus.largest_message().saturating_sub(HEARTBEAT_ENVELOPE);
        let pages = self.contact.ledger().name(Instant::now(), room);
        pages.into_iter().map(|named| self.beat(named)).collect()
    }

    /// Sends a heartbeat and waits for the reply, for as long as that would renew the lease.
    fn beat(&self, named: Vec<Held>) -> BoxFuture<'a, Beat> {
        let (shared, contact) = (&self.contacts.shared, self.contact);
        let unique_id = format!("beat.{}", Uuid::now_v7().simple());
        let heartbeat = FixedControl::Heartbeat(Heartbeat {
            unique_id: unique_id.clone(),
            worker_id: shared.worker_id.clone(),
            load: (shared.load)() as u64,
            responses: contact.address.replies(),
            dialogs: named.clone(),
        });
        // Strings and numbers always serialize.
        let payload = Bytes::from(serde_json::to_vec(&heartbeat).unwrap_or_default());
        Box::pin(async move {
            let mut expected = contact.answers.expect(&unique_id);
            let sent = Instant::now();
            let answering = async {
                let offered = shared.bus.offer(&contact.topic, payload, HEARTBEAT_INTERVAL).await;
                match offered {
                    Err(error) if error.is_retryable() => debug!(%error, "a heartbeat could not be sent"),
                    result => {
                        if let Err(error) = result {
                            debug!(%error, "a heartbeat was refused");
                        }
                        contact.begun.send_replace(true);
                    }
                }
                expected.arrived().await
            };
            let patience = contact.lease.length().map_or(LEASE, |lease| lease.min(HEARTBEAT_PATIENCE));
            let answer = timeout(patience, answering).await.ok();
            Beat { sent, named, answer }
        })
    }

    /// Brings calls to the proxy process that is there in place of theirs, as many as may be on their way at once.
    fn send_out(&self, errands: &mut FuturesUnordered<BoxFuture<'static, attach::Outcome>>) {
        let shared = &self.contacts.shared;
        while errands.len() < ATTACHES_AWAITED
            && let Some(errand) = self.contact.ledger().errand(&shared.worker_id)
        {
            errands.push(attach::run(Arc::clone(&shared.bus), self.contact.topic.clone(), errand).boxed());
        }
    }

    /// Gives a call to another worker that this one does not know. If that is not heard, the next replies list it still.
    fn give_back(&self, stray: &Confirmed) {
        if let Err(error) = check_topic(&stray.commands) {
            return debug!(%error, "a call that is not here cannot be given back");
        }
        warn!(
            root = stray.root,
            "the proxy takes a call for this worker's that is not here: it goes to another"
        );
        let release = Release { term: stray.term, unique_id: None };
        let (bus, topic) = (Arc::clone(&self.contacts.shared.bus), stray.commands.clone());
        self.contacts.tasks.spawn(async move {
            let payload = Control::Release(release).to_json();
            if let Err(error) = bus.publish(&topic, payload.into()).await {
                debug!(%error, "a call that is not here was not given back");
            }
        });
    }

    fn take(&self, beat: Beat, cut_off: &mut bool, server_id: &str) {
        let Some(Ok(answer)) = beat.answer else { return };
        if answer.status != 200 {
            let message = String::from_utf8_lossy(&answer.body);
            return debug!(server_id, status = answer.status, %message, "a heartbeat was not understood");
        }
        let reply: HeartbeatReply = match serde_json::from_slice(&answer.body) {
            Ok(reply) => reply,
            Err(error) => return debug!(server_id, %error, "dropped a reply to a heartbeat"),
        };
        self.mind_lease(cut_off, server_id);
        let lease =
            reply.lease_ms.map_or(LEASE, |ms| Duration::from_millis(ms).clamp(LEASE_SHORTEST, LEASE_LONGEST));
        self.contact.lease.renew(beat.sent, lease);
        self.contact.interval.send_replace(HEARTBEAT_INTERVAL.min(lease / 2));
        if self.contact.lease.is_over() {
            // It says how things were, and nothing of now.
            return;
        }
        let inbox = self.contacts.shared.names.proxy_inbox(server_id, &reply.incarnation);
        let heard = Heard { named: &beat.named, sent: beat.sent, reply: &reply, inbox: &inbox };
        for stray in self.contact.ledger().take(&heard, Instant::now()) {
            self.give_back(stray);
        }
        if std::mem::take(cut_off) {
            info!(server_id, "in touch with the proxy again");
        }
    }
}
