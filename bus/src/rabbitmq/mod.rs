//! RabbitMQ: topics are queues on the default exchange, messages are confirmed, and everything comes back by itself
//! after an outage.
//!
//! | part | what it does |
//! |---|---|
//! | `supervisor` | keeps one `session` open: two connections (`wire`), built anew whenever one breaks |
//! | `vitals` | whether a connection is of use |
//! | `publisher`, `parcel` | publishes, pipelined and confirmed; messages to one queue |
//! | `offers` | asks whether anybody listens |
//! | `line`, `consumers`, `feed`, `pump`, `sink`, `settle` | consume: a channel, its consumers, its acknowledgements |
//! | `names`, `lanes` | declare and delete the queues of dialogs |
//! | `own` | a channel for requests whose failure closes it |
//! | `journal` | remembers those queues across a crash |
//! | `route` | from topics to queues and back |
//! | `stream` | publishes for everybody, to an exchange, on a connection of its own |

mod address;
mod claims;
mod consumers;
mod core;
mod fault;
mod feed;
mod journal;
mod lanes;
mod limits;
mod line;
mod names;
mod offers;
mod own;
mod parcel;
mod publisher;
mod pump;
mod route;
mod session;
mod settle;
mod sink;
mod stream;
mod supervisor;
mod vitals;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use ::core::future::Future;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::{runtime::Handle, sync::mpsc, time::Instant};

pub(crate) use self::stream::RabbitmqSink;
use self::{
    address::Address,
    claims::Deed,
    core::{Core, check},
    feed::{Feed, Kind},
    lanes::Lanes,
    limits::{
        GOODBYE_DEADLINE, INBOX_PREFETCH, LARGEST_MESSAGE, POOL_PREFETCH, SHARED_CHANNELS,
        SUBSCRIPTION_CAPACITY, TOPIC_PREFETCH,
    },
    line::LineHandle,
    parcel::Parcel,
    route::{Route, inbox},
    sink::Sink,
    supervisor::left,
};
use crate::{
    Bus, BusError, BusErrorKind, BusOptions, Claimed, Link, LinkState, Reach, Retention, Rival, Subscription,
    Topics,
};

/// A RabbitMQ broker, version 3.13 or later.
///
/// Dropping it cuts the connections and ends its subscriptions; [`Bus::close`] says goodbye first.
pub struct RabbitmqBus {
    core: Arc<Core>,
}

impl RabbitmqBus {
    /// Begins to connect to `url` (`amqp://` or `amqps://`), and goes on for ever.
    ///
    /// # Errors
    /// `Invalid` for a URL, a login, a file of TLS or another option that cannot be used, and outside a Tokio runtime.
    pub fn connect(url: &str, options: BusOptions) -> Result<Self, BusError> {
        let address = Address::parse(url, &options.security)?;
        if let Some(server_id) = &options.queue_journal {
            // A uuid is put behind it.
            check(&format!("{}.{}", options.names.queue_journal(server_id), uuid::Uuid::nil()))?;
        }
        if Handle::try_current().is_err() {
            return Err(BusError::new(BusErrorKind::Invalid, "RabbitMQ is used within a Tokio runtime"));
        }
        let (lanes, lane_jobs) = Lanes::new();
        let (journal, settled) = mpsc::unbounded_channel();
        let (shared, commands): (Vec<_>, Vec<_>) = (0..SHARED_CHANNELS as u64).map(LineHandle::new).unzip();
        let core = Core::new(address, options, lanes, shared.clone(), journal);
        let spawn = |task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| core.tasks.spawn(task);
        for jobs in lane_jobs {
            spawn(Box::pin(lanes::run(Arc::clone(&core), jobs)));
        }
        for (line, commands) in shared.into_iter().zip(commands) {
            spawn(Box::pin(line::run(Arc::clone(&core), line.id, TOPIC_PREFETCH, commands)));
        }
        if let Some(journal) = core.journal_queue() {
            core.registry().lines.insert(journal::JOURNAL);
            spawn(Box::pin(journal::run(Arc::clone(&core), journal, settled)));
        }
        // Last: the first session waits for all of these.
        core.keepers.spawn(supervisor::run(Arc::clone(&core)));
        Ok(Self { core })
    }

    fn parcel(&self, topic: &str, payloads: Vec<Bytes>) -> Result<Parcel, BusError> {
        check(topic)?;
        let route = Route::of(&self.core.options.names, topic);
        let parcel = Parcel { properties: route.properties(), queue: route.queue, payloads };
        parcel.check()?;
        Ok(parcel)
    }

    /// A sink and its reader, known to the bus so that closing it ends them.
    fn sink(&self) -> (u64, Arc<Sink>, mpsc::Receiver<crate::Delivery>) {
        let (sender, deliveries) = mpsc::channel(SUBSCRIPTION_CAPACITY);
        let (id, sink) = (self.core.next_id(), Arc::new(Sink::new(sender)));
        self.core.registry().sinks.insert(id, Arc::downgrade(&sink));
        (id, sink, deliveries)
    }

    /// A subscription with a channel of its own.
    async fn with_own_line(
        &self,
        queue: String,
        kind: Kind,
        prefetch: u16,
    ) -> Result<Subscription, BusError> {
        self.core.session()?;
        let (id, sink, deliveries) = self.sink();
        let (line, commands) = LineHandle::new(id);
        self.core.registry().lines.insert(id);
        self.core.tasks.spawn(line::run(Arc::clone(&self.core), id, prefetch, commands));
        let feed = Arc::new(Feed { queue, kind, sink: Arc::clone(&sink) });
        let core = Arc::clone(&self.core);
        // Made before the wait: dropped by whoever cancels the call, it takes the line with it.
        let subscription = Subscription::new(deliveries, {
            let line = line.clone();
            move || {
                sink.close();
                core.registry().sinks.remove(&id);
                drop(line);
            }
        });
        let doing = format!("consuming {}", feed.queue);
        self.core.within(&doing, line.add(id, feed, None)).await?;
        Ok(subscription)
    }

    /// A subscription to one topic, on a shared channel.
    async fn with_shared_line(&self, queue: String) -> Result<Subscription, BusError> {
        self.core.session()?;
        let (id, sink, deliveries) = self.sink();
        let shared = usize::try_from(id).unwrap_or(0) % SHARED_CHANNELS;
        let feed = Arc::new(Feed { queue, kind: Kind::Durable, sink: Arc::clone(&sink) });
        let core = Arc::clone(&self.core);
        let subscription = Subscription::new(deliveries, move || {
            sink.close();
            core.registry().sinks.remove(&id);
            core.shared[shared].remove(id, true);
        });
        let doing = format!("consuming {}", feed.queue);
        self.core.within(&doing, self.core.shared[shared].add(id, feed, None)).await?;
        Ok(subscription)
    }

    /// A subscription to the topics under a prefix that this process declares.
    async fn with_declared(&self, prefix: &str) -> Result<Subscription, BusError> {
        self.core.session()?;
        let (id, sink, deliveries) = self.sink();
        let (core, its) = (Arc::clone(&self.core), Arc::clone(&sink));
        let subscription = Subscription::new(deliveries, move || {
            its.close();
            core.registry().sinks.remove(&id);
            core.leave_prefix(id);
        });
        let reading = self.core.read_prefix(id, prefix, sink);
        self.core.within(&format!("reading {prefix}"), reading).await?;
        Ok(subscription)
    }
}

#[async_trait]
impl Bus for RabbitmqBus {
    fn largest_message(&self) -> usize {
        LARGEST_MESSAGE
    }

    fn link(&self) -> LinkState {
        LinkState::new(self.core.link.subscribe())
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        let parcel = self.parcel(topic, payloads)?;
        let session = self.core.session()?;
        self.core.within(&format!("publishing to {topic}"), session.publisher.publish(&parcel)).await
    }

    async fn offer(&self, topic: &str, payload: Bytes, expires: Duration) -> Result<Reach, BusError> {
        let parcel = self.parcel(topic, vec![payload])?.expiring(expires);
        let session = self.core.session()?;
        let offering = async {
            let queue = parcel.queue.as_str();
            let reach = match self.core.options.names.inbox_of(topic) {
                // An inbox is its reader's alone to make.
                Some(_) => self.core.reach(queue).await?,
                None => self.core.reach_of_common(&session, queue).await?,
            };
            if reach == Reach::Somebody {
                session.publisher.publish(&parcel).await?;
            }
            Ok(reach)
        };
        self.core.within(&format!("offering to {topic}"), offering).await
    }

    async fn join(&self, topic: &str, _group: &str) -> Result<Subscription, BusError> {
        check(topic)?;
        self.with_own_line(topic.to_owned(), Kind::Durable, POOL_PREFETCH).await
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        if let Some(inbox) = inbox(&self.core.options.names, &topics) {
            check(&inbox)?;
            return self.with_own_line(inbox, Kind::Inbox, INBOX_PREFETCH).await;
        }
        match topics {
            Topics::One(topic) => {
                check(&topic)?;
                self.with_shared_line(topic).await
            }
            Topics::Under(prefix) => {
                check(&format!("{prefix}x"))?;
                self.with_declared(&prefix).await
            }
        }
    }

    async fn share(&self, prefix: &str) -> Result<Subscription, BusError> {
        match inbox(&self.core.options.names, &Topics::Under(prefix.to_owned())) {
            Some(inbox) => {
                check(&inbox)?;
                self.with_own_line(inbox, Kind::Shared, INBOX_PREFETCH).await
            }
            None => self.subscribe(Topics::Under(prefix.to_owned())).await,
        }
    }

    fn shared_comes_to_all(&self) -> bool {
        false
    }

    async fn claim(&self, name: &str, _holder: &str, _over: Option<&Rival>) -> Result<Claimed, BusError> {
        self.core.within(&format!("claiming {name}"), self.core.claims(Deed::Claim, name)).await
    }

    async fn unclaim(&self, name: &str, _holder: &str) -> Result<(), BusError> {
        self.core.within(&format!("giving up {name}"), self.core.claims(Deed::GiveUp, name)).await.map(|_| ())
    }

    async fn declare(&self, topic: &str) -> Result<Retention, BusError> {
        self.core.declare(topic).await?;
        Ok(Retention::Kept)
    }

    async fn unread(&self, topic: &str) -> Result<usize, BusError> {
        self.core.within(&format!("asking what waits in {topic}"), self.core.unread(topic)).await
    }

    async fn readers(&self, topic: &str) -> Result<Option<usize>, BusError> {
        self.core.within(&format!("asking who reads {topic}"), self.core.readers(topic)).await.map(Some)
    }

    async fn delete(&self, topic: &str) -> Result<(), BusError> {
        self.core.delete(topic).await
    }

    async fn close(&self) {
        let core = &self.core;
        core.closed.cancel();
        let until = Instant::now() + core.options.deadline;
        let session = core.session.borrow().clone();
        if let Some(session) = session {
            // What is not confirmed by then, nobody can say of whether it arrived.
            let _ = tokio::time::timeout_at(until, session.publisher.drained()).await;
        }
        core.end_subscriptions();
        core.stop.cancel();
        core.tasks.close();
        // Acknowledgements go out and channels are closed before the connections are.
        let _ = tokio::time::timeout_at(until, core.tasks.wait()).await;
        core.hang_up.cancel();
        core.keepers.close();
        let goodbye = left(until).max(GOODBYE_DEADLINE);
        let _ =
            tokio::time::timeout(goodbye, futures_util::future::join(core.keepers.wait(), core.tasks.wait()))
                .await;
        core.tell(Link::Closed);
    }
}

impl Drop for RabbitmqBus {
    fn drop(&mut self) {
        let core = &self.core;
        core.closed.cancel();
        core.end_subscriptions();
        core.stop.cancel();
        if let Some(session) = &*core.session.borrow() {
            session.cut();
        }
        core.hang_up.cancel();
        core.tasks.close();
        core.keepers.close();
        core.tell(Link::Closed);
    }
}

impl fmt::Debug for RabbitmqBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link = self.core.link.borrow();
        f.debug_struct("RabbitmqBus").field("address", &self.core.address).field("link", &*link).finish()
    }
}
