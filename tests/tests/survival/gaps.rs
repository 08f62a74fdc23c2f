//! Asterisk's websocket fails in every way, and Asterisk itself: what is missed is told, every call ends for its worker, and
//! the link comes back.

use std::{collections::BTreeMap, time::Duration};

use ari_client::{CallEnd, CommandErrorKind};
use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    crew::ALONE,
    fault_proxy::{Cut, FaultProxy, Way},
    listeners::{Heard, Listeners},
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy},
    seed::Seed,
    wait::{eventually, ok, soon},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use rand::{Rng as _, RngExt as _, rngs::StdRng};
use tokio::time::{Instant, sleep};

on_both_buses!(
    the_websocket_is_cut_a_hundred_times_under_load,
    a_socket_that_goes_silent_is_replaced,
    asterisk_is_killed_while_calls_are_up,
    two_other_programs_fight_for_the_application,
);

/// A real Asterisk whose events come over a network of the test's own; its REST interface is reached directly.
struct World {
    asterisk: Asterisk,
    network: FaultProxy,
    phones: Phones,
    proxy: RunningProxy,
    listeners: Listeners,
    application: String,
}

impl World {
    async fn new(kind: Kind) -> Self {
        let (broker, application) = (Broker::shared(kind).await, fresh_application());
        let asterisk = start_asterisk(AsteriskOptions::new().application(&application)).await;
        let ari = Ari::from(&asterisk);
        let (network, websocket_url) = FaultProxy::before_url(&ari.websocket_url).await;
        let behind = Ari { websocket_url, ..ari.clone() };
        let proxy = RunningProxy::between(behind, broker, &application, &application);
        until_registered(&asterisk, &application).await;
        let listeners = Listeners::start(broker, &application).await;
        Self { asterisk, network, phones: Phones::to(ari), proxy, listeners, application }
    }

    /// Calls that are up, with a handler each.
    async fn calls(&self, calls: usize) -> Vec<String> {
        let ids: Vec<String> = (1..=calls).map(|number| format!("call-{number}")).collect();
        for id in &ids {
            self.phones.call(id).await;
        }
        eventually("all calls with the worker", async || self.listeners.heard().len() >= calls).await;
        ids
    }

    /// Waits until each call has ended for its worker.
    async fn until_all_ended(&self) -> BTreeMap<String, Heard> {
        eventually("the end of every call", async || {
            self.listeners.heard().values().all(|heard| heard.end.is_some())
        })
        .await;
        self.listeners.heard()
    }

    async fn stop(self) {
        self.listeners.stop().await;
        self.proxy.stop().await;
    }
}

async fn the_websocket_is_cut_a_hundred_times_under_load(kind: Kind) {
    const CUTS: usize = 100;
    let _alone = ALONE.lock().await;
    let seed = Seed::take(&format!("cuts, {kind:?}"));
    let mut rng = seed.rng();
    let world = World::new(kind).await;
    let lasting = world.calls(10).await;
    let talk = world.phones.talk(&world.application, &lasting, 200.0);
    let others = tokio::spawn(come_and_go(world.phones.clone(), seed.rng()));
    for cut in 1..=CUTS {
        sleep(Duration::from_millis(rng.random_range(0..200))).await;
        world.network.cut(if rng.random() { Cut::Clean } else { Cut::Reset }).await;
        // At random while the socket is away, too.
        if rng.random_ratio(1, 4) {
            world.network.refuse(true).await;
            sleep(Duration::from_millis(rng.random_range(0..300))).await;
            world.network.refuse(false).await;
        }
        eventually("the gap, told to every call", async || {
            lasting.iter().all(|call| world.listeners.of(call).count("ProxyGap") == cut)
        })
        .await;
    }
    others.abort();
    let sent = talk.stop().await;
    for channel in world.phones.channels().await {
        world.phones.hang_up(&channel).await;
    }
    let heard = world.until_all_ended().await;
    let mut missed = 0;
    for (channel, sent) in &sent {
        missed += heard[channel].missing(*sent).unwrap_or_else(|problem| panic!("{channel}: {problem}"));
    }
    let synthetic =
        heard.values().flat_map(|heard| &heard.events).filter(|event| event.is_synthetic()).count();
    let (events, calls) = (sent.values().sum::<u64>(), heard.len());
    println!(
        "{kind:?}: {CUTS} cuts: {calls} calls, all ended; of {events} numbered events {missed} were missed, all in gaps that were told; {synthetic} stand-ins"
    );
    assert!(heard.values().all(|heard| heard.end == Some(CallEnd::Ended)), "none was lost to another");
    world.stop().await;
}

/// Calls that are hung up at random moments.
async fn come_and_go(phones: Phones, mut rng: StdRng) {
    for number in 0.. {
        let (id, lasts) = (format!("short-{number}"), Duration::from_millis(rng.next_u64() % 2_000));
        let phones = phones.clone();
        tokio::spawn(async move {
            phones.call(&id).await;
            sleep(lasts).await;
            phones.hang_up(&id).await;
        });
        sleep(Duration::from_millis(rng.next_u64() % 400)).await;
    }
}

async fn a_socket_that_goes_silent_is_replaced(kind: Kind) {
    let world = World::new(kind).await;
    let calls = world.calls(3).await;
    let since = Instant::now();
    world.network.halve(Way::Both);
    world.phones.hang_up(&calls[0]).await;
    eventually("the gap, told to every call", async || {
        calls.iter().all(|call| world.listeners.of(call).count("ProxyGap") == 1)
    })
    .await;
    println!("{kind:?}: the silent socket was replaced after {:.1?}", since.elapsed());
    eventually("the end that was missed", async || world.listeners.of(&calls[0]).end.is_some()).await;
    assert_eq!(world.listeners.of(&calls[1]).end, None);
    assert!(world.phones.event(&world.application, &calls[1], 1).await);
    eventually("an event on the new socket", async || {
        world.listeners.of(&calls[1]).numbers() == [None, Some(1)]
    })
    .await;
    for call in &calls {
        world.phones.hang_up(call).await;
    }
    world.until_all_ended().await;
    world.stop().await;
}

async fn asterisk_is_killed_while_calls_are_up(kind: Kind) {
    let world = World::new(kind).await;
    let calls = world.calls(20).await;
    ok(world.asterisk.kill().await);
    let call = world.listeners.of(&calls[0]).call.unwrap_or_else(|| panic!("it has a handler"));
    let begun = Instant::now();
    let mut quick = None;
    eventually("a command that is refused because Asterisk is away", async || {
        let begun = Instant::now();
        let error = call.channel().answer().await.err();
        let refused = error.is_some_and(|error| {
            error.kind() == CommandErrorKind::Unavailable && error.status() == Some(503)
        });
        quick = refused.then(|| begun.elapsed());
        refused
    })
    .await;
    println!(
        "{kind:?}: {:.1?} after the kill a command was refused within {:.1?}",
        begun.elapsed(),
        quick.unwrap_or_default()
    );
    ok(world.asterisk.start_again().await);
    let heard = world.until_all_ended().await;
    for (channel, heard) in &heard {
        let kinds: Vec<(&str, bool)> = heard
            .events
            .iter()
            .map(|event| (event.kind(), event.is_synthetic()))
            .skip_while(|(kind, _)| *kind != "ProxyGap")
            .collect();
        assert_eq!(
            kinds,
            [("ProxyGap", false), ("StasisEnd", true), ("ChannelDestroyed", true)],
            "{channel}"
        );
    }
    until_registered(&world.asterisk, &world.application).await;
    world.phones.call("next").await;
    eventually("the next call", async || world.listeners.of("next").call.is_some()).await;
    let next = world.listeners.of("next").call.unwrap_or_else(|| panic!("it has a handler"));
    assert!(soon("an answer", next.channel().answer()).await.is_ok());
    world.phones.hang_up("next").await;
    world.until_all_ended().await;
    world.stop().await;
}

async fn two_other_programs_fight_for_the_application(kind: Kind) {
    const FIGHTS: usize = 20;
    let world = World::new(kind).await;
    let calls = world.calls(3).await;
    let connections = world.network.taken();
    let mut fighters = Vec::new();
    for _ in 0..FIGHTS {
        // Each takes it from the one before, which stays, like a program that has not noticed.
        fighters.push(rival(&world.asterisk, &world.application).await);
        sleep(Duration::from_millis(100)).await;
    }
    world.phones.hang_up(&calls[0]).await;
    eventually("the end of a call of which no event comes", async || {
        world.listeners.of(&calls[0]).end.is_some()
    })
    .await;
    let heard = world.listeners.of(&calls[0]).events;
    assert!(heard.iter().any(|event| event.kind() == "ChannelDestroyed" && event.is_synthetic()));
    assert_eq!(world.network.taken(), connections, "the proxy does not fight");
    // Commands still reach Asterisk.
    let call = world.listeners.of(&calls[1]).call.unwrap_or_else(|| panic!("it has a handler"));
    ok(soon("an answer", call.channel().answer()).await);

    world.proxy.take_back.notify_one();
    eventually("the gap, told to the calls", async || {
        calls[1..].iter().all(|call| world.listeners.of(call).count("ProxyGap") == 1)
    })
    .await;
    assert!(world.phones.event(&world.application, &calls[1], 1).await);
    eventually("an event", async || world.listeners.of(&calls[1]).numbers() == [None, Some(1)]).await;

    // Once more; this time nobody says anything, and in the end the application is nobody's.
    fighters.push(rival(&world.asterisk, &world.application).await);
    drop(fighters);
    for call in &calls {
        world.phones.hang_up(call).await;
    }
    world.until_all_ended().await;
    let begun = Instant::now();
    let mut number = 0;
    eventually("a call that the worker gets again", async || {
        number += 1;
        let id = format!("again-{number}");
        world.phones.call(&id).await;
        sleep(Duration::from_millis(500)).await;
        world.phones.hang_up(&id).await;
        world.listeners.of(&id).call.is_some()
    })
    .await;
    println!("{kind:?}: {:.1?} after the last call the application was taken back", begun.elapsed());
    world.until_all_ended().await;
    world.stop().await;
}

/// A websocket that another program has, until it is dropped.
async fn rival(asterisk: &Asterisk, application: &str) -> impl Sized {
    let Ari { websocket_url, user, password, .. } = Ari::from(asterisk);
    let url = format!("{websocket_url}?app={application}&api_key={user}:{password}");
    ok(soon("a socket", Box::pin(tokio_tungstenite::connect_async(url))).await).0
}
