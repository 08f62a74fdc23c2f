//! Whether anybody listens, and what still waits to be read: the counts of a queue, asked for on a channel of its own.
//!
//! RabbitMQ confirms a message to a queue without consumers, so the count is what tells. A declaration answers with it.
//! One that makes the queue where there is none is used for offers, with go-ari-library's arguments: an application's
//! queue is made like that by go-ari-proxy too, and its workers expect nothing else. A passive one, which makes nothing,
//! closes its channel where there is no queue, and a connection has only so many of them (see `wire`): it is left
//! for the rest.
//!
//! That a queue has consumers is remembered for [`LISTENED`] where the queue is not its reader's own, so that most offers of a busy
//! application cost no question, and no way to the broker and back. An offer that is published where nobody listens any more lies
//! in the queue until it expires, and a worker that joins by then has it.
//!
//! Everybody who waits when a question is asked shares its answer. It is asked once at a time, by a task that goes on as
//! long as there is somebody who wants to know, and waited for to its end: the broker can be stuck over one queue (see
//! [`Session::patiently`]) and answers the next at once.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lapin::options::QueueDeclareOptions;
use tokio::{
    sync::{Semaphore, oneshot},
    time::Instant,
};

use super::{
    core::Core,
    fault::{Fault, bus_error, fault, timed_out},
    limits::{ASKERS_WAITING, LISTENED, QUESTIONS_A_CHANNEL, QUESTIONS_AT_ONCE},
    own::Own,
    session::Session,
};
use crate::{BusError, BusErrorKind, Reach};

/// The questions of one kind.
#[derive(Debug)]
pub(super) struct Questions {
    turns: Semaphore,
    desk: Mutex<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    asked: HashMap<Question, Askers>,
    /// The session that the rest belongs to.
    session: u64,
    /// Channels that no question uses at the moment.
    idle: Vec<Own>,
    /// Queues that somebody declared differently, or that this login may not make.
    as_they_are: HashSet<String>,
    /// Queues that had consumers, and when.
    listened: HashMap<String, Instant>,
}

/// Who wants to know the answer to a question.
#[derive(Debug, Default)]
struct Askers {
    /// Those who came after it was asked last.
    waiting: Vec<Asker>,
    /// Since when its answer is waited for.
    since: Option<Instant>,
}

type Asker = oneshot::Sender<Result<Counts, BusError>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    queue: String,
    /// What is done where there is no such queue.
    missing: Missing,
}

/// What asking does about a queue that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Missing {
    /// The queue is made, durable.
    Make,
    /// Nothing: it was deleted, or is another connection's own to make. Such a question costs a channel.
    Leave,
}

/// What the broker tells of a queue; of one that does not exist, nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    consumers: u32,
    messages: u32,
}

impl Core {
    /// Asks whether a queue that is its reader's own has consumers. Give it a deadline.
    pub(super) async fn reach(self: &Arc<Self>, queue: &str) -> Result<Reach, BusError> {
        Ok(self.counts(&self.offers, queue, Missing::Leave).await?.reach())
    }

    /// Whether a queue that is not its reader's own, such as an application's, has consumers or had some a moment ago; it is made
    /// where there is none. Give it a deadline.
    pub(super) async fn reach_of_common(
        self: &Arc<Self>,
        session: &Session,
        queue: &str,
    ) -> Result<Reach, BusError> {
        if self.offers.desk_of(session).had_consumers(queue) {
            return Ok(Reach::Somebody);
        }
        let reach = self.counts(&self.offers, queue, Missing::Make).await?.reach();
        self.offers.desk_of(session).note(queue, reach);
        Ok(reach)
    }

    /// Asks how many messages of a queue nobody has taken. Give it a deadline.
    pub(super) async fn unread(self: &Arc<Self>, queue: &str) -> Result<usize, BusError> {
        let counts = self.counts(&self.backlogs, queue, Missing::Leave).await?;
        Ok(usize::try_from(counts.messages).unwrap_or(usize::MAX))
    }

    /// Asks how many consumers a queue has. Give it a deadline.
    pub(super) async fn readers(self: &Arc<Self>, queue: &str) -> Result<usize, BusError> {
        let counts = self.counts(&self.backlogs, queue, Missing::Leave).await?;
        Ok(usize::try_from(counts.consumers).unwrap_or(usize::MAX))
    }

    async fn counts(
        self: &Arc<Self>,
        questions: &Arc<Questions>,
        queue: &str,
        missing: Missing,
    ) -> Result<Counts, BusError> {
        let question = Question { queue: queue.to_owned(), missing };
        let (asker, answer) = oneshot::channel();
        if questions.enter(&question, asker, self.options.deadline)? {
            self.tasks.spawn(run(Arc::clone(self), Arc::clone(questions), question));
        }
        answer.await.map_err(|_| BusError::new(BusErrorKind::Closed, "the bus is closed"))?
    }
}

/// The task that asks one question, as long as somebody wants to know.
async fn run(core: Arc<Core>, questions: Arc<Questions>, question: Question) {
    while let Some(Ok(_turn)) = core.stop.run_until_cancelled(questions.turns.acquire()).await {
        let Some(askers) = questions.begin(&question) else { return };
        let answer = questions.ask(&core, &question).await;
        questions.end(&question);
        for asker in askers {
            let _ = asker.send(answer.clone());
        }
    }
    questions.desk().asked.remove(&question);
}

impl Default for Questions {
    fn default() -> Self {
        Self { turns: Semaphore::new(QUESTIONS_AT_ONCE), desk: Mutex::default() }
    }
}

impl Questions {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that holds the lock can leave it half changed.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody wants to know. Says whether a task is needed, because nobody else does; refuses if there are too many
    /// already, or the broker is stuck over this question.
    fn enter(&self, question: &Question, asker: Asker, deadline: Duration) -> Result<bool, BusError> {
        match self.desk().asked.entry(question.clone()) {
            Entry::Vacant(place) => {
                place.insert(Askers { waiting: vec![asker], since: None });
                Ok(true)
            }
            Entry::Occupied(mut askers) => {
                let askers = askers.get_mut();
                let stuck = askers.since.is_some_and(|since| since.elapsed() >= deadline);
                if stuck || askers.waiting.len() >= ASKERS_WAITING {
                    return Err(timed_out(&question.doing()));
                }
                askers.waiting.push(asker);
                Ok(false)
            }
        }
    }

    /// The question is asked now: who waits for its answer? If nobody does any more, it is forgotten.
    fn begin(&self, question: &Question) -> Option<Vec<Asker>> {
        let mut desk = self.desk();
        let askers = desk.asked.get_mut(question)?;
        askers.waiting.retain(|asker| !asker.is_closed());
        if askers.waiting.is_empty() {
            desk.asked.remove(question);
            return None;
        }
        askers.since = Some(Instant::now());
        Some(std::mem::take(&mut askers.waiting))
    }

    /// The question was answered.
    fn end(&self, question: &Question) {
        if let Some(askers) = self.desk().asked.get_mut(question) {
            askers.since = None;
        }
    }

    async fn ask(&self, core: &Core, question: &Question) -> Result<Counts, BusError> {
        let (session, doing) = (core.session()?, question.doing());
        let asking = async {
            let mut own = self.idle(&session).await;
            let answer = self.look(&mut own, &session, question).await;
            // Only now: on one that a question still waits on nothing else may be asked.
            self.put_back(&session, own);
            answer.map_err(|error| bus_error(&doing, &error))
        };
        session.patiently(&doing, asking).await
    }

    async fn look(&self, own: &mut Own, session: &Session, question: &Question) -> lapin::Result<Counts> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        if question.missing == Missing::Make && !self.desk().as_they_are.contains(&question.queue) {
            match own.declare(session, &question.queue, QueueDeclareOptions::durable()).await {
                // Remembered for the session: each such attempt costs a channel.
                Err(error) if matches!(fault(&error), Fault::Mismatch | Fault::Denied) => {
                    self.desk().as_they_are.insert(question.queue.clone());
                }
                answer => return counts(answer),
            }
        }
        counts(own.declare(session, &question.queue, passive).await)
    }

    /// A channel for one question.
    async fn idle(&self, session: &Session) -> Own {
        loop {
            let Some(own) = self.desk_of(session).idle.pop() else { return Own::default() };
            if own.serves(session, QUESTIONS_A_CHANNEL) {
                return own;
            }
            own.close().await;
        }
    }

    fn put_back(&self, session: &Session, own: Own) {
        self.desk_of(session).idle.push(own);
    }

    /// The desk, cleared of what belongs to an earlier session.
    fn desk_of(&self, session: &Session) -> MutexGuard<'_, Desk> {
        let mut desk = self.desk();
        if desk.session < session.id {
            desk.session = session.id;
            desk.idle.clear();
            desk.as_they_are.clear();
            desk.listened.clear();
        }
        desk
    }
}

impl Desk {
    /// Whether a queue had consumers a moment ago.
    fn had_consumers(&self, queue: &str) -> bool {
        self.listened.get(queue).is_some_and(|since| since.elapsed() < LISTENED)
    }

    /// Remembers who listens, and forgets of whom it is not known any more.
    fn note(&mut self, queue: &str, reach: Reach) {
        self.listened.retain(|_, since| since.elapsed() < LISTENED);
        match reach {
            Reach::Somebody => self.listened.insert(queue.to_owned(), Instant::now()),
            Reach::Nobody => self.listened.remove(queue),
        };
    }
}

impl Counts {
    fn reach(self) -> Reach {
        if self.consumers == 0 { Reach::Nobody } else { Reach::Somebody }
    }
}

impl Question {
    fn doing(&self) -> String {
        format!("asking about the queue {}", self.queue)
    }
}

fn counts(answer: lapin::Result<lapin::Queue>) -> lapin::Result<Counts> {
    match answer {
        Ok(queue) => Ok(Counts { consumers: queue.consumer_count(), messages: queue.message_count() }),
        Err(error) => match fault(&error) {
            // With a queue to be made: its home node is down, and with it whoever reads it there.
            Fault::NotFound => Ok(Counts::default()),
            // Only a reader holds a queue exclusively.
            Fault::Locked => Ok(Counts { consumers: 1, messages: 0 }),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_wait_share_a_question_and_those_who_gave_up_cost_none() {
        let questions = Questions::default();
        let question = Question { queue: "app".to_owned(), missing: Missing::Make };
        let enter = |deadline| {
            let (asker, answer) = oneshot::channel();
            questions.enter(&question, asker, deadline).map(|needed| (needed, answer))
        };
        let (needed, gave_up) = enter(Duration::MAX).unwrap();
        assert!(needed);
        drop(gave_up);
        assert!(questions.begin(&question).is_none());

        let first = [enter(Duration::MAX).unwrap(), enter(Duration::MAX).unwrap()];
        assert_eq!(first.each_ref().map(|(needed, _)| *needed), [true, false]);
        assert_eq!(questions.begin(&question).map(|askers| askers.len()), Some(2));
        // While it is asked: the next time it is asked, or a refusal where the answer is overdue.
        let (needed, _later) = enter(Duration::MAX).unwrap();
        assert!(!needed);
        assert_eq!(enter(Duration::ZERO).unwrap_err().kind(), BusErrorKind::Timeout);
        questions.end(&question);
        assert_eq!(questions.begin(&question).map(|askers| askers.len()), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn that_somebody_listens_is_known_for_a_moment_and_that_nobody_does_never() {
        let mut desk = Desk::default();
        desk.note("app", Reach::Somebody);
        desk.note("other", Reach::Nobody);
        assert_eq!(["app", "other", "third"].map(|queue| desk.had_consumers(queue)), [true, false, false]);
        desk.note("app", Reach::Nobody);
        assert!(!desk.had_consumers("app"));

        desk.note("app", Reach::Somebody);
        tokio::time::advance(LISTENED).await;
        assert!(!desk.had_consumers("app"));
        desk.note("other", Reach::Somebody);
        assert_eq!(desk.listened.len(), 1, "what is not known any more is not kept");
    }
}
