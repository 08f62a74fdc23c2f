//! Every limit and waiting time of the RabbitMQ bus, in one place, with its reason.

use std::time::Duration;

/// The largest payload, in bytes. RabbitMQ 4 refuses messages over 16 MiB unless told otherwise; a quarter of that
/// leaves room for headers and for administrators who lowered it.
pub(super) const LARGEST_MESSAGE: usize = 4 << 20;

/// The longest life of an offer, in milliseconds: the broker closes the channel over a longer one.
pub(super) const LONGEST_EXPIRY_MS: u32 = u32::MAX;

/// The heartbeat asked of the broker, in seconds. Either side gives the other up after two of them without a sign
/// of life, so a half-open connection is noticed after ten seconds. RabbitMQ advises against less.
pub(super) const HEARTBEAT: u16 = 5;

/// The largest frame, in bytes. lapin allocates two buffers of 32 frames a connection: RabbitMQ's own default of
/// 128 KiB would cost every worker 16 MiB, and most messages are below 1 KiB.
pub(super) const FRAME_MAX: u32 = 32 << 10;

/// How long opening the TCP connection, TLS included, may take.
pub(super) const TCP_DEADLINE: Duration = Duration::from_secs(5);

/// How long it may take until both connections and their first channels are open. A paused broker accepts the TCP
/// connection and then says nothing.
pub(super) const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// The first pause between two attempts to connect. Jitter adds up to as much again.
pub(super) const BACKOFF_MIN: Duration = Duration::from_millis(100);

/// The longest pause between two attempts to connect; with jitter it becomes up to five seconds.
pub(super) const BACKOFF_MAX: Duration = Duration::from_millis(2500);

/// A session that lived this long was a good one: the next pause starts from the shortest again.
pub(super) const STEADY: Duration = Duration::from_secs(5);

/// How often a session's connections are looked at, besides listening to their events, and the broker is asked
/// something on each.
pub(super) const LIVENESS_CHECK: Duration = Duration::from_secs(1);

/// How long the broker may take to answer before the link counts as down. The session goes on: only the heartbeat
/// ends it.
pub(super) const SILENCE_ALLOWED: Duration = Duration::from_secs(2);

/// How long the link stays down after a reconnect while subscriptions are not back yet. The broker needs two
/// heartbeats to see that the connection that still holds an exclusive queue is dead; a bit more than that.
pub(super) const RESTORE_DEADLINE: Duration = Duration::from_secs(15);

/// The first and the longest pause before a subscription that could not be restored is tried again.
pub(super) const RESTORE_RETRY_MIN: Duration = Duration::from_millis(100);
/// See [`RESTORE_RETRY_MIN`].
pub(super) const RESTORE_RETRY_MAX: Duration = Duration::from_secs(5);

/// The longest pause before a subscription that the broker refuses is tried again: each refusal ends the channel, with the
/// consumers of other subscriptions on it, which have to come back.
pub(super) const REFUSED_RETRY_MAX: Duration = Duration::from_secs(60);

/// How many queues of one consuming channel are declared and consumed at a time after a reconnect.
pub(super) const RESTORE_AT_ONCE: usize = 32;

/// What may be published and not yet confirmed, in units of [`PUBLISH_UNIT`]; a small message is one unit. It
/// bounds memory (lapin's own queue has no bound, so this is 32 MiB or 2,048 messages) and the work of a confirm, which
/// looks at every outstanding message. Whoever publishes more waits for confirms.
pub(super) const PUBLISH_BUDGET: u32 = 2048;

/// How many bytes of payload one unit of the publishing budget stands for.
pub(super) const PUBLISH_UNIT: usize = 16 << 10;

/// How many payloads of one `publish_all` are put on the wire as one step: large enough to fill a frame buffer,
/// small enough that two callers share the budget.
pub(super) const PUBLISH_STEP: usize = 256;

/// Callers who wait for the answer to one question about a queue, such as whether anybody listens to it; more than a
/// second's worth of offers. A further one is told to try again.
pub(super) const ASKERS_WAITING: usize = 4096;

/// How long the consumers that a queue had are taken to be there still, unless it is its reader's own: a question is a third of an
/// offer's way to a worker. It is also how long calls may be offered to a queue that the last worker has just left.
pub(super) const LISTENED: Duration = Duration::from_millis(100);

/// How many questions about queues are asked at once, each on a channel of its own. One at a time would do, if none
/// could get stuck: in a cluster with a dead node the answer takes more than a minute.
pub(super) const QUESTIONS_AT_ONCE: usize = 32;

/// How many questions about queues are asked on one channel: lapin keeps the name of each queue that was declared on a
/// channel until that is closed, and each dialog of a version-1 worker has names of its own.
pub(super) const QUESTIONS_A_CHANNEL: usize = 10_000;

/// With fewer channels a connection, declarations, questions and subscriptions can fail for want of one. RabbitMQ
/// allows 2,047 unless told otherwise.
pub(super) const CHANNELS_WANTED: u16 = 256;

/// How many of a connection's channels may be lost to errors before it is given up for a new one: three quarters of
/// the 2,047 that RabbitMQ allows, so that what is in use never lacks one.
pub(super) const CHANNELS_LOST: usize = 1500;

/// Messages of a pool that one member holds without having taken them. Small, so that a member that is busy
/// leaves the others their turn; more than one, so that a member is not idle for a round trip to the broker.
pub(super) const POOL_PREFETCH: u16 = 4;

/// Messages of a topic with one reader that are under way to it without being taken; the broker keeps the rest.
/// At half a millisecond a round trip it allows far more than a channel carries.
pub(super) const TOPIC_PREFETCH: u16 = 256;

/// Messages of an inbox (a whole process's topics) that are under way to it; the broker keeps the rest.
pub(super) const INBOX_PREFETCH: u16 = 4096;

/// How long an inbox that processes pass on to each other is kept without a reader, in milliseconds.
pub(super) const SHARED_EXPIRY_MS: i32 = 60_000;

/// Messages that one subscription holds for its reader beyond what its prefetch allows: nothing is dropped when it
/// is full, the channel's consumer waits and the broker keeps what comes.
pub(super) const SUBSCRIPTION_CAPACITY: usize = 1024;

/// Acknowledgements that are sent to the broker as one, where they can be.
pub(super) const ACKS_AT_ONCE: usize = 512;

/// Channels shared by the consumers of topics with one reader. An error on a channel ends all its consumers, and
/// one channel is one process in the broker: several limit the damage and work in parallel. Not one a topic:
/// RabbitMQ allows 2,047 channels a connection.
pub(super) const SHARED_CHANNELS: usize = 4;

/// Channels on which queues are declared and deleted in parallel: measured 360/s one at a time, 1,100/s at 32.
pub(super) const QUEUE_LANES: usize = 32;

/// Operations that wait for one lane; a further one waits for room, within its deadline.
pub(super) const LANE_WAITING: usize = 1024;

/// How long a declaration that does not come to an end is waited for behind the scenes: in a cluster with a dead
/// node the broker took 65 s to say that the queue's home is down.
pub(super) const STUCK_DEADLINE: Duration = Duration::from_secs(120);

/// Deletions that are remembered while the broker is away. Beyond it the names are dropped with a warning: the
/// journal still has them, so the next start deletes their queues.
pub(super) const DELETIONS_REMEMBERED: usize = 100_000;

/// How many remembered deletions, or declarations to repeat, are under way at once.
pub(super) const REPAIRS_AT_ONCE: usize = QUEUE_LANES;

/// How long `declare` waits for the broker to confirm that the journal has the name. Beyond it the queue is
/// declared without: better a queue that a crash leaves behind than a call that waits.
pub(super) const JOURNAL_WAIT: Duration = Duration::from_millis(250);

/// How long the names of another process are left alone before that process is looked for: longer than the
/// longest pause before it reconnects after a restart of the broker.
pub(super) const LEFTOVER_GRACE: Duration = Duration::from_secs(8);

/// How often processes that were found alive are looked for again.
pub(super) const LEFTOVER_CHECK: Duration = Duration::from_secs(30);

/// How long saying goodbye to the broker (closing a channel or a connection) may take.
pub(super) const GOODBYE_DEADLINE: Duration = Duration::from_secs(1);
