//! Every limit of the simulator in one place, each with its reason.

use std::time::Duration;

/// The largest request body that is read: Asterisk answers 413 to more.
pub const MAX_BODY: usize = 40_960;

/// A request head that is longer is no ARI client's. Asterisk's own limit is of the same order.
pub const MAX_HEAD: usize = 16 * 1024;

/// Headers of one request. ARI clients send about ten.
pub const MAX_HEADERS: usize = 64;

/// The largest frame that Asterisk reads from a websocket; on a larger one it closes.
pub const MAX_FRAME_IN: usize = 65_535;

/// Writes that may wait for one websocket. A batch of load events is one write, so that a burst of
/// 100,000 events takes as many places as it has calls. A full queue cuts the socket off: a reader so far
/// behind has failed, and Asterisk would have cut it off at the first write that stalled.
pub const WEBSOCKET_QUEUE: usize = 65_536;

/// How much is written to a websocket at once; the write timeout holds for each such piece.
pub const WRITE_PIECE: usize = 64 * 1024;

/// How long Asterisk lets a write to a websocket stall before it cuts the socket off.
pub const WEBSOCKET_WRITE_TIMEOUT: Duration = Duration::from_millis(100);

/// How long an HTTP connection is kept open without a whole request, as Asterisk does by default.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A client that takes longer to read an answer is cut off.
pub const HTTP_PATIENCE: Duration = Duration::from_secs(30);

/// Requests kept for [`Simulator::requests`](crate::Simulator::requests). Past it the oldest are forgotten
/// and counted, so that a simulator left running for days does not fill the memory.
pub const RECORDED_REQUESTS: usize = 1_000_000;

/// Media in one play command: Asterisk takes no more list entries in a query.
pub const MAX_LIST: usize = 127;

/// How long a socket may take to flush its last words, a close frame, when it is dropped cleanly.
pub const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// How long a stopping simulator waits for its own tasks. They only wait on cancellable things, so that
/// reaching it is a bug, and better told than hung on.
pub const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How long a simulator that starts again tries to get its old port back: another process's outgoing
/// connection may be on it for a moment.
pub const REBIND_PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two tries for the old port.
pub const REBIND_PAUSE: Duration = Duration::from_millis(20);
