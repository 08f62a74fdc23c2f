//! The SDK's examples as their users run them: the compiled program with its settings in the environment, before a real Asterisk,
//! with SIPp as the phone, on both buses.

mod asterisk_16;
mod click_to_call;
mod conference;
mod echo_events;
mod hello_world;
mod menu;
mod phone;
mod queue;
mod reception;
mod router;
mod sound;
mod voice_bot;
mod voicemail;

use std::time::Duration;

use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::Kind,
    programs,
    programs::Running,
    wait::{eventually, ok},
    worlds::Real,
};
use serde_json::Value;

/// How long a call may take on a busy machine; no test asserts it.
const CALL: Duration = Duration::from_secs(120);

/// What a caller of 2000 hears is kept, in the spool's `monitor/heard-NAME.wav`; the call goes to the application as one to 1000.
const HEARD: &str = "\
exten => 2000,1,MixMonitor(all-${CALLERID(num)}.wav,t(heard-${CALLERID(num)}.wav))
 same => n,Goto(1000,1)
";

/// A real Asterisk, a proxy, a broker, and an example that has joined its pool.
struct Stage {
    world: Real<'static>,
    example: Running,
}

impl Stage {
    async fn new(kind: Kind, options: AsteriskOptions, example: &str, arguments: &[&str]) -> Self {
        let world = Real::new(kind, options).await;
        let application = world.application.clone();
        Self { example: start(&world, &application, example, arguments).await, world }
    }

    fn asterisk(&self) -> &Asterisk {
        &self.world.asterisk
    }

    /// The example ends in good order, and so does the proxy.
    async fn stop(self) {
        self.example.stop().await;
        self.world.proxy.stop().await;
    }
}

/// Starts an example for an application, and waits until it has joined the pool.
async fn start(world: &Real<'_>, application: &str, example: &str, arguments: &[&str]) -> Running {
    let settings =
        [("ARI_WORKER_BUS_URL", world.broker.url()), ("ARI_WORKER_APPLICATIONS", application.to_owned())];
    let running = Running::example(programs!(), example, arguments, &settings);
    world.broker.until_read(application).await;
    running
}

/// Waits until Asterisk's log has this, such as the sound that it plays.
async fn until_logged(asterisk: &Asterisk, text: &str) {
    until_logged_times(asterisk, text, 1).await;
}

/// Waits until Asterisk's log has this so many times.
async fn until_logged_times(asterisk: &Asterisk, text: &str, times: usize) {
    let logged = async || asterisk.log().matches(text).count() >= times;
    eventually(&format!("{text:?} in Asterisk's log"), logged).await;
}

/// A list that ARI answers with.
async fn list(asterisk: &Asterisk, path: &str) -> Vec<Value> {
    let (status, body) = ok(asterisk.ari("GET", path).await);
    assert_eq!(status, 200, "{path}: {body}");
    body.as_array().cloned().unwrap_or_default()
}

/// The other channels in the bridge of this kind in which a channel is; `None` while it is in none.
async fn others_in_bridge(asterisk: &Asterisk, kind: &str, channel: &str) -> Option<Vec<String>> {
    let bridges = list(asterisk, "/bridges").await;
    let of_kind = bridges.iter().filter(|bridge| bridge["bridge_type"] == kind);
    let mut members = of_kind.map(|bridge| -> Vec<String> {
        let ids = bridge["channels"].as_array().into_iter().flatten();
        ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
    });
    let mut found = members.find(|members| members.iter().any(|id| id == channel))?;
    found.retain(|id| id != channel);
    Some(found)
}

/// Waits until a channel talks to another one, and tells to which.
async fn until_talks(asterisk: &Asterisk, channel: &str) -> String {
    let mut other = None;
    eventually("two in a bridge", async || {
        other =
            others_in_bridge(asterisk, "mixing", channel).await.and_then(|others| others.first().cloned());
        other.is_some()
    })
    .await;
    other.unwrap_or_default()
}

/// The phone of a channel hangs up.
async fn hang_up(asterisk: &Asterisk, channel: &str) {
    let path = format!("/channels/{channel}");
    assert_eq!(ok(asterisk.ari("DELETE", &path).await).0, 204, "{path}");
}
