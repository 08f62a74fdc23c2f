//! Every limit and every wait of this crate, in one place, with its reason.

use std::time::Duration;

/// How long [`Worker::connect`](crate::Worker::connect) waits for the bus: long enough for a broker that starts
/// beside the worker, short enough that a wrong address is noticed.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(30);

/// Calls that one worker serves at once unless told otherwise. A call costs a task, a few kilobytes and its last
/// events; past this a second worker is the better answer.
pub const CALLS_AT_ONCE: usize = 1_000;

/// How long a worker that was told to stop lets its calls finish. With all that may follow ([`CLEAN_UP_DEADLINE`],
/// [`SETTLE_WHEN_STOPPING`], [`ABORT_DEADLINE`], and 5 s for the goodbye to the bus) it stays below the 30 s after which
/// Kubernetes kills.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an accepted offer may stay without a word from its proxy before it counts as another worker's. The time
/// while the bus is away does not count (in version 2).
pub const ACCEPT_DEADLINE: Duration = Duration::from_secs(5);

/// After how long an accept that has no answer is sent again.
pub const ACCEPT_INTERVAL: Duration = Duration::from_secs(1);

/// How long the proxies of the calls are asked whether these are still there, when the bus has come back: they find
/// their way back to it within some seconds too.
pub const RENEW_DEADLINE: Duration = Duration::from_secs(60);

/// How long a command waits for its answer: Asterisk answers in milliseconds, an originate through a slow trunk or a
/// large recording in seconds.
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// How long a command in flight still waits once its call has ended: answers and events take different ways.
pub const LAST_ANSWERS_GRACE: Duration = Duration::from_secs(2);

/// How long `finished()` still waits for its event once the channel is gone: Asterisk orders the events of one
/// object, not those of several.
pub const FINISH_GRACE: Duration = Duration::from_secs(1);

/// After how long without a reply from a proxy a worker is cut off from it, where the proxy does not say how long its lease
/// is: it gives calls of a worker that it has not heard of for as long to others.
pub const LEASE: Duration = Duration::from_secs(2);

/// The shortest lease that is kept, whatever a proxy says: twice in it a heartbeat is sent.
pub const LEASE_SHORTEST: Duration = Duration::from_millis(100);

/// The longest lease that is believed.
pub const LEASE_LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two heartbeats to one proxy, where half its lease is not shorter: one may be lost.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// How long a worker stays cut off from a proxy, whichever process it is, before its calls there are over for it. The time
/// while the bus is away does not count: this is for a proxy that never comes back, whose calls would take the worker's room
/// for ever.
pub const CUT_OFF_DEADLINE: Duration = Duration::from_secs(600);

/// How long an accept waits for the first heartbeat to go out before it: that takes milliseconds where the bus is there.
pub const FIRST_HEARTBEAT_DEADLINE: Duration = Duration::from_secs(1);

/// How often heartbeats name every call, and not only what has changed: in case the proxy knows something else.
pub const HEARTBEAT_WHOLE: Duration = Duration::from_secs(30);

/// Bytes of a heartbeat beside the calls that it names: ids and topics, each of them short, and the worker's name.
pub const HEARTBEAT_ENVELOPE: usize = 2_048;

/// How long the reply to a heartbeat is waited for at most, where the lease that it would renew is longer.
pub const HEARTBEAT_PATIENCE: Duration = Duration::from_secs(10);

/// Replies to heartbeats that are awaited at once for one proxy. While there are so many, no other heartbeat is sent.
pub const HEARTBEATS_AWAITED: usize = 64;

/// After how long a call is brought once more to a proxy that was restarted and did not answer.
pub const ATTACH_INTERVAL: Duration = Duration::from_secs(1);

/// Calls that are brought at once to one proxy that was restarted. It asks Asterisk for each.
pub const ATTACHES_AWAITED: usize = 64;

/// How often a call is brought to one proxy process that does not take it: with [`ATTACH_INTERVAL`] for about as long as
/// [`CUT_OFF_DEADLINE`].
pub const ATTACH_TRIES: u32 = 600;

/// Bridges, playbacks and recordings of a call that a proxy that was restarted is told of. A usual call has one or two.
pub const OBJECTS_KNOWN: usize = 1_024;

/// After how long a missing event that did not come is asked for again.
pub const RESEND_INTERVAL: Duration = Duration::from_secs(1);

/// After how long a save or release without an answer is sent again.
pub const CONTROL_INTERVAL: Duration = Duration::from_secs(1);

/// After how long a command without an answer is sent again: well below the 2 s for which a proxy holds up those behind it.
/// Each time it waits twice as long.
pub const COMMAND_INTERVAL: Duration = Duration::from_secs(1);

/// The longest time after which a command without an answer is sent again.
pub const COMMAND_INTERVAL_LONGEST: Duration = Duration::from_secs(8);

/// How long a missing event is asked for before it is given up. The time while the bus is away does not count.
pub const GAP_PATIENCE: Duration = Duration::from_secs(10);

/// Events that came before their turn and are held until what is missing came: they are sent again anyway, so a few will
/// do. As many are held that came before their term.
pub const HELD_EVENTS: usize = 256;

/// Bytes of ARI bodies held in the same way.
pub const HELD_EVENT_BYTES: usize = 1 << 20;

/// How long a proxy may list a call as this worker's that nobody here has, before it is given to another: longer than an
/// accept waits for its answer.
pub const STRAY_AFTER: Duration = Duration::from_secs(10);

/// Such calls of one proxy that are looked after at once.
pub const STRAYS: usize = 1_024;

/// Commands of a call without an answer, those that nobody waits for any more included: as many as a proxy lets wait.
pub const COMMANDS_UNANSWERED: usize = 4_096;

/// Different commands that a handler issues between two saves whose ids a resume repeats; past it ids are random. A
/// usual call has some dozens.
pub const IDS_COUNTED: usize = 16_384;

/// How long a worker tries to give a call to another. Below [`CLEAN_UP_DEADLINE`], within which it ends.
pub const RELEASE_DEADLINE: Duration = Duration::from_secs(5);

/// How long the events of a call are still received and acknowledged once its handler has returned: somewhat longer than
/// a proxy keeps a dialog whose channels have gone (60 s).
pub const SETTLE_DEADLINE: Duration = Duration::from_secs(65);

/// How long a worker that stops waits for that: longer than the 2 s for which a proxy waits for late events, since a call that
/// has ended and is not acknowledged is offered to another worker once more.
pub const SETTLE_WHEN_STOPPING: Duration = Duration::from_secs(3);

/// Events of a call kept for handlers that read later than they come. Past it the oldest go, and a `ProxyGap` stands for
/// them; but where an [`EventStream`](crate::EventStream) has yet to read them, further events stay with the proxy, which
/// keeps ten times as many. A usual call has some dozens.
pub const EVENTS_KEPT: usize = 1_024;

/// Bytes of ARI bodies kept in the same way: a usual event has 700, so that only monsters meet this limit first.
pub const EVENT_BYTES_KEPT: usize = 4 << 20;

/// Unread events at most when those that stayed with the proxy are asked for: half of what is kept, because for each
/// request the proxy sends all of them again, and those that still find no room in vain.
pub const EVENTS_ROOM: usize = EVENTS_KEPT / 2;

/// Bytes of unread ARI bodies at most at that time.
pub const EVENT_BYTES_ROOM: usize = EVENT_BYTES_KEPT / 2;

/// How long events stay with the proxy for streams that nobody reads: as long as a handler may wait for one command, and
/// half as long as a proxy keeps a call that has ended. Then the oldest go, so that nobody waits for ever: neither another
/// stream nor [`Call::ended`](crate::Call::ended) nor a `finished()` whose event was lost on the way.
pub const ROOM_PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer put together from parts: an hour of recorded telephone sound.
pub const LARGEST_ANSWER: usize = 64 << 20;

/// Channels of a call that are known: they are hung up should its handler fail, and the call is found by them. Past it they
/// are the handler's own matter.
/// A usual call has one or two, a conference some dozens.
pub const LEGS_KNOWN: usize = 1_024;

/// How long a handler may go on once its call is over, unless [told](crate::Worker::wrap_up) [otherwise](crate::Call::wrap_up);
/// then it is cancelled. Enough to store what it has of the call, and half as long as a proxy keeps a call that is over, for
/// another worker should this one die.
pub const WRAP_UP: Duration = Duration::from_secs(30);

/// How long the hanging up of a call whose handler failed may take, or its going on in the dialplan.
pub const HANG_UP_DEADLINE: Duration = Duration::from_secs(5);

/// How long the tasks of cancelled calls may take to release or hang up and end, once draining is over.
pub const CLEAN_UP_DEADLINE: Duration = Duration::from_secs(6);

/// How long a worker that stops at once waits for its tasks to give way.
pub const ABORT_DEADLINE: Duration = Duration::from_secs(1);

/// Pause before an operation on the bus is tried again while the bus says that it is up.
pub const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Version 1: how long events are still read after the call's own channel has left, because that protocol does not
/// say which event is the last.
pub const VERSION_1_GRACE: Duration = Duration::from_secs(1);

/// Version 1: how long a call whose handler has returned is waited for before its topics are deleted.
pub const VERSION_1_LINGER: Duration = Duration::from_secs(5);
