//! Two proxies for one Asterisk: one acts, the other stands by and takes its place when it dies, or stands still.

use std::{sync::Arc, time::Duration};

use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::{Broker, Setup},
    crew::Crew,
    desk::{Desk, ari},
    listeners::Listeners,
    on_a_bus,
    oracle::number,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    wait::{eventually, ok, soon},
    worlds::{start_asterisk, until_registered},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// What decides which of them acts.
#[derive(Debug, Clone, Copy)]
enum Judge {
    /// NATS alone: they ask each other.
    Nats,
    /// A key of NATS's JetStream.
    Jetstream,
    /// An exclusive queue of RabbitMQ.
    Rabbitmq,
}

on_a_bus!(
    nats,
    super::Judge::Nats,
    the_standby_takes_the_place_of_one_that_dies,
    one_that_stood_still_does_nothing_any_more,
    of_many_that_start_at_once_one_acts
);
on_a_bus!(
    jetstream,
    super::Judge::Jetstream,
    the_standby_takes_the_place_of_one_that_dies,
    one_that_stood_still_does_nothing_any_more,
    of_many_that_start_at_once_one_acts
);
on_a_bus!(
    rabbitmq,
    super::Judge::Rabbitmq,
    the_standby_takes_the_place_of_one_that_dies,
    one_that_stood_still_does_nothing_any_more,
    of_many_that_start_at_once_one_acts
);

struct World {
    crew: Crew,
    asterisk: Asterisk,
    phones: Phones,
    config: Value,
}

impl World {
    async fn new(judge: Judge) -> Self {
        let crew = match judge {
            Judge::Nats => Crew::new(Setup::Nats, programs!()).await,
            Judge::Jetstream => Crew::on(Broker::start_jetstream().await, Setup::Nats, programs!()),
            Judge::Rabbitmq => Crew::new(Setup::Dedicated, programs!()).await,
        };
        let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
        let phones = Phones::to(Ari::from(&asterisk));
        let config = crew.config_for(&Ari::from(&asterisk), &crew.broker.url());
        Self { crew, asterisk, phones, config }
    }

    /// One that acts, and one that stands by.
    async fn pair(&self) -> (Running, Running) {
        let acts = self.crew.start_proxy(&self.config);
        until_registered(&self.asterisk, &self.crew.application).await;
        let stands_by = self.crew.start_proxy(&self.config);
        until_said(&stands_by, STANDS_BY).await;
        (acts, stands_by)
    }

    async fn hang_up_all(&self) {
        for channel in self.phones.channels().await {
            self.phones.hang_up(&channel).await;
        }
    }
}

/// What a proxy says that stands by.
const STANDS_BY: &str = "this one stands by";

async fn until_said(proxy: &Running, text: &str) {
    eventually(text, async || proxy.output().contains(text)).await;
}

async fn the_standby_takes_the_place_of_one_that_dies(judge: Judge) {
    const CALLS: usize = 20;
    let world = World::new(judge).await;
    let (acts, stands_by) = world.pair().await;
    let listeners = Listeners::start(&world.crew.broker, &world.crew.application).await;
    let calls: Vec<String> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        world.phones.call(call).await;
    }
    eventually("all calls with the worker", async || listeners.heard().len() == CALLS).await;
    let talk = world.phones.talk(&world.crew.application, &calls, 200.0);
    sleep(Duration::from_millis(500)).await;
    ok(acts.kill().await);
    let since = Instant::now();
    let standing = listeners.heard().into_values().filter_map(|heard| heard.call);
    let controlled = join_all(standing.map(|call| async move {
        let set = async || call.channel().set_variable("AGAIN", "1").await.is_ok();
        eventually("a command of its own worker", set).await;
        since.elapsed()
    }));
    // Calls are tried until one is taken: while nobody has the application they go on in the dialplan.
    let next = async {
        let mut number = 0;
        loop {
            number += 1;
            let id = format!("next-{number}");
            world.phones.call(&id).await;
            sleep(Duration::from_millis(200)).await;
            if listeners.heard().contains_key(&id) {
                return since.elapsed();
            }
        }
    };
    let (controlled, next) = tokio::join!(controlled, soon("the next call", next));
    println!(
        "{judge:?}: {next:.2?} after the death of the one that acted the next call was served by the other, after {:.2?} all {CALLS} standing ones",
        controlled.iter().max().copied().unwrap_or_default()
    );
    let sent = talk.stop().await;
    world.hang_up_all().await;
    let ended = async || listeners.heard().values().all(|heard| heard.end.is_some());
    eventually("the end of every call", ended).await;
    let heard = listeners.heard();
    for (channel, sent) in &sent {
        let heard = &heard[channel];
        assert_eq!(heard.terms.len(), 1, "{channel} stayed with its handler");
        heard.missing(*sent).unwrap_or_else(|problem| panic!("{channel}: {problem}"));
        assert_eq!(heard.count("ProxyGap"), 1, "{channel}: the gap is told once");
    }
    listeners.stop().await;
    stands_by.stop().await;
}

async fn one_that_stood_still_does_nothing_any_more(judge: Judge) {
    let world = World::new(judge).await;
    let (stood, stands_by) = world.pair().await;
    let bus = world.crew.broker.connect("desk").await;
    let desk = Desk::open(Arc::clone(&bus)).await;
    let mut pool = desk.join(&world.crew.application).await;
    world.phones.call("call").await;
    let first = desk.accept(&pool.offer().await).await;
    first.event("StasisStart").await;
    ok(stood.pause().await);
    let late = |n: u64| {
        let url = format!("/channels/call/variable?variable=LATE&value={n}");
        json!({ "unique_id": format!("late-{n}"), "method": "POST", "url": url, "body": "" })
    };
    for n in 1..=3 {
        first.send(&late(n)).await;
    }
    // The other one has the call now: nobody brought it, so it is offered.
    let offer = pool.offer().await;
    assert_eq!(offer["resume"], true);
    let second = desk.accept(&offer).await;
    second.event("ProxyGap").await;
    ok(stood.resume());
    // To a topic that may not be there any more.
    for n in 4..=6 {
        let _ = bus.publish(&first.commands_topic, late(n).to_string().into()).await;
    }
    until_said(&stood, STANDS_BY).await;
    for n in 7..=9 {
        let _ = bus.publish(&first.commands_topic, late(n).to_string().into()).await;
    }
    assert_eq!(second.command("POST", "/channels/call/answer", json!({})).await.0, 204);
    assert!(world.phones.event(&world.crew.application, "call", 1).await);
    let heard = || second.events().iter().filter_map(|event| number(&ari(event))).collect::<Vec<_>>();
    eventually("an event at the one that acts", async || heard() == [1]).await;
    let (status, body) = ok(world.asterisk.ari("GET", "/channels/call/variable?variable=LATE").await);
    assert_eq!(status, 404, "a command of the one that stood still reached Asterisk: {body:?}");
    assert!(first.answers().iter().all(|answer| answer["unique_id"] == "accept"), "{:?}", first.answers());
    world.hang_up_all().await;
    second.event("ProxyEnded").await;
    println!(
        "{judge:?}: of 9 commands to one that stood still, before, while and after it found out, none reached Asterisk"
    );
    // It takes its place again when it is its turn.
    stands_by.stop().await;
    until_registered(&world.asterisk, &world.crew.application).await;
    world.phones.call("later").await;
    let later = desk.accept(&soon("an offer of the first", pool.offer()).await).await;
    later.event("StasisStart").await;
    world.hang_up_all().await;
    later.event("ProxyEnded").await;
    stood.stop().await;
}

async fn of_many_that_start_at_once_one_acts(judge: Judge) {
    let world = World::new(judge).await;
    let mut proxies: Vec<Running> = (0..4).map(|_| world.crew.start_proxy(&world.config)).collect();
    let standing_by =
        |proxies: &[Running]| proxies.iter().filter(|proxy| proxy.output().contains(STANDS_BY)).count();
    eventually("three that stand by", async || standing_by(&proxies) == 3).await;
    until_registered(&world.asterisk, &world.crew.application).await;
    let desk = Desk::open(world.crew.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.crew.application).await;
    world.phones.call("call").await;
    pool.offer().await;
    let acts = proxies.iter().position(|proxy| !proxy.output().contains(STANDS_BY));
    let acts = proxies.remove(acts.unwrap_or_else(|| panic!("none acts")));
    // It is told to stop: another takes its place, and no two.
    acts.stop().await;
    let taken = async || proxies.iter().filter(|proxy| proxy.output().contains("acts now")).count() == 1;
    eventually("one of the others that acts", taken).await;
    sleep(Duration::from_secs(2)).await;
    assert!(taken().await, "one alone acts");
    world.hang_up_all().await;
    join_all(proxies.into_iter().map(Running::stop)).await;
}
