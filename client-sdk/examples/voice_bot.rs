//! A voice bot: Asterisk sends what the caller says to this program over a websocket and plays what comes back; here, an echo.
//!
//! ```sh
//! cargo run -p ari-client --example voice_bot -- 127.0.0.1:8787
//! ```
//!
//! Asterisk (20.15, 22.5 or later) dials that address: `[voice-bot]` in its `websocket_client.conf` has `type = websocket_client`,
//! `connection_type = per_call_config`, `uri = ws://127.0.0.1:8787/media` and `protocols = media`.

use ari_client::{Call, Outcome, Worker};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    accept_async,
    tungstenite::{self, Message},
};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8787".to_owned());
    let listener = TcpListener::bind(address).await?;
    tokio::select! {
        accepted = accept(listener) => accepted?,
        ran = Worker::from_env().await?.default_application("voice-bot").run(connect) => ran?,
    }
    Ok(())
}

/// Connects the caller with the bot: a channel like any other, which ends in the websocket.
async fn connect(call: Call) -> ari_client::Result {
    let caller = call.channel();
    caller.answer().await?;
    let Outcome::Answered(bot) = call.originate("WebSocket/voice-bot/c(ulaw)").answered().await? else {
        tracing::warn!("Asterisk cannot reach the bot");
        return caller.hangup().await;
    };
    caller.connect(&bot).await?;
    bot.hangup().await?;
    caller.hangup().await
}

async fn accept(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = speak(stream).await {
                tracing::warn!(%error, "a call's audio broke off");
            }
        });
    }
}

/// Says what it hears: here is the place for speech recognition and an answer.
async fn speak(stream: TcpStream) -> tungstenite::Result<()> {
    let mut call = accept_async(stream).await?;
    while let Some(message) = call.next().await {
        match message? {
            // 20 ms of µ-law.
            audio @ Message::Binary(_) => call.send(audio).await?,
            // MEDIA_START tells what will come, and for which channel.
            text => tracing::info!(%text, "Asterisk says"),
        }
    }
    Ok(())
}
