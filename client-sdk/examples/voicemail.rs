//! Takes a message after the beep, plays it back, and lets the caller keep it (1), hear it again (2) or say it anew (3).
//!
//! ```sh
//! cargo run -p ari-client --example voicemail
//! ```

use std::time::Duration;

use ari_client::{Call, Channel, Recorded, Result, Worker};
use tracing_subscriber::EnvFilter;

/// The longest message.
const LONGEST: Duration = Duration::from_secs(120);

/// How long a caller may think. Who says nothing more wants to keep the message.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("voicemail").run(voicemail).await?;
    Ok(())
}

async fn voicemail(call: Call) -> Result {
    let channel = call.channel();
    channel.answer().await?;
    channel.play("sound:vm-intro").await?.finished().await?;
    loop {
        // Asterisk keeps it in its spool, under this name.
        let name = format!("voicemail-{}-{}", call.dialed(), channel.id());
        let recording = channel
            .record(name)
            .beep()
            .max_duration(LONGEST)
            .terminate_on("#")
            .if_exists("overwrite")
            .await?;
        // Who hangs up instead of pressing # has left a message too.
        let message = recording.finished().await?;
        tracing::info!(message.name, seconds = message.duration, caller = call.caller().number, "a message");
        if is_kept(&channel, &message).await? {
            break;
        }
    }
    channel.play("sound:vm-msgsaved").await?.finished().await?;
    channel.play("sound:vm-goodbye").await?.finished().await?;
    channel.hangup().await
}

/// Plays it back and asks what is to become of it.
async fn is_kept(channel: &Channel, message: &Recorded) -> Result<bool> {
    // From now on: the # that ended the recording is not an answer.
    let mut dtmf = channel.dtmf();
    channel.play(message.media()).await?.finished().await?;
    loop {
        let question = channel.play("sound:vm-review").await?;
        let key = dtmf.next_within(PATIENCE).await?;
        // It may have come to its end; if anything else is wrong, the next command tells.
        let _ = question.stop().await;
        match key {
            Some('1') | None => return Ok(true),
            Some('2') => channel.play(message.media()).await?.finished().await?,
            Some('3') => return Ok(false),
            Some(_) => {}
        }
    }
}
