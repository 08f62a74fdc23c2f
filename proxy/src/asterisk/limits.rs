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
/// The largest frame on the websocket, in bytes. Asterisk's events are far smaller; an answer that comes there may list all
/// channels, of which each takes about 1 KB.
pub(super) const MAX_EVENT: usize = 64 << 20;
/// The largest frame that goes to Asterisk, in bytes. At 65,535 it closes the socket; it takes 65,300.
pub(super) const MAX_REQUEST_FRAME: usize = 65_000;

/// Requests under way at once: over HTTP each on a connection of its own, over the websocket one behind the other; further ones wait for their turn. As many again may be
/// idle for a moment, and both together must stay below Asterisk's `sessionlimit`, 100 by default: it closes what is over
/// that without a word, and nobody knows what became of the request.
pub(super) const MAX_IN_FLIGHT: usize = 40;
/// Requests that wait to be written on a websocket: those under way, and some of askers who gave up and are not written.
/// One that finds no room was not sent, and is answered 503.
pub(super) const ASKS: usize = 4 * MAX_IN_FLIGHT;
/// How long Asterisk may take to show that it answers requests on a websocket. Meanwhile they go over HTTP.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
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
/// The pause before that is tried again, where it failed.
pub(super) const SWITCH_AGAIN: Duration = Duration::from_secs(1);
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
/// A websocket on which nothing could be written while so many pings were due is dead, whatever can be read.
pub(super) const PINGS_UNWRITTEN: u32 = 2;
/// How long a websocket is read on whose applications have all changed over to another: Asterisk may have been about to write
/// an event there.
pub(super) const STRAGGLERS: Duration = Duration::from_millis(100);
/// How long a websocket that we close is read on: what Asterisk had sent by then it takes for delivered.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);

/// How long Asterisk must say nothing before a connection is closed with which it has dialled in: longer than the pauses within a
/// call's setup; and if that does not happen, some part of the pause between two of hundreds of events a second.
pub(super) const LULLS: [Duration; 2] = [Duration::from_millis(40), Duration::from_millis(2)];
/// How long each of the two is waited for. Then the connection is closed all the same.
pub(super) const LULL_PATIENCE: Duration = Duration::from_millis(250);

/// Connections whose handshake is not over, when Asterisk dials in; a further one is closed at once. None of them is known
/// yet, and each may take the memory of one header, 64 KiB, and of a TLS handshake.
pub(super) const HANDSHAKES: usize = 64;
/// How long TLS and handshake of one that dials in may take.
pub(super) const DIAL_IN_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes of one Asterisk that have been let in and are being finished.
pub(super) const COMING: u32 = 4;
/// The pause after a connection could not be accepted: most often there are too many open files.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection is read on whose place another one takes: what lies there, and no more, for that one waits.
pub(super) const PLACE_TAKEN: Duration = Duration::from_millis(50);
/// The same refusal is not said again for so long: Asterisk tries twice a second.
pub(super) const REFUSAL_SAID: Duration = Duration::from_secs(60);
/// Refusals that are remembered as said; further ones are told at debug level only.
pub(super) const REFUSALS: usize = 256;

/// The longest line of the manager interface, in bytes. Asterisk's own are far shorter; the value of a variable may be long.
pub(super) const AMI_LINE: usize = 64 << 10;
/// Fields of one block of the manager interface. An event has 20 to 40, and the variables of its channels that `manager.conf` names.
pub(super) const AMI_FIELDS: usize = 1_000;
/// Keys and values of one block of the manager interface together, in bytes.
pub(super) const AMI_BLOCK: usize = 256 << 10;
/// What is read from the manager interface at once, in bytes.
pub(super) const AMI_READ: usize = 16 << 10;
/// How long each step to a login at the manager interface may take: the connection, TLS, the greeting, and what is said then.
pub(super) const AMI_STEP: Duration = Duration::from_secs(5);
/// How long a probe of the manager interface waits for a first event after the login.
pub(super) const AMI_FIRST_EVENT: Duration = Duration::from_secs(1);
/// After how long without a word the manager interface is asked whether it is there.
pub(super) const AMI_SILENCE: Duration = Duration::from_secs(4);
/// A manager interface that said nothing after so many such questions is gone. Counted, not timed, as with the websocket.
pub(super) const AMI_PINGS_UNANSWERED: u32 = 2;
/// How much of a word of a manager interface is repeated in a log line, in characters.
pub(super) const AMI_QUOTED: usize = 80;
