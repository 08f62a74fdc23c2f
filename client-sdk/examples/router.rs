//! Gives each call to a handler by the extension that was dialled, as a configuration file says.
//!
//! ```sh
//! cargo run -p ari-client --example router -- client-sdk/examples/routes.json
//! ```

use ari_client::{Call, Handlers, Router, Routes, Worker};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let file = std::env::args().nth(1).unwrap_or_else(|| "client-sdk/examples/routes.json".to_owned());
    let handlers = Handlers::new().with("greet", greet).with("echo", echo).with("reject", reject);
    let router = Router::from_routes(&Routes::read(file)?, &handlers)?
        // What data cannot say is said here.
        .decline(|offer| (offer.caller().number == "anonymous").then_some("an anonymous call"));
    Worker::from_env().await?.default_application("hello").run(router).await?;
    Ok(())
}

async fn greet(call: Call) -> ari_client::Result {
    let channel = call.channel();
    channel.answer().await?;
    channel.play("sound:hello-world").await?.finished().await?;
    channel.hangup().await
}

/// Says each key that the caller presses, until they hang up.
async fn echo(call: Call) -> ari_client::Result {
    let channel = call.channel();
    let mut dtmf = channel.dtmf();
    channel.answer().await?;
    loop {
        let key = dtmf.next().await?;
        channel.play(format!("digits:{key}")).await?;
    }
}

/// Turns the caller away at once, where a declined call would wait for another worker.
async fn reject(call: Call) -> ari_client::Result {
    call.channel().hangup_with("congestion").await
}
