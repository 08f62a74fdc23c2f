//! A call outlives its worker in a real Asterisk too: the events are user events with numbers, and what was carried out
//! Asterisk tells a witness.

use std::time::Duration;

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::Setup,
    crew::{ALONE, Crew},
    handlers::Handler,
    on_every_bus,
    oracle::{Gaps, judge},
    programs,
    proxies::Ari,
    wait::{DEADLINE, eventually, ok},
    witness::Witness,
    worlds::{start_asterisk, until_registered},
};
use serde_json::json;
use tokio::time::{sleep, timeout};

on_every_bus!(calls_in_a_real_asterisk_outlive_their_worker);

const CALLS: usize = 10;
const EVENTS: u64 = 40;
/// Between the events of a call.
const PAUSE: Duration = Duration::from_millis(100);

async fn calls_in_a_real_asterisk_outlive_their_worker(setup: Setup) {
    let _alone = ALONE.lock().await;
    let crew = Crew::new(setup, programs!()).await;
    let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
    let ari = Ari::from(&asterisk);
    let witness = Witness::of(&ari).await;
    let proxy = crew.start_proxy(&crew.config_for(&ari, &crew.broker.url()));
    until_registered(&asterisk, &crew.application).await;
    let workers = crew.workers(2, Handler::Signs).await;
    let channels: Vec<_> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for channel in &channels {
        // One end waits for an hour, the other dials the application.
        let query = "endpoint=Local/park@default&context=default&extension=1000&priority=1";
        let (status, body) = ari.post(&format!("/channels?{query}&channelId={channel}"), &json!({})).await;
        assert_eq!(status, 200, "{body:?}");
    }
    eventually("all calls with workers", async || crew.owners().len() == CALLS).await;
    let lost = crew.calls_of("w1").len();
    for n in 1..=EVENTS {
        if n == EVENTS / 2 {
            ok(workers[0].kill().await);
        }
        for channel in &channels {
            let path = format!("/events/user/load?application={}&source=channel:{channel}", crew.application);
            let last = (n == EVENTS).to_string();
            let body = json!({"variables": {"n": n.to_string(), "last": last}});
            let (status, body) = ari.post(&path, &body).await;
            assert_eq!(status, 204, "{body:?}");
        }
        sleep(PAUSE).await;
    }
    // Those that do not end are in the findings.
    let _ = timeout(DEADLINE, async {
        while channels.iter().any(|channel| witness.seen(channel).end.is_none()) {
            sleep(PAUSE).await;
        }
    })
    .await;
    let seen: Vec<_> = channels.iter().map(|channel| (channel.clone(), witness.seen(channel))).collect();
    let calls = seen.iter().map(|(channel, seen)| (channel.clone(), EVENTS, seen.end.clone()));
    let of = |channel: &str| {
        let found = seen.iter().find(|(name, _)| name == channel);
        found.map_or(&[][..], |(_, seen)| &seen.requests)
    };
    let findings = judge(&crew.records(calls, of), Gaps::None);
    println!("{setup:?}: {lost} calls lost their worker; {findings}");
    findings.must_be_clean();
    assert!(lost > 0, "the killed worker had calls");
    let [_, other] = <[_; 2]>::try_from(workers).unwrap_or_else(|_| unreachable!("there are two"));
    other.stop().await;
    proxy.stop().await;
}
