//! Typed operations: thin handles, every one of which goes through [`Call::command`](crate::Call::command).

mod bridge;
mod channel;
mod connect;
mod dial;
mod dtmf;
mod events;
mod move_to;
mod originate;
mod playback;
mod recording;
mod watch;

use ari_bus::protocol::ObjectKind;

pub use bridge::Bridge;
pub use channel::Channel;
pub use dial::{Dialing, Outcome};
pub use dtmf::Dtmf;
pub use events::DTMF;
pub use originate::Originate;
pub use playback::Playback;
pub use recording::{LiveRecording, Record, Recorded};
pub(crate) use watch::is_end_of;

use crate::{Call, CommandError, Request, Result};

/// Sends a request that makes an object, which from then on is known as the call's.
async fn make(call: &Call, kind: ObjectKind, id: &str, request: Request) -> Result {
    // Before, since its events may come before the answer.
    let objects = &call.dialog().objects;
    objects.add(kind, id);
    let result = request.await;
    if result.as_ref().is_err_and(is_refused) {
        objects.remove(kind, id);
    }
    result.map(drop)
}

/// Whether what was to be made is certainly not there. With any other error it may be; a 409 says that there is one of this id,
/// or that it was asked for before.
fn is_refused(error: &CommandError) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && status != 409)
}

/// A time as Asterisk takes it, rounded up: 0 would mean no limit.
fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
