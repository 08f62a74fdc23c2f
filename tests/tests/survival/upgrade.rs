//! A new proxy process takes over from the one that runs, under load: workers notice nothing, whatever they are written in,
//! and if the new one dies on the way the calls are not lost.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::{
    brokers::Setup,
    crew::{ALONE, Crew},
    desk::{Desk, ari},
    listeners::{Heard, Listeners},
    on_every_bus_in_time,
    oracle::number,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    seed::Seed,
    wait::{DEADLINE, eventually, ok},
    worlds::{start_asterisk, until_registered},
};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, interval, sleep},
};

on_every_bus_in_time!(
    ten_upgrades_under_load_lose_nothing,
    a_worker_of_any_kind_notices_nothing,
    a_successor_that_dies_on_the_way_takes_no_call_along,
);

/// The variable that the commands of a call set, with their numbers.
const COMMAND: &str = "COMMAND";

struct World {
    crew: Crew,
    asterisk: Asterisk,
    phones: Phones,
    config: Value,
}

impl World {
    async fn new(setup: Setup) -> Self {
        let crew = Crew::new(setup, programs!()).await;
        let asterisk = start_asterisk(AsteriskOptions::new().application(&crew.application)).await;
        let phones = Phones::to(Ari::from(&asterisk));
        let config = crew.config_for(&Ari::from(&asterisk), &crew.broker.url());
        Self { crew, asterisk, phones, config }
    }

    async fn proxy(&self) -> Running {
        let proxy = self.crew.start_proxy(&self.config);
        until_registered(&self.asterisk, &self.crew.application).await;
        proxy
    }

    /// A new process takes over; the old one must end in good order.
    async fn upgrade(&self, old: Running) -> Running {
        let new = self.crew.start_successor(&self.config);
        let ended = old.ended(DEADLINE).await;
        let status = ended.unwrap_or_else(|error| panic!("{error}:\n{}\n{}", old.output(), new.output()));
        assert!(status.success(), "the old process ended with {status}:\n{}\n{}", old.output(), new.output());
        new
    }

    async fn hang_up_all(&self) {
        for channel in self.phones.channels().await {
            self.phones.hang_up(&channel).await;
        }
    }
}

/// Commands that set a variable on each call in turn, numbered for each from 1.
struct Commands {
    task: JoinHandle<BTreeMap<String, u64>>,
    stop: Arc<AtomicBool>,
}

impl Commands {
    fn start(heard: BTreeMap<String, Heard>, rate: f64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut ticks = interval(Duration::from_secs_f64(rate.recip()));
            for n in 1.. {
                for (channel, heard) in &heard {
                    ticks.tick().await;
                    let Some(call) = &heard.call else { continue };
                    if let Err(error) = call.channel().set_variable(COMMAND, n.to_string()).await {
                        panic!("command {n} of {channel}: {error}");
                    }
                }
                if stopped.load(Ordering::SeqCst) {
                    return heard.into_keys().map(|channel| (channel, n)).collect();
                }
            }
            BTreeMap::new()
        });
        Self { task, stop }
    }

    /// Stops them; returns how many each call had.
    async fn stop(self) -> BTreeMap<String, u64> {
        self.stop.store(true, Ordering::SeqCst);
        ok(self.task.await)
    }
}

/// The numbers of the commands that Asterisk has run, in its order, as its own events tell.
fn run(heard: &Heard) -> Vec<u64> {
    let set = heard.events.iter().filter(|event| event.kind() == "ChannelVarset");
    let ours = set.map(ari_client::Event::json).filter(|event| event["variable"] == COMMAND);
    ours.filter_map(|event| event["value"].as_str()?.parse().ok()).collect()
}

async fn ten_upgrades_under_load_lose_nothing(setup: Setup) {
    const CALLS: usize = 100;
    const UPGRADES: usize = 10;
    let _alone = ALONE.lock().await;
    let world = World::new(setup).await;
    let mut proxy = world.proxy().await;
    let listeners = Listeners::start(&world.crew.broker, &world.crew.application).await;
    let calls: Vec<String> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        world.phones.call(call).await;
    }
    eventually("all calls with the worker", async || listeners.heard().len() == CALLS).await;
    let commands = Commands::start(listeners.heard(), 100.0);
    let talk = world.phones.talk(&world.crew.application, &calls, 1_000.0);
    let begun = Instant::now();
    let mut took = Vec::new();
    for upgrade in 1..=UPGRADES {
        sleep(Duration::from_millis(300)).await;
        // Some calls come in the middle of it.
        world.phones.call(&format!("new-{upgrade}")).await;
        let since = Instant::now();
        proxy = world.upgrade(proxy).await;
        took.push(since.elapsed());
    }
    eventually("the calls that came meanwhile", async || listeners.heard().len() == CALLS + UPGRADES).await;
    let seconds = begun.elapsed().as_secs_f64();
    let (sent, commanded) = (talk.stop().await, commands.stop().await);
    // Asterisk may tell a hangup before events of before it.
    let last = |heard: &Heard| heard.numbers().last().copied().flatten();
    let all = async || sent.iter().all(|(channel, sent)| last(&listeners.of(channel)) >= Some(*sent));
    eventually("the last event of every call", all).await;
    world.hang_up_all().await;
    let ended = async || listeners.heard().values().all(|heard| heard.end.is_some());
    eventually("the end of every call", ended).await;
    let heard = listeners.heard();
    for (channel, sent) in &sent {
        let missing = heard[channel].missing(*sent);
        assert_eq!(missing, Ok(0), "{channel}");
        assert_eq!(heard[channel].count("ProxyGap"), 0, "{channel}: no gap");
        assert_eq!(run(&heard[channel]), (1..=commanded[channel]).collect::<Vec<_>>(), "{channel}");
    }
    assert!(heard.values().all(|heard| heard.terms == [1]), "nobody's call was offered again");
    let (events, commands) = (sent.values().sum::<u64>(), commanded.values().sum::<u64>());
    println!(
        "{setup:?}: {UPGRADES} upgrades with {CALLS} calls, {:.0} events and {:.0} commands a second: {events} events, 0 lost, doubled or out of order; {commands} commands, each run once; the longest upgrade took {:.2?} from the new process's start to the old one's end",
        num(events) / seconds,
        num(commands) / seconds,
        took.iter().max().copied().unwrap_or_default()
    );
    listeners.stop().await;
    proxy.stop().await;
}

fn num(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// It sends no heartbeats and knows the topics of the first process alone.
async fn a_worker_of_any_kind_notices_nothing(setup: Setup) {
    let world = World::new(setup).await;
    let mut proxy = world.proxy().await;
    let desk = Desk::open(world.crew.broker.connect("desk").await).await;
    let mut pool = desk.join(&world.crew.application).await;
    world.phones.call("call").await;
    let offer = pool.offer().await;
    let dialog = desk.accept(&offer).await;
    dialog.event("StasisStart").await;
    world.phones.call("offered").await;
    let offered = pool.offer().await;
    let mut numbers = Vec::new();
    for round in 1..=3 {
        proxy = world.upgrade(proxy).await;
        assert!(world.phones.event(&world.crew.application, "call", round).await);
        let heard = || dialog.events().iter().filter_map(|event| number(&ari(event))).collect::<Vec<_>>();
        eventually("the event of this round", async || heard().len() >= usize::try_from(round).unwrap_or(0))
            .await;
        numbers = heard();
        assert_eq!(
            dialog.command("POST", "/channels/call/variable?variable=A&value=1", json!({})).await.0,
            204
        );
    }
    assert_eq!(numbers, [1, 2, 3]);
    let (seqs, terms): (Vec<_>, Vec<_>) =
        dialog.events().iter().map(|event| (event["seq"].as_u64(), event["term"].as_u64())).unzip();
    assert!(seqs.iter().copied().eq((1..=seqs.len() as u64).map(Some)), "{seqs:?}");
    assert!(terms.iter().all(|term| *term == Some(1)), "{terms:?}");
    // An offer of the first process can still be accepted.
    let second = desk.accept(&offered).await;
    second.event("StasisStart").await;
    assert_eq!(second.command("POST", "/channels/offered/answer", json!({})).await.0, 204);
    world.hang_up_all().await;
    dialog.event("ProxyEnded").await;
    second.event("ProxyEnded").await;
    proxy.stop().await;
}

async fn a_successor_that_dies_on_the_way_takes_no_call_along(setup: Setup) {
    const ROUNDS: usize = 8;
    let _alone = ALONE.lock().await;
    let mut rng = Seed::take(&format!("dying successors, {setup:?}")).rng();
    let world = World::new(setup).await;
    let mut proxy = world.proxy().await;
    let listeners = Listeners::start(&world.crew.broker, &world.crew.application).await;
    let calls: Vec<String> = (1..=10).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        world.phones.call(call).await;
    }
    eventually("all calls with the worker", async || listeners.heard().len() == calls.len()).await;
    let talk = world.phones.talk(&world.crew.application, &calls, 200.0);
    let mut too_late = 0;
    for _ in 0..ROUNDS {
        let new = world.crew.start_successor(&world.config);
        sleep(Duration::from_millis(rng.random_range(0..700))).await;
        ok(new.kill().await);
        // It may have had everything already.
        sleep(Duration::from_millis(500)).await;
        if ok(proxy.status()).is_some() {
            too_late += 1;
            proxy = world.crew.start_proxy(&world.config);
        }
        for (channel, heard) in listeners.heard() {
            let Some(call) = heard.call else { panic!("{channel} has no worker") };
            let controls = async || call.channel().set_variable("STILL", "1").await.is_ok();
            eventually("a command of its own worker", controls).await;
        }
    }
    let sent = talk.stop().await;
    world.hang_up_all().await;
    let ended = async || listeners.heard().values().all(|heard| heard.end.is_some());
    eventually("the end of every call", ended).await;
    let heard = listeners.heard();
    let mut missed = 0;
    for (channel, sent) in &sent {
        missed += heard[channel].missing(*sent).unwrap_or_else(|problem| panic!("{channel}: {problem}"));
        assert_eq!(heard[channel].terms.len(), 1, "{channel} stayed with its handler");
    }
    println!(
        "{setup:?}: {ROUNDS} successors were killed on the way, {too_late} of them after they had taken over: every call stayed with its worker; {missed} of {} events were missed, all in gaps that were told",
        sent.values().sum::<u64>()
    );
    listeners.stop().await;
    proxy.stop().await;
}
