//! The proxy goes and another takes its place, while Asterisk keeps what it has for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    dialled_in::listen_json,
    fault_proxy::{FaultProxy, Way},
    listeners::{Heard, Listeners},
    on_both_buses,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    seed::Seed,
    tap::{disorder, written},
    wait::{DEADLINE, eventually, ok},
    worlds::fresh_application,
};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{TURN, asterisks, dials, until_dialled_in};

on_both_buses!(
    restarts_of_the_proxy_lose_nothing_that_was_read,
    a_call_that_came_while_the_proxy_was_away_is_new
);

/// Numbered events on calls that are up, while the proxy is told to stop again and again and another takes its place. What
/// Asterisk has written to the socket is counted between the two: what is missing there Asterisk has lost itself, and
/// closing this socket under load sometimes makes it crash; both are printed. Of what it has written nothing may be missing.
async fn restarts_of_the_proxy_lose_nothing_that_was_read(kind: Kind) {
    const RESTARTS: u64 = 10;
    const CALLS: usize = 10;
    const RATE: u64 = 200;
    let _turn = TURN.lock().await;
    let mut rng = Seed::take(&format!("restarts, {kind:?}")).rng();
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let tap = FaultProxy::before(port).await;
    tap.record(Way::ToServer);
    let config = listen_json(kind, &broker.url(), port, &asterisks(&["pbx"]), &application);
    let mut proxy = Running::proxy(programs!(), &config);
    let asterisk = dials(tap.port(), "pbx", &application).await;
    until_dialled_in(&asterisk, &application).await;
    let listeners = Listeners::start(broker, &application).await;
    let phones = Phones::to(Ari::from(&asterisk));
    let calls: Vec<String> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        phones.call(call).await;
    }
    let with_worker = async |restarts: u64| {
        let heard = listeners.heard();
        heard.len() == CALLS && heard.values().all(|heard| term(heard) > restarts)
    };
    eventually("all calls with the worker", async || with_worker(0).await).await;

    let stop = CancellationToken::new();
    let talk = tokio::spawn(talk(phones, application.clone(), calls.clone(), RATE, stop.clone()));
    let mut done = 0;
    while done < RESTARTS && asterisk.is_running() {
        sleep(Duration::from_millis(rng.random_range(500..1_500))).await;
        proxy.stop().await;
        sleep(Duration::from_millis(rng.random_range(0..1_000))).await;
        proxy = Running::proxy(programs!(), &config);
        done += 1;
        let until = Instant::now() + DEADLINE;
        while asterisk.is_running() && !with_worker(done).await {
            assert!(Instant::now() < until, "the calls are not the worker's again: {}", proxy.output());
            sleep(Duration::from_millis(10)).await;
        }
    }
    sleep(Duration::from_secs(1)).await;
    stop.cancel();
    let said = ok(talk.await);
    // What is on its way may take a moment, from Asterisk to the socket too.
    let until = Instant::now() + Duration::from_secs(10);
    let (written, heard) = loop {
        let (written, heard) = (written(&tap, Way::ToServer), numbers_heard(&listeners));
        if written == heard || Instant::now() >= until {
            break (written, heard);
        }
        sleep(Duration::from_millis(50)).await;
    };
    let (said_all, written_all) =
        (said.values().sum::<u64>(), written.values().map(|numbers| numbers.len() as u64).sum::<u64>());
    let disordered = written.values().filter(|numbers| disorder(numbers).is_some()).count();
    let missing = missing(&written, &heard);
    let crashed = if asterisk.is_running() { "" } else { "; then Asterisk crashed, its own" };
    println!(
        "{kind:?}: {done} restarts of the proxy: of {said_all} events Asterisk wrote {written_all} ({} lost, its own), twice or out of order on {disordered} calls; of those the worker missed {missing}{crashed}",
        said_all.saturating_sub(written_all),
    );
    assert_eq!(missing, 0, "lost by us: {}", proxy.output());
    for (channel, wrote) in &written {
        let heard = &heard[channel];
        if let Some(at) = heard.iter().zip(wrote).position(|(heard, wrote)| heard != wrote) {
            panic!(
                "{channel}: not as Asterisk wrote it: {:?}, and Asterisk wrote {:?}",
                around(heard, at),
                around(wrote, at),
            );
        }
        assert_eq!(heard.len(), wrote.len(), "{channel}");
    }
    if asterisk.is_running() {
        for call in &calls {
            Phones::to(Ari::from(&asterisk)).hang_up(call).await;
        }
        eventually("the end of every call", async || {
            listeners.heard().values().all(|heard| heard.end.is_some())
        })
        .await;
    }
    proxy.stop().await;
}

fn around(numbers: &[u64], at: usize) -> &[u64] {
    &numbers[at.saturating_sub(5)..(at + 6).min(numbers.len())]
}

/// The term of the call now.
fn term(heard: &Heard) -> u64 {
    heard.call.as_ref().map_or(0, |call| call.term())
}

/// Says numbered events until it is stopped or Asterisk has gone; returns how many of each channel Asterisk has taken.
async fn talk(
    phones: Phones,
    application: String,
    calls: Vec<String>,
    rate: u64,
    stop: CancellationToken,
) -> BTreeMap<String, u64> {
    let mut said = BTreeMap::new();
    let mut ticks = interval(Duration::from_micros(1_000_000 / rate));
    for n in 1.. {
        for call in &calls {
            ticks.tick().await;
            if phones.try_event(&application, call, n).await != Some(true) {
                return said;
            }
            said.insert(call.clone(), n);
        }
        if stop.is_cancelled() {
            break;
        }
    }
    said
}

/// The numbers that the worker has heard, by channel.
fn numbers_heard(listeners: &Listeners) -> BTreeMap<String, Vec<u64>> {
    let heard = listeners.heard().into_iter();
    heard.map(|(channel, heard)| (channel, heard.numbers().into_iter().flatten().collect())).collect()
}

/// How many of these the worker has not heard.
fn missing(written: &BTreeMap<String, Vec<u64>>, heard: &BTreeMap<String, Vec<u64>>) -> usize {
    let of = |(channel, numbers): (&String, &Vec<u64>)| {
        let heard: BTreeSet<u64> = heard.get(channel).into_iter().flatten().copied().collect();
        numbers.iter().filter(|number| !heard.contains(number)).count()
    };
    written.iter().map(of).sum()
}

/// Asterisk keeps the StasisStart until the next proxy is there: that one does not take it for a call of the last one's.
async fn a_call_that_came_while_the_proxy_was_away_is_new(kind: Kind) {
    let _turn = TURN.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let config = listen_json(kind, &broker.url(), port, &asterisks(&["pbx"]), &application);
    let proxy = Running::proxy(programs!(), &config);
    let asterisk = dials(port, "pbx", &application).await;
    until_dialled_in(&asterisk, &application).await;
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    let phones = Phones::to(Ari::from(&asterisk));
    phones.call("old").await;
    let old = desk.accept(&pool.offer().await).await;
    old.event("StasisStart").await;
    proxy.stop().await;

    phones.call("new").await;
    let begun = Instant::now();
    let proxy = Running::proxy(programs!(), &config);
    let offer = pool.offer().await;
    println!(
        "{kind:?}: {:.2?} after the start of a proxy the call that had waited was offered",
        begun.elapsed()
    );
    assert_eq!((&offer["resume"], &offer["term"]), (&Value::Null, &json!(1)), "{offer}");
    let new = desk.accept(&offer).await;
    assert_eq!(new.event("StasisStart").await.get("synthetic"), None);
    // The old one, which nobody brings, is offered when workers have had time to.
    let offer = pool.offer().await;
    assert_eq!(offer["resume"], true);
    let old = desk.accept(&offer).await;
    for call in ["old", "new"] {
        phones.hang_up(call).await;
    }
    old.event("ProxyEnded").await;
    new.event("ProxyEnded").await;
    proxy.stop().await;
}
