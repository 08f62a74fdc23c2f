//! What a busy stream costs the dialogs: the way from StasisStart to a worker, without stream events, with 10,000 a second, and
//! with as many of a bare publisher, which is the floor.

use std::{
    fmt,
    future::ready,
    sync::Arc,
    time::{Duration, Instant},
};

use ari_tests::{
    brokers::Setup,
    crew::{ALONE, Crew},
    desk::Desk,
    figures::Durations,
    on_a_bus, programs,
    wait::{ok, soon},
    worlds::{start_simulator, until_connected},
};
use asterisk_sim::{LoadCall, LoadPlan, Simulator};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    readers::Reader,
    writers::{Event, Writer},
};

on_a_bus!(
    nats,
    ari_tests::brokers::Setup::Nats,
    #[ignore = "takes minutes: tests/run --long"]
    dialogs_feel_little_of_a_busy_stream
);
on_a_bus!(
    rabbitmq,
    ari_tests::brokers::Setup::Shared,
    #[ignore = "takes minutes: tests/run --long"]
    dialogs_feel_little_of_a_busy_stream
);

/// How long each rate is kept up.
const ROUND: Duration = Duration::from_secs(4);

/// Events that are for the stream alone, a second.
const EVENTS: u32 = 10_000;

/// How often each is measured.
const TURNS: u32 = 4;

/// The application of the proxy's websocket for all channels.
const CHANNELS: &str = "ari-proxy-stream-pbx";

/// How often so many of them are sent as are due.
const TICK: Duration = Duration::from_millis(5);

/// Where the rate of dialogs begins; each further one is half as much again.
const FIRST_RATE: f64 = 50.0;

/// What the last calls of a round may take longer than half as much again as the first: queues that do not grow differ that
/// much by chance.
const HARDLY: Duration = Duration::from_millis(1);

/// When callers hang up.
const PATIENCE: Duration = Duration::from_millis(200);

/// After calls that came too late: how long no more may come until the rest of them is worked off.
const QUIET: Duration = Duration::from_millis(500);

/// More than any machine of today takes.
const LAST_RATE: f64 = 20_000.0;

struct Bench {
    crew: Crew,
    simulator: Arc<Simulator>,
    desk: Desk,
    pool: ari_tests::desk::Pool,
}

async fn dialogs_feel_little_of_a_busy_stream(setup: Setup) {
    let _alone = ALONE.lock().await;
    let crew = Crew::new(setup, programs!()).await;
    let simulator = Arc::new(start_simulator().await);
    let mut config = crew.config_for(&(&*simulator).into(), &crew.broker.url());
    config["stream"] = json!({"channels": true});
    config["dialog"] = json!({"linger": "100ms"});
    let keys: &[&str] = if setup == Setup::Nats { &["stasis.>"] } else { &["stasis.#"] };
    // It reads all; what it kept of millions would cost the dialogs, too.
    let reader = Reader::apart(&crew.broker, keys, "Noise").await;
    let proxy = crew.start_proxy(&config);
    until_connected(&simulator, &crew.application).await;
    until_connected(&simulator, CHANNELS).await;
    let desk = Desk::open(crew.broker.connect("speed").await).await;
    let pool = desk.join(&crew.application).await;
    let mut bench = Bench { crew, simulator, desk, pool };

    let mut sustained = FIRST_RATE;
    let mut rate = FIRST_RATE;
    while rate < LAST_RATE && bench.round(rate).await.1 {
        (sustained, rate) = (rate, rate * 1.5);
    }
    println!("{setup:?}: {sustained:.0} dialogs/s are sustained");
    let bare = Arc::new(Writer::of(&bench.crew.broker).await);
    let read = bench.compare(sustained / 2.0, &bare, 0).await;
    println!("{setup:?}, all events read: {read}");
    let all = read.sent + read.written;
    let published = reader.until("every event", |messages| messages.len() as u64 >= all).await;
    assert_eq!(published.len() as u64, all, "each once");
    drop((reader, published));
    let unread = bench.compare(sustained / 2.0, &bare, read.written).await;
    println!("{setup:?}, nobody reads the events: {unread}");
    proxy.stop().await;
}

/// What calls at one rate take to a worker.
struct Compared {
    rate: f64,
    without: Durations,
    /// With the stream beside, and how many events it had.
    with: Durations,
    sent: u64,
    /// With as many of a bare publisher, which is the floor, and how many it published.
    floor: Durations,
    written: u64,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, without, with, sent, floor, written } = self;
        let median = |ways: &Durations| ways.quantile(0.5).as_secs_f64();
        let change = |ways: &Durations| (median(ways) / median(without) - 1.0) * 100.0;
        let took = (ROUND + PATIENCE).as_secs_f64() * f64::from(TURNS);
        let a_second = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took;
        write!(f, "at {rate:.0} dialogs/s StasisStart to worker: {without};")?;
        write!(
            f,
            "\n  beside {:.0} stream events/s: {with}; the median changes by {:+.0} %;",
            a_second(*sent),
            change(with)
        )?;
        write!(
            f,
            "\n  beside {:.0} messages/s of a bare publisher instead: {floor}; the median changes by {:+.0} %",
            a_second(*written),
            change(floor)
        )
    }
}

impl Bench {
    /// Calls without anything else, with the stream, and with a bare publisher whose first message has this number. In turn: what
    /// else the machine does meets all.
    async fn compare(&mut self, rate: f64, bare: &Arc<Writer>, first: u64) -> Compared {
        let (mut without, mut with, mut floor) = <(Durations, Durations, Durations)>::default();
        let (mut sent, mut written) = (0, 0);
        for _ in 0..TURNS {
            without.extend(self.round(rate).await.0);
            let noise = Noise::of_asterisk(self);
            with.extend(self.round(rate).await.0);
            sent += noise.stop().await;
            let noise = Noise::of_a_writer(bare, first + written);
            floor.extend(self.round(rate).await.0);
            written += noise.stop().await;
        }
        Compared { rate, without, with, sent, floor, written }
    }

    /// Calls at this rate, each of which is accepted at once: how long each took to reach the worker, and whether the
    /// queues on the way did not grow: all came while there were calls, the last ones hardly later than the first.
    async fn round(&mut self, rate: f64) -> (Durations, bool) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let calls = (rate * ROUND.as_secs_f64()) as u64;
        let plan = LoadPlan {
            application: self.crew.application.clone(),
            rate,
            calls,
            hang_up_after: Some(PATIENCE),
            ..LoadPlan::default()
        };
        let ended = self.simulator.load(plan).wait_ended();
        let Self { desk, pool, .. } = self;
        let (came, report) = pool.accept_all(desk, soon("the end of all calls", ended)).await;
        let way = |call: &LoadCall| {
            came.get(&call.channel_id).map_or(PATIENCE, |at| at.saturating_duration_since(call.at))
        };
        let ways: Vec<Duration> = report.calls.iter().map(way).collect();
        let quarter = ways.len() / 4;
        let median = |ways: &[Duration]| Durations::from_iter(ways.iter().copied()).quantile(0.5);
        let (first, last) = (median(&ways[..quarter]), median(&ways[ways.len() - quarter..]));
        let late = report.calls.iter().filter(|call| !came.contains_key(&call.channel_id)).count();
        let sustained = late == 0 && last < first + first / 2 + HARDLY;
        println!(
            "{rate:.0} dialogs/s: first {first:.2?}, last {last:.2?}, {late} too late: sustained {sustained}"
        );
        if late > 0 {
            // What is left of them is not the next round's.
            while !pool.accept_all(desk, sleep(QUIET)).await.0.is_empty() {}
        }
        (ways.into_iter().collect(), sustained)
    }
}

/// Events that no dialog has. Of those that Asterisk tells, half come on the websocket of the dialogs.
struct Noise {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<u64>,
}

impl Noise {
    /// What Asterisk tells, and the proxy publishes.
    fn of_asterisk(bench: &Bench) -> Self {
        let (simulator, application) = (Arc::clone(&bench.simulator), bench.crew.application.clone());
        let frames = [event(&application), event(CHANNELS)];
        Self::start(0, move |_, events| {
            let pairs = events.div_ceil(2);
            for _ in 0..pairs {
                assert!(simulator.send_raw(&application, &frames[0]));
                assert!(simulator.send_raw(CHANNELS, &frames[1]));
            }
            ready(pairs * 2)
        })
    }

    /// As many of the same messages, without Asterisk and without the proxy: what the broker and the reader cost.
    fn of_a_writer(writer: &Arc<Writer>, first: u64) -> Self {
        let writer = Arc::clone(writer);
        let body = format!(r#"{{"name":"Noise","data":{}}}"#, event(CHANNELS));
        let headers = [("name", "Noise"), ("category", "stasis")];
        let event = Arc::new(Event { key: "stasis.channel.1700000000", headers, body });
        Self::start(first, move |next, events| {
            let (writer, event) = (Arc::clone(&writer), Arc::clone(&event));
            async move {
                writer.publish(&event, next, events).await;
                events
            }
        })
    }

    /// Has as many sent as are due, from the number `first` on, until it is stopped.
    fn start<F: Future<Output = u64> + Send>(
        first: u64,
        send: impl Fn(u64, u64) -> F + Send + 'static,
    ) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let (mut ticks, began, mut sent) = (interval(TICK), Instant::now(), 0_u64);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            while !stopped.is_cancelled() {
                ticks.tick().await;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let due = (began.elapsed().as_secs_f64() * f64::from(EVENTS)) as u64;
                if due > sent {
                    sent += send(first + sent, due - sent).await;
                }
            }
            sent
        });
        Self { stop, task }
    }

    async fn stop(self) -> u64 {
        self.stop.cancel();
        ok(self.task.await)
    }
}

/// An event that no dialog has.
fn event(application: &str) -> String {
    let channel = json!({"id": "1700000000.1", "name": "PJSIP/noise-00000001", "state": "Up", "filler": "x".repeat(500)});
    json!({"type": "Noise", "application": application, "timestamp": "2026-11-20T17:13:34.872+0000", "channel": channel})
        .to_string()
}
