//! Every limit of the NATS bus, and why it is what it is.

use std::time::Duration;

/// How long one attempt to connect may take, name resolution, TLS and login included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait after a first failed attempt to connect …
pub(super) const RETRY_SHORTEST: Duration = Duration::from_millis(100);
/// … which doubles up to this. Each wait is between half of it and the whole, by chance, so that many processes do not
/// come at once.
pub(super) const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one: the waits begin anew. One that the server ends at once, for
/// want of permission or room, is not worth trying ten times a second.
pub(super) const STEADY: Duration = Duration::from_secs(5);
/// How often a silent server is asked whether it is there. When two questions are unanswered at the time of the third,
/// the connection is given up: a server that vanished is noticed within three of these.
pub(super) const PING_INTERVAL: Duration = Duration::from_millis(1500);
/// Between two messages of our own to ourselves, which show that the connection takes what we send …
pub(super) const ROUND_TRIP_INTERVAL: Duration = Duration::from_millis(1500);
/// … how long one may be under way, behind all that a burst has put before it …
pub(super) const ROUND_TRIP_DEADLINE: Duration = Duration::from_millis(2500);
/// … and how many in a row may not come back before the connection is given up: within 8 s.
pub(super) const ROUND_TRIPS_MISSED: usize = 2;
/// Commands between our tasks and the connection's. A publisher waits when it is full: the socket is slower than it.
pub(super) const COMMANDS: usize = 2_048;
/// Messages that the client library holds for one subscription. When it is full it **drops** what comes, so this is
/// generous: a burst of 100,000 events overran the library's own 65,536. Memory is only taken as messages come: usual
/// ones have a kilobyte, so that a reader that stalls costs some 300 MB before the first is dropped. Nothing bounds the
/// bytes but this number times the server's `max_payload`; who may publish to our subjects is for its permissions.
pub(super) const ARRIVED: usize = 262_144;
/// Messages ready for the reader of one subscription. When it is full they wait in the [`ARRIVED`] ones.
pub(super) const READY: usize = 4_096;
/// Offers and subscriptions that wait for the server at once; more fail with `Unavailable`. Each is answered within a
/// round trip or its deadline, so a number like this means a server that no longer answers.
pub(super) const WAITING: usize = 65_536;
/// Topics that the server did not allow, remembered for the operations that are about to ask.
pub(super) const REFUSALS: usize = 64;
/// The largest payload before the first server told its own: NATS' default.
pub(super) const LARGEST_MESSAGE: usize = 1 << 20;
/// At most one line about dropped messages, and one about refused ones, in this time; a storm of them must not make it worse.
pub(super) const WARNING_INTERVAL: Duration = Duration::from_secs(1);
/// How long a server may take to say whether it has JetStream.
pub(super) const JETSTREAM_TOLD: Duration = Duration::from_secs(2);
/// Records of a stream that are published before the server is asked what became of them: no more than [`REFUSALS`], and than
/// the 128 refusals that the client library hands on before it drops them.
pub(super) const MESSAGES_AT_ONCE: usize = 64;
/// How long the client library is given to hand on refusals, where there were some before; and how often it is looked whether a
/// record that nobody acknowledges was refused.
pub(super) const REFUSAL_LOOK: Duration = Duration::from_millis(2);
/// Records whose acknowledgement by JetStream is waited for, those of calls that gave up included. Beyond it a publisher waits.
pub(super) const ACKS_UNDER_WAY: usize = 1024;
