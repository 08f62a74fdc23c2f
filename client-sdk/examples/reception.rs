//! A master application: asks each caller where to, and moves the call to the application that does the rest.
//!
//! ```sh
//! cargo run -p ari-client --example reception
//! ARI_WORKER_APPLICATIONS=sales cargo run -p ari-client --example hello     # who gets them: any worker of that pool
//! ```

use std::time::Duration;

use ari_client::{Call, CommandErrorKind, Worker};
use tracing_subscriber::EnvFilter;

/// How long a caller may think.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("reception").run(receive).await?;
    Ok(())
}

async fn receive(call: Call) -> ari_client::Result {
    let channel = call.channel();
    let mut dtmf = channel.dtmf();
    channel.answer().await?;
    loop {
        let question = channel.play("sound:vm-enter-num-to-call").await?;
        let key = dtmf.next_within(PATIENCE).await?;
        // It may have come to its end; if anything else is wrong, the next command tells.
        let _ = question.stop().await;
        let application = match key {
            Some('1') => "sales",
            Some('2') => "support",
            Some(_) => continue,
            None => break,
        };
        // What is given along the other application finds in `Call::args`.
        match channel.move_to(application, ["from-reception", call.caller().number.as_str()]).await {
            // No worker's proxy has that application: the caller is still here.
            Err(error) if error.kind() == CommandErrorKind::Failed => {
                tracing::warn!(%error, "a caller cannot be moved");
                channel.play("sound:all-circuits-busy-now").await?.finished().await?;
            }
            moved => return moved,
        }
    }
    channel.play("sound:vm-goodbye").await?.finished().await?;
    channel.hangup().await
}
