//! Handles of what ARI has, with its operations as their methods: thin, all going through [`Call::command`](crate::Call::command).

mod application;
mod asterisk;
mod bridge;
mod channel;
mod command;
mod connect;
mod device_state;
mod dial;
mod dtmf;
mod endpoint;
mod events;
mod mailbox;
mod move_to;
mod originate;
mod playback;
mod recording;
mod run;
mod stored_recording;
mod watch;

use ari_bus::protocol::ObjectKind;

pub use application::Application;
pub use asterisk::{Asterisk, ConfigObject, LogChannel, Module};
pub use bridge::Bridge;
pub use channel::Channel;
pub use command::Command;
pub use device_state::DeviceState;
pub use dial::{Dialing, Outcome};
pub use dtmf::Dtmf;
pub use endpoint::Endpoint;
pub use events::DTMF;
pub use mailbox::Mailbox;
pub use originate::Originate;
pub use playback::Playback;
pub use recording::{LiveRecording, Record, Recorded};
pub use stored_recording::StoredRecording;
pub(crate) use watch::is_end_of;

use crate::{Call, CommandError, Request, Response, Result};

/// Sends a request that makes an object, which from then on is known as the call's.
async fn make(call: &Call, kind: ObjectKind, id: &str, request: Request) -> Result<Response> {
    let (legs, objects) = (&call.dialog().legs, &call.dialog().objects);
    // Before, since its events may come before the answer.
    match kind {
        ObjectKind::Channel => legs.add(id),
        _ => objects.add(kind, id),
    }
    let result = request.await;
    if result.as_ref().is_err_and(is_refused) {
        match kind {
            ObjectKind::Channel => legs.remove(id),
            _ => objects.remove(kind, id),
        }
    }
    result
}

/// Whether what was to be made is certainly not there. With any other error it may be; a 409 says that there is one of this id,
/// or that it was asked for before.
fn is_refused(error: &CommandError) -> bool {
    // 503: nothing was sent.
    let is_no = |status: u16| matches!(status, 400..=408 | 410..=499 | 503);
    error.status().is_some_and(is_no) || error.never_left()
}

/// A time as Asterisk takes it, rounded up: 0 would mean no limit.
fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
