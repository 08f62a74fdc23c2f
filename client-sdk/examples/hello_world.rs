//! The first call of many tutorials: answers, plays hello-world to its end, sends DTMF, holds, takes off hold, hangs up.
//!
//! ```sh
//! cargo run -p ari-client --example hello_world
//! ```

use std::time::Duration;

use ari_client::{Call, Worker};
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

/// What a person leaves between two steps. Asterisk answers when digits and hold are queued on the channel, and a
/// hangup overtakes what still waits there.
const STEP: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("hello-world").run(greet).await?;
    Ok(())
}

async fn greet(call: Call) -> ari_client::Result {
    tracing::info!(caller = call.caller().number, dialed = call.dialed(), "a call");
    let channel = call.channel();
    channel.answer().await?;
    channel.play("sound:hello-world").await?.finished().await?;
    channel.send_dtmf("1234").await?;
    sleep(STEP).await;
    channel.hold().await?;
    sleep(STEP).await;
    channel.unhold().await?;
    sleep(STEP).await;
    channel.hangup().await
}
