//! The topics that this process declares and deletes: their queues, who reads them here, and what is still to be done
//! about them.

use std::{collections::hash_map::Entry, sync::Arc};

use futures_util::{StreamExt as _, stream};

use super::{
    core::{Core, check},
    feed::{Feed, Kind},
    journal::Settlement,
    lanes::Work,
    limits::{DELETIONS_REMEMBERED, JOURNAL_WAIT, REPAIRS_AT_ONCE, SHARED_CHANNELS},
    session::Session,
    sink::Sink,
};
use crate::{BusError, BusErrorKind, Topics};

/// A topic of this process.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// It is to be deleted: now, or when the broker is back.
    unwanted: bool,
    /// Whether its declaration worked is not known: what has its name may be somebody else's.
    doubtful: bool,
    /// Its consumer here: the shared line, and the feed's number on it.
    feed: Option<(usize, u64)>,
    /// Its delivery from the journal, to be acknowledged when the queue is gone.
    journaled: Option<Settlement>,
}

impl Core {
    /// Declares a topic's queue and consumes it where this process reads its prefix. A queue that could not be
    /// declared in time may come to be all the same: it is deleted again, if it is ours.
    pub(super) async fn declare(self: &Arc<Self>, topic: &str) -> Result<(), BusError> {
        check(topic)?;
        let session = self.session()?;
        let (core, topic) = (Arc::clone(self), topic.to_owned());
        // A task: whoever drops the call half-way leaves nothing half-done.
        let task = self.tasks.spawn(async move {
            let new = match core.registry().declared.entry(topic.clone()) {
                Entry::Occupied(mut known) => std::mem::take(&mut known.get_mut().unwanted),
                Entry::Vacant(place) => {
                    place.insert(Declared::default());
                    true
                }
            };
            let doing = format!("declaring {topic}");
            let declared = core.within(&doing, core.declare_now(&session, &topic, new)).await;
            let result = match declared {
                Ok(()) => {
                    core.doubt(&topic, false);
                    core.within(&doing, core.consume(&session, &topic)).await
                }
                Err(error) if !error.is_retryable() => {
                    // The broker refused: what has this name, if anything, is somebody else's.
                    core.forget(&topic, |_| true);
                    return Err(error);
                }
                failed => {
                    core.doubt(&topic, true);
                    failed
                }
            };
            match &result {
                Ok(()) => {}
                // It is remembered if it fails.
                Err(_) if new => drop(core.delete_now(&topic).await),
                Err(_) => core.leave(&topic),
            }
            result
        });
        task.await.unwrap_or_else(|_| Err(BusError::new(BusErrorKind::Closed, "the bus is closed")))
    }

    /// Declares the queue; a new one's name goes to the journal first.
    async fn declare_now(&self, session: &Arc<Session>, topic: &str, new: bool) -> Result<(), BusError> {
        if new {
            self.note(session, &[topic], JOURNAL_WAIT).await;
        }
        if !self.wants(topic) {
            let text = format!("{topic} was deleted while it was declared");
            return Err(BusError::new(BusErrorKind::Unavailable, text));
        }
        self.lanes.run(session, Work::Declare, topic).await
    }

    /// Consumes a topic that was just declared, where this process reads its prefix.
    async fn consume(&self, session: &Session, topic: &str) -> Result<(), BusError> {
        let Some((shared, id, feed)) = self.feed(topic) else { return Ok(()) };
        self.shared[shared].add(id, feed, Some(session.id)).await
    }

    /// The feed to start for a declared topic, if this process reads its prefix and does not consume it yet.
    fn feed(&self, topic: &str) -> Option<(usize, u64, Arc<Feed>)> {
        let mut registry = self.registry();
        let reader = |(prefix, _): &&(String, Arc<Sink>)| Topics::Under(prefix.clone()).contain(topic);
        let sink = registry.prefixes.values().find(reader).map(|(_, sink)| Arc::clone(sink))?;
        let declared = registry.declared.get_mut(topic)?;
        if declared.feed.is_some() || declared.unwanted {
            return None;
        }
        let id = self.next_id();
        let shared = usize::try_from(id).unwrap_or(0) % SHARED_CHANNELS;
        declared.feed = Some((shared, id));
        Some((shared, id, Arc::new(Feed { queue: topic.to_owned(), kind: Kind::Durable, sink })))
    }

    /// Undoes [`Core::consume`].
    fn leave(&self, topic: &str) {
        let feed = self.registry().declared.get_mut(topic).and_then(|declared| declared.feed.take());
        if let Some((shared, feed)) = feed {
            self.shared[shared].remove(feed, true);
        }
    }

    /// Reads every topic under a prefix that this process declares, now and later.
    pub(super) async fn read_prefix(
        self: &Arc<Self>,
        id: u64,
        prefix: &str,
        sink: Arc<Sink>,
    ) -> Result<(), BusError> {
        let declared: Vec<String> = {
            let mut registry = self.registry();
            registry.prefixes.insert(id, (prefix.to_owned(), sink));
            registry.declared.keys().cloned().collect()
        };
        let feeds: Vec<_> = declared.iter().filter_map(|topic| self.feed(topic)).collect();
        let started = stream::iter(feeds).map(|(shared, id, feed)| self.shared[shared].add(id, feed, None));
        let results: Vec<_> = started.buffer_unordered(REPAIRS_AT_ONCE).collect().await;
        results.into_iter().collect()
    }

    /// Undoes [`Core::read_prefix`].
    pub(super) fn leave_prefix(&self, id: u64) {
        let mut registry = self.registry();
        let Some((prefix, _)) = registry.prefixes.remove(&id) else { return };
        let under = Topics::Under(prefix);
        for (topic, declared) in &mut registry.declared {
            if under.contain(topic)
                && let Some((shared, feed)) = declared.feed.take()
            {
                self.shared[shared].remove(feed, true);
            }
        }
    }

    /// Deletes a topic's queue. What fails is remembered and done when the broker is back.
    pub(super) async fn delete(self: &Arc<Self>, topic: &str) -> Result<(), BusError> {
        check(topic)?;
        if self.closed.is_cancelled() {
            return Err(BusError::new(BusErrorKind::Closed, "the bus is closed"));
        }
        let (core, topic) = (Arc::clone(self), topic.to_owned());
        let task = self.tasks.spawn(async move { core.delete_now(&topic).await });
        task.await.unwrap_or_else(|_| Err(BusError::new(BusErrorKind::Closed, "the bus is closed")))
    }

    async fn delete_now(&self, topic: &str) -> Result<(), BusError> {
        if let Some((shared, feed)) = self.unwanted(topic) {
            self.shared[shared].remove(feed, false);
        }
        self.delete_unwanted(topic).await
    }

    /// Deletes a topic's queue, unless it is declared again meanwhile: its lane looks once more.
    async fn delete_unwanted(&self, topic: &str) -> Result<(), BusError> {
        let session = self.session()?;
        let doing = format!("deleting {topic}");
        let work = if self.is_doubtful(topic) { Work::Undo } else { Work::Delete };
        let result = self.within(&doing, self.lanes.run(&session, work, topic)).await;
        if !result.as_ref().is_err_and(BusError::is_retryable) {
            self.forget_unwanted(topic);
        }
        result
    }

    /// A topic's queue was deleted: it is forgotten, unless it is declared again meanwhile.
    pub(super) fn forget_unwanted(&self, topic: &str) {
        self.forget(topic, |declared| declared.unwanted);
    }

    /// A topic's queue is gone, or is not ours: the journal need not know it any more.
    fn forget(&self, topic: &str, whether: impl FnOnce(&Declared) -> bool) {
        let known = {
            let mut registry = self.registry();
            registry
                .declared
                .get(topic)
                .is_some_and(whether)
                .then(|| registry.declared.remove(topic))
                .flatten()
        };
        if let Some(settlement) = known.and_then(|declared| declared.journaled) {
            // A journal that has ended keeps the name: the next start finds nothing to delete.
            let _ = self.journal.send(settlement);
        }
    }

    /// Whether this process has a topic and does not mean to delete it.
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.registry().declared.get(topic).is_some_and(|declared| !declared.unwanted)
    }

    /// Whether a topic of this process is still to be deleted.
    pub(super) fn is_unwanted(&self, topic: &str) -> bool {
        self.registry().declared.get(topic).is_some_and(|declared| declared.unwanted)
    }

    fn is_doubtful(&self, topic: &str) -> bool {
        self.registry().declared.get(topic).is_some_and(|declared| declared.doubtful)
    }

    /// Notes whether it is unknown what came of a topic's declaration.
    fn doubt(&self, topic: &str, doubtful: bool) {
        if let Some(declared) = self.registry().declared.get_mut(topic) {
            declared.doubtful = doubtful;
        }
    }

    /// Marks a topic for deletion and returns its consumer, if it has one.
    fn unwanted(&self, topic: &str) -> Option<(usize, u64)> {
        let mut registry = self.registry();
        let known = registry.declared.len();
        match registry.declared.entry(topic.to_owned()) {
            Entry::Occupied(mut declared) => {
                declared.get_mut().unwanted = true;
                declared.get_mut().feed.take()
            }
            Entry::Vacant(place) if known < DELETIONS_REMEMBERED => {
                place.insert(Declared { unwanted: true, ..Declared::default() });
                None
            }
            Entry::Vacant(_) => {
                tracing::warn!(topic, "too many deletions wait for the broker: this one is not remembered");
                None
            }
        }
    }

    /// A name of this process came from the journal: keep its delivery while the queue is there. Returns a delivery that
    /// is not needed any more: this one, or an earlier one of the same name.
    pub(super) fn journaled(&self, topic: &str, settlement: Settlement) -> Option<Settlement> {
        match self.registry().declared.get_mut(topic) {
            Some(declared) => declared.journaled.replace(settlement),
            None => Some(settlement),
        }
    }

    /// How many topics this process has.
    pub(super) fn declared(&self) -> usize {
        self.registry().declared.len()
    }

    /// Does what was remembered: deletes what is unwanted. After a reconnect, in case the broker came back without its
    /// data, also writes to the journal again what is wanted, and declares what nobody here consumes; what is consumed, its
    /// consumer declared.
    pub(super) async fn repair(&self, session: &Arc<Session>, reconnected: bool) {
        let (mut unwanted, mut wanted, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for (topic, declared) in &self.registry().declared {
            if declared.unwanted {
                unwanted.push(topic.clone());
            } else if reconnected {
                wanted.push(topic.clone());
                if declared.feed.is_none() {
                    unread.push(topic.clone());
                }
            }
        }
        let deletions = stream::iter(unwanted).for_each_concurrent(REPAIRS_AT_ONCE, |topic| async move {
            if let Err(error) = self.delete_unwanted(&topic).await {
                tracing::debug!(topic, %error, "not deleted yet");
            }
        });
        let declarations = stream::iter(unread).for_each_concurrent(REPAIRS_AT_ONCE, |topic| async move {
            let declared = self.lanes.run(session, Work::Declare, &topic);
            if self.wants(&topic)
                && let Err(error) = self.within(&topic, declared).await
            {
                tracing::warn!(topic, %error, "a queue is not there after the reconnect");
            }
        });
        self.note(session, &wanted, self.options.deadline).await;
        // First what somebody waits for.
        declarations.await;
        deletions.await;
    }
}
