//! A menu by DTMF that outlives its worker: kill it in the middle of a call, and another worker goes on where it was.
//!
//! ```sh
//! cargo run -p ari-client --example menu     # twice, in two terminals
//! ```

use std::time::Duration;

use ari_client::{Call, Worker};
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// How often a caller may press a wrong key, or none, before the call ends.
const TRIES: u32 = 3;

/// How long a caller may think.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where in the menu a caller is: all that the next worker needs to know.
#[derive(Debug, Default, Serialize, Deserialize)]
enum Step {
    #[default]
    Welcome,
    Asking {
        wrong: u32,
    },
    Chosen(char),
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
    // Before the first prompt: a caller who knows the menu presses early.
    let mut dtmf = channel.dtmf();
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
                let key = dtmf.next_within(PATIENCE).await?;
                // It may have come to its end; if anything else is wrong, the next command tells.
                let _ = question.stop().await;
                match key {
                    Some(key @ '1'..='3') => Step::Chosen(key),
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
