//! Version 2: the one subscription of a worker process, and the way of its messages to the calls that they are for.
//! Its reader only sorts: it never waits for a handler.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ari_bus::{Message, Subscription};
use tracing::{debug, trace};

use crate::call::{Answers, CallEnd, Dialog};

/// The calls that the inbox's messages are for, by the last token of their topics.
pub(crate) struct Inbox {
    /// What its topics begin with, the last dot included.
    prefix: String,
    readers: Mutex<HashMap<String, Reader>>,
    next_key: AtomicU64,
}

/// Whom messages are for.
#[derive(Clone)]
enum Reader {
    Call(Arc<Dialog>),
    /// Those who wait for replies to heartbeats, or to what opens a call.
    Replies(Arc<Answers>),
}

/// The topics under which a call is reached; dropping it makes the call unreachable.
pub(crate) struct Address {
    inbox: Arc<Inbox>,
    key: String,
}

impl Inbox {
    pub(crate) fn new(prefix: String) -> Arc<Self> {
        Arc::new(Self { prefix, readers: Mutex::default(), next_key: AtomicU64::new(1) })
    }

    /// What its topics begin with, the last dot included.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Makes a call reachable.
    pub(crate) fn register(self: &Arc<Self>, dialog: Arc<Dialog>) -> Address {
        self.add(Reader::Call(dialog))
    }

    /// Makes those reachable who wait for replies to heartbeats, or to what opens a call.
    pub(crate) fn register_replies(self: &Arc<Self>, replies: Arc<Answers>) -> Address {
        self.add(Reader::Replies(replies))
    }

    fn add(self: &Arc<Self>, reader: Reader) -> Address {
        // Never used twice in a process, so that what comes late for one call cannot reach another.
        let key = self.next_key.fetch_add(1, Ordering::Relaxed).to_string();
        self.lock().insert(key.clone(), reader);
        Address { inbox: Arc::clone(self), key }
    }

    /// Sorts messages until the bus is closed; then there is nothing more to come for any call.
    pub(crate) async fn read(self: Arc<Self>, mut messages: Subscription) {
        while let Some(message) = messages.next().await {
            self.take(&message);
        }
        for reader in self.lock().values() {
            if let Reader::Call(dialog) = reader {
                dialog.feed.end(CallEnd::Closed);
            }
        }
    }

    fn take(&self, message: &Message) {
        let rest = message.topic.strip_prefix(&self.prefix).unwrap_or_default();
        let Some((kind, key)) = rest.split_once('.') else {
            return debug!(topic = message.topic, "dropped a message on a topic of no call");
        };
        let Some(reader) = self.lock().get(key).cloned() else {
            // What still comes for a call that is over.
            return trace!(topic = message.topic, "dropped a message for a call that is not here");
        };
        match (kind, reader) {
            ("events", Reader::Call(dialog)) => dialog.take_event(&message.payload),
            ("responses", Reader::Call(dialog)) => dialog.take_answer(&message.payload),
            ("replies" | "responses", Reader::Replies(replies)) => {
                drop(replies.take(&message.payload, false))
            }
            _ => debug!(topic = message.topic, "dropped a message on a topic of no call"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    /// From now on it is a call's.
    pub(crate) fn becomes(&self, dialog: Arc<Dialog>) {
        self.inbox.lock().insert(self.key.clone(), Reader::Call(dialog));
    }

    pub(crate) fn events(&self) -> String {
        format!("{}events.{}", self.inbox.prefix, self.key)
    }

    pub(crate) fn responses(&self) -> String {
        format!("{}responses.{}", self.inbox.prefix, self.key)
    }

    pub(crate) fn replies(&self) -> String {
        format!("{}replies.{}", self.inbox.prefix, self.key)
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.inbox.lock().remove(&self.key);
    }
}
