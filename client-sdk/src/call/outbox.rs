//! Commands of one call on their way out: which number each has, which are not answered yet, and which are to be published
//! (again). No I/O.
//!
//! A command gets its number when it is published for the first time. From then on it stays until it is answered, whether
//! anybody still waits for that or not: a number that never came would hold up all that follow. Each term of the call counts
//! anew, on a topic of its own.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ari_bus::{BusError, protocol::Command};
use bytes::Bytes;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::commands::Request;
use crate::limits::{COMMAND_INTERVAL, COMMAND_INTERVAL_LONGEST, COMMANDS_UNANSWERED};

/// The commands of one call that are not answered.
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Told when there is more to publish.
    more: Notify,
}

struct State {
    /// Where commands go, and what tells one term from another.
    topic: Arc<str>,
    /// The number of the next command that is published for the first time.
    next: u64,
    /// Not published yet, in the order in which they were issued.
    unsent: VecDeque<Ticket>,
    /// Published, perhaps, and not answered.
    sent: BTreeMap<u64, Ticket>,
    numbers: HashMap<String, u64>,
    /// Those from this number on are to be published.
    cursor: u64,
}

struct Ticket {
    unique_id: String,
    request: Request,
    failed: oneshot::Sender<Failed>,
    /// When it was published last, and how often.
    published: Option<Instant>,
    times: u32,
}

/// Why a command has no answer to hope for.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The bus refused it: it was not sent.
    Refused(BusError),
    /// It was sent, perhaps, to a proxy whose place another has taken.
    Replaced,
}

/// A command that is to be published now.
pub(crate) struct Due {
    pub(crate) topic: Arc<str>,
    pub(crate) number: u64,
    pub(crate) payload: Bytes,
    /// Whether it was never published before.
    pub(crate) first: bool,
}

impl Outbox {
    pub(crate) fn new(topic: impl Into<Arc<str>>) -> Self {
        let state = State {
            topic: topic.into(),
            next: 1,
            unsent: VecDeque::new(),
            sent: BTreeMap::new(),
            numbers: HashMap::new(),
            cursor: 1,
        };
        Self { state: Mutex::new(state), more: Notify::new() }
    }

    /// Where commands go now.
    pub(crate) fn topic(&self) -> Arc<str> {
        Arc::clone(&self.lock().topic)
    }

    /// Puts in a command; the receiver is told if it fails without an answer. `None` if there are too many already.
    pub(crate) fn add(&self, unique_id: &str, request: Request) -> Option<oneshot::Receiver<Failed>> {
        let mut state = self.lock();
        if state.unsent.len() + state.sent.len() >= COMMANDS_UNANSWERED {
            return None;
        }
        let (failed, receiver) = oneshot::channel();
        state.unsent.push_back(Ticket {
            unique_id: unique_id.to_owned(),
            request,
            failed,
            published: None,
            times: 0,
        });
        drop(state);
        self.more.notify_one();
        Some(receiver)
    }

    /// Takes a command back if it was never published; false if it was, perhaps, or was answered.
    pub(crate) fn withdraw(&self, unique_id: &str) -> bool {
        let mut state = self.lock();
        let before = state.unsent.len();
        state.unsent.retain(|ticket| ticket.unique_id != unique_id);
        state.unsent.len() < before
    }

    /// The command that is to be published next, with its number.
    pub(crate) fn due(&self) -> Option<Due> {
        let mut state = self.lock();
        let (cursor, topic) = (state.cursor, Arc::clone(&state.topic));
        if let Some((number, ticket)) = state.sent.range(cursor..).next() {
            return Some(Due {
                topic,
                number: *number,
                payload: encode(&ticket.request, &ticket.unique_id, Some(*number)),
                first: false,
            });
        }
        let ticket = state.unsent.pop_front()?;
        let number = state.next;
        state.next += 1;
        let payload = encode(&ticket.request, &ticket.unique_id, Some(number));
        state.numbers.insert(ticket.unique_id.clone(), number);
        state.sent.insert(number, ticket);
        Some(Due { topic, number, payload, first: true })
    }

    /// The command is on its way, or may be.
    pub(crate) fn published(&self, due: &Due) {
        let Some(mut state) = self.lock_for(due) else { return };
        state.cursor = due.number + 1;
        if let Some(ticket) = state.sent.get_mut(&due.number) {
            ticket.published = Some(Instant::now());
            ticket.times += 1;
        }
    }

    /// The bus refused the command for good: it was not sent.
    pub(crate) fn refused(&self, due: &Due, error: BusError) {
        let Some(mut state) = self.lock_for(due) else { return };
        let number = due.number;
        state.cursor = number + 1;
        // One that was sent before keeps its number: it may have come, and its answer may come.
        if !due.first {
            return;
        }
        if let Some(ticket) = state.sent.remove(&number) {
            state.numbers.remove(&ticket.unique_id);
            state.next = number;
            state.cursor = number;
            // Who asked for it may have gone.
            let _ = ticket.failed.send(Failed::Refused(error));
        }
    }

    /// Everything that is not answered is to be published again.
    pub(crate) fn rewind(&self) {
        self.lock().cursor = 0;
    }

    /// A new term begins, on this topic. What was published before is not published again: who answers there now would run it
    /// a second time, as it knows nothing of the first.
    pub(crate) fn begin_term(&self, topic: &Arc<str>) {
        let mut state = self.lock();
        state.topic = Arc::clone(topic);
        (state.next, state.cursor) = (1, 1);
        state.numbers.clear();
        for (_, ticket) in std::mem::take(&mut state.sent) {
            // Who asked for it may have gone.
            let _ = ticket.failed.send(Failed::Replaced);
        }
        drop(state);
        self.more.notify_one();
    }

    /// When the first command without an answer is to be published again: those behind it may wait for it.
    pub(crate) fn overdue(&self) -> Option<Instant> {
        let state = self.lock();
        let (_, first) = state.sent.first_key_value()?;
        let doublings = first.times.saturating_sub(1).min(u32::BITS - 1);
        let pause = COMMAND_INTERVAL.saturating_mul(1 << doublings).min(COMMAND_INTERVAL_LONGEST);
        Some(first.published? + pause)
    }

    /// An answer has come: the command needs no other copy.
    pub(crate) fn answered(&self, unique_id: &str) {
        let mut state = self.lock();
        if let Some(number) = state.numbers.remove(unique_id) {
            state.sent.remove(&number);
        }
    }

    /// Resolves when there may be more to publish.
    pub(crate) async fn more(&self) {
        self.more.notified().await;
    }

    /// `None` when another term has begun since this was due.
    fn lock_for(&self, due: &Due) -> Option<MutexGuard<'_, State>> {
        Some(self.lock()).filter(|state| Arc::ptr_eq(&state.topic, &due.topic))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the queues as whole as they were.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command as it goes over the bus.
pub(crate) fn encode(request: &Request, unique_id: &str, cmd_seq: Option<u64>) -> Bytes {
    let command = Command {
        unique_id: unique_id.into(),
        url: request.url.as_str().into(),
        method: request.method.into(),
        body: request.body.as_deref().map(Into::into),
        cmd_seq,
    };
    // Strings and numbers always serialize.
    serde_json::to_vec(&command).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use ari_bus::BusErrorKind;

    use super::*;

    fn request() -> Request {
        Request { method: "POST", url: "/x".to_owned(), body: None, deadline: None, made: None }
    }

    fn add(outbox: &Outbox, id: &str) -> oneshot::Receiver<Failed> {
        outbox.add(id, request()).unwrap()
    }

    fn publish(outbox: &Outbox) -> Vec<u64> {
        std::iter::from_fn(|| outbox.due())
            .inspect(|due| outbox.published(due))
            .map(|due| due.number)
            .collect()
    }

    #[test]
    fn what_is_not_answered_is_published_again_in_order() {
        let outbox = Outbox::new("c");
        let _waiting = ["a", "b", "c"].map(|id| add(&outbox, id));
        assert_eq!(publish(&outbox), [1, 2, 3]);
        outbox.answered("b");
        outbox.rewind();
        let _more = add(&outbox, "d");
        assert_eq!(publish(&outbox), [1, 3, 4]);
        assert!(publish(&outbox).is_empty());
    }

    #[test]
    fn what_was_not_published_is_taken_back_and_leaves_no_hole() {
        let outbox = Outbox::new("c");
        let _waiting = ["a", "b"].map(|id| add(&outbox, id));
        assert!(outbox.withdraw("a"));
        assert_eq!(publish(&outbox), [1]);
        assert!(!outbox.withdraw("b"), "it may have come");
        outbox.rewind();
        assert_eq!(publish(&outbox), [1]);
    }

    #[test]
    fn a_refused_command_gives_its_number_back_unless_it_may_have_come() {
        let (outbox, error) = (Outbox::new("c"), || BusError::new(BusErrorKind::Refused, "no"));
        let mut refused = add(&outbox, "a");
        outbox.refused(&outbox.due().unwrap(), error());
        assert!(refused.try_recv().is_ok());
        let _waiting = ["b", "c"].map(|id| add(&outbox, id));
        assert_eq!(publish(&outbox), [1, 2]);
        outbox.answered("b");
        outbox.rewind();
        assert_eq!(outbox.due().unwrap().number, 2);
        outbox.refused(&outbox.due().unwrap(), error());
        let _last = add(&outbox, "d");
        assert_eq!(publish(&outbox), [3]);
    }

    #[test]
    fn there_are_only_so_many() {
        let outbox = Outbox::new("c");
        let _waiting: Vec<_> = (0..COMMANDS_UNANSWERED).map(|n| add(&outbox, &n.to_string())).collect();
        assert!(outbox.add("one more", request()).is_none());
    }

    #[test]
    fn a_new_term_counts_anew_and_repeats_nothing() {
        let outbox = Outbox::new("old");
        let [mut sent, mut answered, mut due] = ["a", "b", "c"].map(|id| add(&outbox, id));
        let first = outbox.due().unwrap();
        outbox.published(&first);
        outbox.published(&outbox.due().unwrap());
        outbox.answered("b");
        let late = outbox.due().unwrap();
        let mut unsent = add(&outbox, "d");
        outbox.begin_term(&"new".into());
        for failed in [&mut sent, &mut due] {
            assert!(matches!(failed.try_recv(), Ok(Failed::Replaced)));
        }
        assert!(matches!(answered.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        // What becomes of a publish to the old topic means nothing any more.
        outbox.published(&late);
        outbox.refused(&late, BusError::new(BusErrorKind::Refused, "no"));
        outbox.rewind();
        let next = outbox.due().unwrap();
        assert_eq!((next.number, &*next.topic, &*outbox.topic()), (1, "new", "new"));
        outbox.published(&next);
        assert!(outbox.due().is_none() && unsent.try_recv().is_err());
    }
}
