//! Typed operations: thin handles, every one of which goes through [`Call::command`](crate::Call::command).

mod bridge;
mod channel;
mod originate;
mod playback;
mod recording;
mod watch;

pub use bridge::Bridge;
pub use channel::Channel;
pub use originate::Originate;
pub use playback::Playback;
pub use recording::{LiveRecording, Record, Recorded};
pub(crate) use watch::is_end_of;

/// A time as Asterisk takes it, rounded up: 0 would mean no limit.
fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
