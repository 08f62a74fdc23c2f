//! Callers wait in a holding bridge, with music, until one of the agents is free; who came first is served first.
//!
//! ```sh
//! cargo run -p ari-client --example queue -- PJSIP/alice PJSIP/bob
//! ```

use std::{sync::Arc, time::Duration};

use ari_client::{Call, CommandError, Outcome, Worker};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::{sync::Mutex, time::sleep};
use tracing_subscriber::EnvFilter;

/// How long an agent's phone rings before another agent is tried.
const RINGING: Duration = Duration::from_secs(15);

/// How long an agent rests after a call, taken or not.
const REST: Duration = Duration::from_secs(3);

/// The free agents of this worker. A tokio mutex is fair: who asks first gets the first that is free.
type Free = Mutex<UnboundedReceiver<String>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let (back, free) = unbounded_channel();
    for agent in std::env::args().skip(1) {
        back.send(agent)?;
    }
    let free = Arc::new(Mutex::new(free));
    let queue = move |call: Call| wait_in_line(call, Arc::clone(&free), back.clone());
    Worker::from_env().await?.default_application("queue").run(queue).await?;
    Ok(())
}

async fn wait_in_line(call: Call, free: Arc<Free>, back: UnboundedSender<String>) -> ari_client::Result {
    let caller = call.channel();
    caller.answer().await?;
    // One for all who wait. It stays when the last of them goes.
    let line = call.shared_bridge("queue", "holding").await?;
    line.add_channel(&caller).await?;
    line.start_moh().await?;
    loop {
        let agent = tokio::select! {
            agent = async { free.lock().await.recv().await } => agent,
            () = caller.ended() => None,
        };
        let Some(agent) = agent else { return Ok(()) };
        let served = serve(&call, &agent).await;
        let back = back.clone();
        tokio::spawn(async move {
            sleep(REST).await;
            back.send(agent)
        });
        if served? {
            return Ok(());
        }
    }
}

/// Rings an agent and connects the two; false if the agent does not take the call.
async fn serve(call: &Call, agent: &str) -> ari_client::Result<bool> {
    let caller = call.channel();
    let ringing = call.originate(agent).ring_for(RINGING).dial().await;
    // Such as a phone that is not registered: on with the next agent.
    let failed = |error: &CommandError| tracing::warn!(%error, agent, "an agent cannot be called");
    let Ok(ringing) = ringing.inspect_err(failed) else { return Ok(false) };
    let outcome = tokio::select! {
        outcome = ringing.outcome() => outcome?,
        () = caller.ended() => return ringing.channel().hangup().await.map(|()| true),
    };
    let Outcome::Answered(phone) = outcome else { return Ok(false) };
    caller.connect(&phone).await?;
    phone.hangup().await?;
    caller.hangup().await.map(|()| true)
}
