//! A menu that outlives its worker: kill it in the middle of a call, and another worker goes on where it was.
//!
//! ```sh
//! cargo run -p ari-client --example menu     # twice, in two terminals
//! ```

use ari_client::{Call, Event, Worker};
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// Wrong keys that a caller may press before the call ends.
const TRIES: u32 = 3;

/// Where in the menu a caller is: all that the next worker needs to know.
#[derive(Debug, Default, Serialize, Deserialize)]
enum Step {
    #[default]
    Welcome,
    Asking {
        wrong: u32,
    },
    Chosen(String),
    Bye,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("hello").run(menu).await?;
    Ok(())
}

async fn menu(call: Call) -> ari_client::Result {
    let channel = call.channel();
    // Keys that were pressed and not acted upon come again after a resume.
    let mut events = call.events();
    let mut step = match call.resumed() {
        Some(resumed) => resumed.state::<Step>()?.unwrap_or_default(),
        None => Step::default(),
    };
    loop {
        tracing::info!(?step, term = call.term());
        step = match step {
            Step::Welcome => {
                channel.answer().await?;
                channel.play("sound:hello-world").await?.finished().await?;
                Step::Asking { wrong: 0 }
            }
            Step::Asking { wrong: TRIES } => Step::Bye,
            Step::Asking { wrong } => {
                let question = channel.play("sound:demo-instruct").await?;
                let Some(event) = events.find(is_key).await else { return Ok(()) };
                // It may have come to its end; if anything else is wrong, the next command tells.
                let _ = question.stop().await;
                match event.text("/digit") {
                    Some(key @ ("1" | "2" | "3")) => Step::Chosen(key.to_owned()),
                    _ => Step::Asking { wrong: wrong + 1 },
                }
            }
            Step::Chosen(key) => {
                channel.play(format!("digits:{key}")).await?.finished().await?;
                Step::Bye
            }
            Step::Bye => {
                channel.play("sound:goodbye").await?.finished().await?;
                return channel.hangup().await;
            }
        };
        // From here on the next worker goes on with this. When this one is to stop, the call goes to it now.
        call.save(&step).await?;
    }
}

fn is_key(event: &Event) -> bool {
    event.kind() == "ChannelDtmfReceived"
}
