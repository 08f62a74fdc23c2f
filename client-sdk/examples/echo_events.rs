//! Prints every event of every call, and lets the dialplan go on with it.
//!
//! ```sh
//! cargo run -p ari-client --example echo_events
//! ```

use ari_client::{Call, Worker};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("hello").run(echo).await?;
    Ok(())
}

async fn echo(call: Call) -> ari_client::Result {
    let mut events = call.events();
    call.channel().continue_in_dialplan().await?;
    while let Some(event) = events.next().await {
        let seq = event.seq().unwrap_or_default();
        println!("{} {seq:>3} {:<24} {}", call.dialog_id(), event.kind(), event.body());
    }
    println!("{} {:?}", call.dialog_id(), events.end());
    Ok(())
}
