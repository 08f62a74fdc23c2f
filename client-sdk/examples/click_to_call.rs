//! Click to call: rings the first phone, then the second, connects the two, and ends with their call.
//!
//! ```sh
//! cargo run -p ari-client --example click_to_call -- PJSIP/alice PJSIP/bob
//! ```

use std::time::Duration;

use ari_client::{Call, CommandError, Dialing, Outcome, Worker};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Both phones are in this Stasis application, which a proxy must serve; nobody needs to dial it.
const APPLICATION: &str = "click-to-call";

/// How long each phone may ring.
const RINGING: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let mut arguments = std::env::args().skip(1);
    let (Some(first), Some(second)) = (arguments.next(), arguments.next()) else {
        return Err("usage: click_to_call FIRST SECOND, such as PJSIP/alice PJSIP/bob".into());
    };
    let done = CancellationToken::new();
    let worker = Worker::from_env().await?.application(APPLICATION).shutdown(done.clone());
    let dialer = worker.dialer();
    let click = async move {
        // The worker goes when this is through, whatever came of it.
        let _done = done.drop_guard();
        let talk = |call, first| connect(call, first, second);
        dialer.call(APPLICATION, first).ring_for(RINGING).run(talk).await?.ended().await;
        Ok::<_, CommandError>(())
    };
    // Nobody calls this program; a call that another one had to leave is hung up.
    let run = worker.run(|call: Call| async move { call.channel().hangup().await });
    let (clicked, ran) = tokio::join!(click, run);
    clicked?;
    Ok(ran?)
}

async fn connect(call: Call, first: Dialing, second: String) -> ari_client::Result {
    let Outcome::Answered(alice) = first.outcome().await? else {
        tracing::warn!("the first phone was not answered");
        return Ok(());
    };
    alice.ring().await?;
    let ringing = call.originate(second).ring_for(RINGING).dial().await?;
    let outcome = tokio::select! {
        outcome = ringing.outcome() => outcome?,
        () = alice.ended() => return ringing.channel().hangup().await,
    };
    let Outcome::Answered(bob) = outcome else {
        tracing::warn!(?outcome, "the second phone was not answered");
        alice.play("sound:im-sorry").await?.finished().await?;
        return alice.hangup().await;
    };
    alice.ring_stop().await?;
    alice.connect(&bob).await?;
    alice.hangup().await?;
    bob.hangup().await
}
