//! Real Asterisks dial in to the proxy: one for each server's place, through restarts of the proxy, with TLS, and those who
//! may not come.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    time::Duration,
};

use ari_client::Worker;
use ari_testbed::{Asterisk, Root, Scenario, Sipp, SippOptions, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, ari},
    dialled_in::{Dials, listen_json},
    fault_proxy::FaultProxy,
    listeners::{Heard, Listeners},
    on_both_buses,
    oracle::number,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    seed::Seed,
    tap::texts,
    wait::{DEADLINE, eventually, ok, soon},
    whole_call::whole_call,
    worlds::{fresh_application, start_asterisk, until_registered},
};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, interval, sleep},
};
use tokio_util::sync::CancellationToken;

on_both_buses!(
    a_phone_call_through_an_asterisk_that_dials_in,
    equal_calls_of_two_asterisks_never_cross,
    restarts_of_the_proxy_lose_nothing_that_was_read,
    a_call_that_came_while_the_proxy_was_away_is_new,
    only_who_may_come_is_let_in,
);

/// Restarts load the machine: one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

fn asterisks(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"server_id": name, "password": format!("secret of {name}")})).collect()
}

/// Starts an Asterisk that dials a port on this machine under this name.
async fn dials(port: u16, name: &str, application: &str) -> Asterisk {
    let (uri, password) = (format!("ws://127.0.0.1:{port}/ari"), format!("secret of {name}"));
    let dials = Dials { uri: &uri, username: Some(name), password: &password, more: "" };
    start_asterisk(dials.options(application)).await
}

async fn a_phone_call_through_an_asterisk_that_dials_in(kind: Kind) {
    let _alone = ALONE.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let config = listen_json(kind, &broker.url(), port, &asterisks(&["pbx"]), &application);
    let proxy = Running::proxy(programs!(), &config);
    let asterisk = dials(port, "pbx", &application).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(broker.url()).await).application(&application);
    let run = worker.shutdown(stop.clone()).run(whole_call);
    let worker = tokio::spawn(async move { ok(run.await) });
    broker.until_read_by(&application, 1).await;
    until_dialled_in(&asterisk, &application).await;
    let report = ok(Sipp::call(&asterisk, &Scenario::HoldAndDtmf, &SippOptions::new()).await);
    assert!(report.all_went_well(1), "{}\n{}\n{}", report.errors, asterisk.log(), proxy.output());
    assert!(report.messages.contains("Signal=1"), "the digit reached the phone: {}", report.messages);
    eventually("no channel in Asterisk", async || ok(asterisk.channels().await) == 0).await;
    stop.cancel();
    ok(soon("the worker's end", worker).await);
    proxy.stop().await;
}

/// Waits until Asterisk has its websocket to the proxy.
async fn until_dialled_in(asterisk: &Asterisk, application: &str) {
    until_registered(asterisk, application).await;
    eventually("the connection", async || asterisk.log().contains("Outbound websocket connected")).await;
}

/// The same application, the same ids: what tells them apart is who dialled.
async fn equal_calls_of_two_asterisks_never_cross(kind: Kind) {
    const CALLS: u64 = 20;
    const EVENTS: u64 = 25;
    let _alone = ALONE.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let names = ["pbx-1", "pbx-2"];
    let config = listen_json(kind, &broker.url(), port, &asterisks(&names), &application);
    let proxy = Running::proxy(programs!(), &config);
    let servers = [dials(port, names[0], &application).await, dials(port, names[1], &application).await];
    for server in &servers {
        until_dialled_in(server, &application).await;
    }
    let phones = servers.each_ref().map(|server| Phones::to(Ari::from(server)));
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    let mut dialogs = BTreeMap::new();
    for number in 1..=CALLS {
        let channel = format!("call-{number}");
        for phones in &phones {
            phones.call(&channel).await;
        }
        for _ in &phones {
            let offer = pool.offer().await;
            let server = offer["server_id"].as_str().unwrap_or_default().to_owned();
            let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
            assert_eq!(start["channel"]["id"], *channel);
            let dialog = desk.accept(&offer).await;
            assert!(dialogs.insert((server, channel.clone()), dialog).is_none(), "each offers it once");
        }
    }
    for (server, phones) in phones.iter().enumerate() {
        for n in 1..=EVENTS {
            for number in 1..=CALLS {
                let n = u64::try_from(server).unwrap_or(0) * 1_000 + n;
                assert!(phones.event(&application, &format!("call-{number}"), n).await);
            }
        }
    }
    for (server, name) in names.iter().enumerate() {
        let first = u64::try_from(server).unwrap_or(0) * 1_000;
        for number in 1..=CALLS {
            let channel = format!("call-{number}");
            let dialog = &dialogs[&((*name).to_owned(), channel.clone())];
            let numbers = || dialog.events().iter().filter_map(|event| number_of(event)).collect::<Vec<_>>();
            eventually("its own events", async || numbers().len() as u64 == EVENTS).await;
            assert_eq!(numbers(), (first + 1..=first + EVENTS).collect::<Vec<_>>(), "{name} {channel}");
            // Commands go where the call is.
            let set = format!("/channels/{channel}/variable?variable=WHO&value={name}");
            assert_eq!(dialog.command("POST", &set, json!(null)).await.0, 204);
        }
    }
    for (server, name) in servers.iter().zip(names) {
        for number in 1..=CALLS {
            let path = format!("/channels/call-{number}/variable?variable=WHO");
            assert_eq!(ok(server.ari("GET", &path).await).1["value"], name);
        }
    }
    // The end of one is not the end of the other.
    let dialog = |server: usize, number: u64| &dialogs[&(names[server].to_owned(), format!("call-{number}"))];
    for number in 1..=CALLS {
        phones[0].hang_up(&format!("call-{number}")).await;
    }
    for number in 1..=CALLS {
        dialog(0, number).event("ProxyEnded").await;
        let answer = format!("/channels/call-{number}/answer");
        assert_eq!(dialog(1, number).command("POST", &answer, json!(null)).await.0, 204);
        assert!(dialog(1, number).events().iter().all(|event| event["type"] != "StasisEnd"));
        phones[1].hang_up(&format!("call-{number}")).await;
    }
    for number in 1..=CALLS {
        dialog(1, number).event("ProxyEnded").await;
    }
    println!("{kind:?}: {} calls of two Asterisks, equal in pairs, none crossed", 2 * CALLS);
    proxy.stop().await;
}

fn number_of(event: &Value) -> Option<u64> {
    number(&ari(event))
}

/// Numbered events on calls that are up, while the proxy is told to stop again and again and another takes its place. What
/// Asterisk has written to the socket is counted between the two: what is missing there Asterisk has lost itself, and
/// closing this socket under load sometimes makes it crash; both are printed. Of what it has written nothing may be missing.
async fn restarts_of_the_proxy_lose_nothing_that_was_read(kind: Kind) {
    const RESTARTS: u64 = 10;
    const CALLS: usize = 10;
    const RATE: u64 = 200;
    let _alone = ALONE.lock().await;
    let mut rng = Seed::take(&format!("restarts, {kind:?}")).rng();
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let tap = FaultProxy::before(port).await;
    tap.record();
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
    let written = || written(&tap);
    // What is on its way may take a moment.
    let missing = || missing(&written(), &listeners.heard());
    let until = Instant::now() + Duration::from_secs(10);
    while missing() > 0 && Instant::now() < until {
        sleep(Duration::from_millis(50)).await;
    }
    let written = written();
    let (said_all, written_all) =
        (said.values().sum::<u64>(), written.values().map(|numbers| numbers.len() as u64).sum::<u64>());
    let crashed = if asterisk.is_running() { "" } else { "; then Asterisk crashed, its own" };
    println!(
        "{kind:?}: {done} restarts of the proxy: of {said_all} events Asterisk wrote {written_all} ({} lost, its own), of those the worker missed {}{crashed}",
        said_all.saturating_sub(written_all),
        missing(),
    );
    assert_eq!(missing(), 0, "lost by us: {}", proxy.output());
    for (channel, heard) in listeners.heard() {
        assert!(
            heard.numbers().into_iter().flatten().is_sorted_by(|a, b| a < b),
            "{channel}: twice, or out of order"
        );
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

/// The numbers that Asterisk has written to the proxy, by channel.
fn written(tap: &FaultProxy) -> BTreeMap<String, BTreeSet<u64>> {
    let mut written = BTreeMap::<String, BTreeSet<u64>>::new();
    for text in tap.recorded().iter().flat_map(|bytes| texts(bytes)) {
        let event: Value = serde_json::from_str(&text).unwrap_or_default();
        if let (Some(n), Some(channel)) = (number(&event), event["channel"]["id"].as_str()) {
            written.entry(channel.to_owned()).or_default().insert(n);
        }
    }
    written
}

/// How many of these the worker has not heard.
fn missing(written: &BTreeMap<String, BTreeSet<u64>>, heard: &BTreeMap<String, Heard>) -> usize {
    let of = |(channel, numbers): (&String, &BTreeSet<u64>)| {
        let heard: BTreeSet<u64> =
            heard.get(channel).into_iter().flat_map(|heard| heard.numbers()).flatten().collect();
        numbers.difference(&heard).count()
    };
    written.iter().map(of).sum()
}

/// Asterisk keeps the StasisStart until the next proxy is there: that one does not take it for a call of the last one's.
async fn a_call_that_came_while_the_proxy_was_away_is_new(kind: Kind) {
    let _alone = ALONE.lock().await;
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

/// An authority, a server for 127.0.0.1 and localhost, a client `pbx`, and one of that name from somebody else. Made for this test and good
/// for nothing else; the authorities' own keys were thrown away.
macro_rules! pem {
    ($name:literal) => {
        ($name, include_str!(concat!("dial_in/tls/", $name)))
    };
}

const PEMS: [(&str, &str); 7] = [
    pem!("authority.pem"),
    pem!("server.pem"),
    pem!("server.key"),
    pem!("pbx.pem"),
    pem!("pbx.key"),
    pem!("stranger.pem"),
    pem!("stranger.key"),
];

/// The files, in the root folder that Asterisk sees.
struct Files {
    folder: PathBuf,
    inside: String,
}

impl Files {
    fn new() -> Self {
        let root = ok(Root::prepare());
        let inside = format!("/tmp/{}", fresh_application());
        let folder = root.path().join(inside.trim_start_matches('/'));
        ok(fs::create_dir_all(&folder));
        for (name, text) in PEMS {
            ok(fs::write(folder.join(name), text));
        }
        Self { folder, inside }
    }

    fn outside(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// By password and by certificate, over TLS that Asterisk checks; and nobody else, with one line of the log for each.
async fn only_who_may_come_is_let_in(kind: Kind) {
    let _alone = ALONE.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let files = Files::new();
    let known = json!([{"server_id": "pbx"}, {"server_id": "with-password", "password": "s3cret"}]);
    let mut config = listen_json(kind, &broker.url(), port, &known, &application);
    config["websocket_listen"]["tls"] = json!({
        "certificate": files.outside("server.pem"), "key": files.outside("server.key"), "client_ca": files.outside("authority.pem"),
    });
    let proxy = Running::proxy(programs!(), &config);
    let uri = format!("wss://localhost:{port}/ari");
    let tls = format!("tls_enabled = yes\nca_list_file = {}/authority.pem\n", files.inside);
    let with = |certificate: &str| {
        format!(
            "{tls}cert_file = {0}/{certificate}.pem\npriv_key_file = {0}/{certificate}.key\n",
            files.inside
        )
    };
    let start = async |username, password, more: &str| {
        start_asterisk(Dials { uri: &uri, username, password, more }.options(&application)).await
    };

    let refused = async |what: &str, asterisk: Asterisk| {
        eventually(what, async || proxy.output().contains(what)).await;
        assert!(!asterisk.log().contains("Outbound websocket connected"), "{what}");
    };
    refused("the password of \"with-password\" is wrong", start(Some("with-password"), "guess", &tls).await)
        .await;
    refused("\"nobody\" is not in `websocket_listen.asterisks`", start(Some("nobody"), "s3cret", &tls).await)
        .await;
    refused(
        "\"pbx\" has no password here and shows no certificate",
        start(Some("pbx"), "s3cret", &tls).await,
    )
    .await;
    refused("invalid peer certificate", start(None, "", &with("stranger")).await).await;
    let refusals = proxy.output();
    let refusals: Vec<&str> = refusals.lines().filter(|line| line.contains("was refused")).collect();
    assert_eq!(refusals.len(), 4, "each is said once: {refusals:#?}");

    let asterisks = [start(Some("with-password"), "s3cret", &tls).await, start(None, "", &with("pbx")).await];
    let desk = Desk::open(broker.connect("desk").await).await;
    let mut pool = desk.join(&application).await;
    for (asterisk, name) in asterisks.iter().zip(["with-password", "pbx"]) {
        until_dialled_in(asterisk, &application).await;
        Phones::to(Ari::from(asterisk)).call("call").await;
        let offer = pool.offer().await;
        assert_eq!(offer["server_id"], name);
        let dialog = desk.accept(&offer).await;
        assert_eq!(dialog.command("POST", "/channels/call/answer", json!(null)).await.0, 204);
        assert_eq!(dialog.command("DELETE", "/channels/call", json!(null)).await.0, 204);
        dialog.event("ProxyEnded").await;
    }
    proxy.stop().await;
}
