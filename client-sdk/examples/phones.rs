//! A telephone system without configuration files: its phones are declared here, and who dials one is connected with it.
//!
//! The dialplan may be empty; `sorcery.conf` must say where ARI may write, see `ari_client::pjsip`. To run it:
//! `cargo run -p ari-client --example phones`

use std::time::Duration;

use ari_client::{
    Call, Dialer, Event, Outcome, Worker,
    pjsip::{Config, Endpoint},
};
use tracing_subscriber::EnvFilter;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Who has a phone, and the password that it registers and calls with.
const PHONES: [(&str, &str); 2] = [("alice", "wonderland"), ("bob", "builder")];

#[tokio::main]
pub(crate) async fn main() -> Result {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    serve(Worker::from_env().await?, "phones").await
}

/// Sets up the phones, and connects their calls until the worker is told to stop.
pub(crate) async fn serve(worker: Worker, application: &str) -> Result {
    let worker = worker.application(application);
    let phones = set_up(worker.dialer(), application);
    let connecting = async { Ok(worker.run(connect).await?) };
    tokio::try_join!(phones, connecting)?;
    Ok(())
}

/// Makes Asterisk's phones those that are declared.
async fn set_up(dialer: Dialer, application: &str) -> Result {
    let phone = |id: &str, password: &str| {
        Endpoint::new(id)
            .application(application)
            .allow(["g722", "ulaw"])
            .password(password)
            .max_contacts(1)
            .set("direct_media", "no")
    };
    let phones = PHONES.iter().fold(Config::new(application), |config, (id, password)| {
        config.endpoint(phone(id, password).caller_id(format!("<{id}>")))
    });
    let session = dialer.open(application).await?;
    println!("{}", phones.apply(&session).await?);
    Ok(())
}

/// Calls the phone that was dialled, and lets the two talk until one hangs up.
async fn connect(call: Call) -> ari_client::Result {
    let caller = call.channel();
    let mut events = call.events_from_now();
    let somebody_left = |event: &Event| event.kind() == "StasisEnd";
    caller.ring().await?;
    let callee = call.originate(format!("PJSIP/{}", call.dialed())).originator(&caller);
    let callee = callee.ring_for(Duration::from_secs(30)).dial().await?;
    let outcome = tokio::select! {
        outcome = callee.outcome() => outcome?,
        _ = events.find(somebody_left) => Outcome::Cancelled,
    };
    if let Outcome::Answered(callee) = outcome {
        caller.answer().await?;
        let bridge = call.create_bridge("mixing").await?;
        bridge.add_channel(&caller).await?;
        bridge.add_channel(&callee).await?;
        events.find(somebody_left).await;
        bridge.destroy().await?;
    }
    // Whoever is still there.
    let _ = tokio::join!(caller.hangup(), callee.channel().hangup());
    Ok(())
}
