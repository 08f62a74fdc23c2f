//! Prints a live log of all calls from the event stream on NATS. The proxy's configuration has `"stream": {"channels": true}`.
//!
//! ```sh
//! cargo run -p ari-client --example call_log_nats -- nats://127.0.0.1:4222
//! ```

mod call_log;

use call_log::CallLog;
use futures_util::StreamExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "nats://127.0.0.1:4222".to_owned());
    let bus = async_nats::connect(url).await?;
    // One word for each channel's id, whose dots are escaped.
    let mut messages = bus.subscribe("stasis.channel.*").await?;
    bus.flush().await?;
    println!("listening for calls");
    let mut log = CallLog::default();
    while let Some(message) = messages.next().await {
        log.note(&message.payload);
    }
    Ok(())
}
