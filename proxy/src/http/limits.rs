//! What clients of the listener may take, and what happens beyond it. Calls share the process with them.

use std::time::Duration;

/// Connections at once. Beyond it the one gives way that has asked for nothing for the longest time; if all are being answered
/// the newcomer is closed. Each has at most [`BUFFER`] bytes of a request.
pub(super) const CONNECTIONS: usize = 256;
/// How long a connection may take to its next request's last header: as well the first byte of it, and so it may be idle. And from
/// there to the last byte of the body.
pub(super) const HEADERS: Duration = Duration::from_secs(10);
/// How long a request that has come may take to the begin of its answer. Then it is answered 408.
pub(super) const REQUEST: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer that is on its way. Then its connection is closed.
pub(super) const STALLED: Duration = Duration::from_secs(10);
/// Bytes of a request's line and headers. Beyond it: 431.
pub(super) const BUFFER: usize = 16 << 10;
/// Bytes of a request's body. Beyond it: 413.
pub(super) const BODY: usize = 64 << 10;
/// How long what is being answered may take when the process ends.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);
/// The pause after a connection could not be accepted: most often there are too many open files.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a process that takes over looks whether the port is free: the one before it has it until it ends.
pub(super) const PORT_LOOK: Duration = Duration::from_millis(200);
