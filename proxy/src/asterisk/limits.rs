//! What is asked of Asterisk at most, how long it may take, and what it takes at most.

use std::time::Duration;

/// The longest path and query that a worker may name, in bytes.
pub(super) const MAX_URL: usize = 4_096;
/// The longest first line of a request, with its end, in bytes: Asterisk reads it into 4,096, the last of them for a NUL.
/// Some releases cut a longer one off and act on what is left.
pub(super) const MAX_REQUEST_LINE: usize = 4_095;
/// The largest body, in bytes: Asterisk refuses more (`MAX_CONTENT_LENGTH`, 40 KiB).
pub(super) const MAX_BODY: usize = 40_960;
/// The largest answer that is passed on, in bytes: a stored recording of two hours in 16-bit, 8 kHz has 115 MB.
pub(super) const MAX_ANSWER: usize = 256 << 20;
/// The largest event, in bytes. Asterisk's own are far smaller.
pub(super) const MAX_EVENT: usize = 16 << 20;

/// Requests under way at once, each on a connection of its own; further ones wait for their turn. As many again may be
/// idle for a moment, and both together must stay below Asterisk's `sessionlimit`, 100 by default: it closes what is over
/// that without a word, and nobody knows what became of the request.
pub(super) const MAX_IN_FLIGHT: usize = 40;
/// Asterisk closes an idle connection after 15 s. Ours is closed before, so that no POST races that.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection for requests may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the websocket's connection and handshake may take.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before the websocket is connected again; it doubles up to [`MAX_PAUSE`].
pub(super) const MIN_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before the websocket is connected again, where that failed.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause before the websocket is connected again, where a connection was made and lost: each moment costs events.
pub(super) const MAX_PAUSE_LOST: Duration = Duration::from_millis(500);
/// The pause after Asterisk refused our credentials: only a person can change that.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// A websocket that lived so long is a good one: its loss is news again, and the first pause is the shortest.
pub(super) const STEADY: Duration = Duration::from_secs(5);
/// How long Asterisk may take to change over to a second websocket for the same applications.
pub(super) const SWITCH: Duration = Duration::from_secs(5);
/// How often we ping: Asterisk does not notice a half-open connection, so we must.
pub(super) const PING_EVERY: Duration = Duration::from_secs(4);
/// A websocket on which nothing came after so many pings is dead. Counted, not timed: that our own process stood still
/// says nothing about Asterisk.
pub(super) const PINGS_UNANSWERED: u32 = 2;
/// Fences that wait to be put up; those who ask for more wait for room.
pub(super) const FENCES: usize = 16;
/// How often is looked whether an application that another program took is free again.
pub(super) const FREE_LOOK: Duration = Duration::from_secs(5);
/// How long such a look may take.
pub(super) const FREE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a ping or goodbye may take to be written.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
