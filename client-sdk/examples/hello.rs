//! Answers each call, plays a greeting to its end and hangs up.
//!
//! ```sh
//! cargo run -p ari-client --example hello
//! ```

use ari_client::{Call, Worker};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env()
        .await?
        .default_application("hello")
        .run(|call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            channel.hangup().await
        })
        .await?;
    Ok(())
}
