//! With a real Asterisk, and SIPp as the phone.

use std::time::Duration;

use ari_client::{Call, Worker};
use ari_testbed::{Asterisk, AsteriskOptions, CONTINUED, Scenario, Sipp, SippOptions, SippReport};
use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    proxies::{RunningProxy, config_json},
    wait::{eventually, ok, soon},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::decline_all;

/// What Asterisk logs in the context to which calls are sent on.
const FALLBACK: &str = "testbed: in the fallback";

/// An Asterisk, a proxy, and nobody in the pool.
struct World {
    asterisk: Asterisk,
    proxy: RunningProxy,
    broker: &'static Broker,
    application: String,
}

impl World {
    async fn new(kind: Kind, offer_deadline: &str, unanswered: Value) -> Self {
        let application = fresh_application();
        let fallback = format!(
            "[fallback]\nexten => 100,1,Verbose(0,{FALLBACK} at ${{PRIORITY}})\n \
             same => n(named),Verbose(0,{FALLBACK} at ${{PRIORITY}})\n same => n,Answer()\n same => n,Hangup()\n"
        );
        let options = AsteriskOptions::new().application(&application).extensions(&fallback);
        let asterisk = start_asterisk(options).await;
        let broker = Broker::shared(kind).await;
        let dialog = json!({"offer_deadline": offer_deadline, "unanswered": unanswered});
        let proxy = proxy(&asterisk, broker, &application, dialog).await;
        Self { asterisk, proxy, broker, application }
    }

    async fn phone(&self, scenario: &Scenario) -> SippReport {
        let report = ok(Sipp::call(&self.asterisk, scenario, &SippOptions::new()).await);
        assert!(report.all_went_well(1), "{}\n{}\n{}", report.errors, report.messages, self.asterisk.log());
        report
    }

    async fn end(self) {
        eventually("no channel in Asterisk", async || ok(self.asterisk.channels().await) == 0).await;
        self.proxy.stop().await;
    }
}

/// A proxy for one application, which is registered when this returns.
async fn proxy(asterisk: &Asterisk, broker: &Broker, application: &str, dialog: Value) -> RunningProxy {
    let mut config = config_json(&asterisk.into(), broker.kind(), &broker.url(), application, &[application]);
    config["dialog"] = dialog;
    let proxy = RunningProxy::start(&config);
    until_registered(asterisk, application).await;
    proxy
}

/// When Asterisk logged the first line that holds this text, as the time of the day.
fn logged(asterisk: &Asterisk, text: &str) -> Option<Duration> {
    let log = asterisk.log();
    let line = log.lines().find(|line| line.contains(text))?;
    // `[2026-11-20 17:13:34.872]`
    let time = line.strip_prefix('[')?.split_once(']')?.0.split_once(' ')?.1;
    let (seconds, millis) = time.split_once('.')?;
    let seconds = seconds.split(':').try_fold(0, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?))?;
    Some(Duration::from_secs(seconds) + Duration::from_millis(millis.parse().ok()?))
}

/// How long the caller was in the application, before Asterisk logged this.
fn time_in_stasis(asterisk: &Asterisk, end: &str) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (Some(began), Some(ended)) = (logged(asterisk, "Stasis(\""), logged(asterisk, end)) else {
        panic!("{end:?} is not in the log:\n{}", asterisk.log());
    };
    if ended < began { ended + DAY - began } else { ended - began }
}

/// The caller is refused with this status, and with no other.
fn refused(status: u16) -> Scenario {
    Scenario::Xml(include_str!("refused.xml").replace("STATUS", &status.to_string()))
}

pub(crate) async fn a_phone_without_a_worker_is_back_in_the_dialplan(kind: Kind) {
    let world = World::new(kind, "2s", json!({"action": "continue"})).await;
    world.phone(&Scenario::Answered).await;
    let time = time_in_stasis(&world.asterisk, CONTINUED);
    println!("{kind:?}: nobody there, offer_deadline 2 s: the caller is back in the dialplan after {time:?}");
    assert!(time >= Duration::from_secs(1), "{time:?}: a worker had its time to come");
    world.end().await;
}

pub(crate) async fn a_phone_goes_on_where_it_is_told_to(kind: Kind) {
    for (place, priority) in [
        (json!({}), 1),
        (json!({"priority": 2}), 2),
        (json!({"label": "named"}), 2),
        (json!({"label": "1"}), 1),
    ] {
        let mut unanswered = place;
        (unanswered["action"], unanswered["context"]) = ("continue".into(), "fallback".into());
        unanswered["extension"] = "100".into();
        let world = World::new(kind, "300ms", unanswered).await;
        world.phone(&Scenario::Answered).await;
        let log = world.asterisk.log();
        assert_eq!(log.contains(&format!("{FALLBACK} at 1")), priority == 1, "{log}");
        assert!(log.contains(&format!("{FALLBACK} at 2")) && !log.contains(CONTINUED), "{log}");
        world.end().await;
    }
}

pub(crate) async fn a_phone_is_hung_up_with_the_cause(kind: Kind) {
    for (unanswered, status) in [
        (json!({"action": "hangup", "reason": "busy"}), 486),
        (json!({"action": "hangup", "cause": 34}), 503),
        // Asterisk has no such label.
        (
            json!({"action": "continue", "label": "x", "then": {"action": "hangup", "reason": "unallocated"}}),
            404,
        ),
    ] {
        let world = World::new(kind, "300ms", unanswered).await;
        let report = world.phone(&refused(status)).await;
        assert!(report.messages.contains(&format!("SIP/2.0 {status} ")), "{}", report.messages);
        world.end().await;
    }
}

pub(crate) async fn a_phone_is_moved_to_another_pool(kind: Kind) {
    let other = fresh_application();
    let unanswered = json!({"action": "move", "application": other, "args": "overflow,1"});
    let world = World::new(kind, "300ms", unanswered).await;
    let others = proxy(&world.asterisk, world.broker, &other, json!({})).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).application(&other).shutdown(stop.clone());
    let worker = tokio::spawn(worker.run(async |call: Call| {
        assert_eq!(call.args(), ["overflow", "1"]);
        call.channel().answer().await?;
        call.channel().hangup().await
    }));
    // Asterisk tells the end in one application and the start in the other in either order.
    let options = SippOptions::new().calls(10);
    let report = ok(Sipp::call(&world.asterisk, &Scenario::Answered, &options).await);
    assert!(report.all_went_well(10), "{}\n{}", report.errors, world.asterisk.log());
    assert!(!world.asterisk.log().contains(CONTINUED));
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    others.stop().await;
    world.end().await;
}

pub(crate) async fn a_phone_that_cannot_be_moved_gets_what_comes_then(kind: Kind) {
    let nobody = fresh_application();
    let world = World::new(kind, "300ms", json!({"action": "move", "application": nobody})).await;
    world.phone(&Scenario::Answered).await;
    let time = time_in_stasis(&world.asterisk, CONTINUED);
    println!("{kind:?}: nobody to be moved to, offer_deadline 300 ms: back in the dialplan after {time:?}");
    world.end().await;

    let then = json!({"action": "hangup", "cause": 34});
    let unanswered = json!({"action": "move", "application": nobody, "then": then});
    let world = World::new(kind, "300ms", unanswered).await;
    world.phone(&refused(503)).await;
    world.end().await;
}

pub(crate) async fn a_phone_that_every_worker_declines_is_not_forgotten(kind: Kind) {
    let world = World::new(kind, "2s", json!({"action": "continue"})).await;
    let desk = Desk::open(world.broker.connect("a desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let mut declined = 0;
    tokio::select! {
        _ = world.phone(&Scenario::Answered) => {}
        () = decline_all(&desk, &mut pool, &mut declined) => {}
    }
    assert!(declined > 1, "it was offered again");
    let time = time_in_stasis(&world.asterisk, CONTINUED);
    println!("{kind:?}: declined {declined} times, offer_deadline 2 s: back in the dialplan after {time:?}");
    world.end().await;
}

pub(crate) async fn a_worker_that_comes_late_gets_the_next_phone(kind: Kind) {
    let world = World::new(kind, "500ms", json!({"action": "continue"})).await;
    world.phone(&Scenario::Answered).await;
    let desk = Desk::open(world.broker.connect("a desk").await).await;
    let mut pool = desk.join(&world.application).await;
    let phone = ok(Sipp::begin(&world.asterisk, &Scenario::Answered, &SippOptions::new().number("2000")));
    let offer = pool.offer().await;
    let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
    assert_eq!(
        start["channel"]["dialplan"]["exten"], "2000",
        "the first that it gets is the call that is there"
    );
    let dialog = desk.accept(&offer).await;
    let channel = format!("/channels/{}", start["channel"]["id"].as_str().unwrap_or_default());
    assert_eq!(dialog.command("POST", &format!("{channel}/answer"), json!("")).await.0, 204);
    assert_eq!(dialog.command("DELETE", &channel, json!("")).await.0, 204);
    let report = ok(phone.finish().await);
    assert!(report.all_went_well(1), "{}", report.errors);
    world.end().await;
}
