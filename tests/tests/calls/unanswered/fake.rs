//! With the fake Asterisk, where requests can be lost and events be late.

use std::{sync::Arc, time::Duration};

use ari_proxy::Metric;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Owned, ari},
    proxies::{RunningProxy, config_json},
    wait::{eventually, ok, soon},
    worlds::{fresh_application, until_connected, until_ended},
};
use asterisk_sim::{Call, CallEnd, MoveOrder, RestFault, Simulator, SimulatorOptions};
use serde_json::{Value, json};

use super::decline_all;

/// A proxy for two applications, and nobody in their pools.
struct World {
    simulator: Simulator,
    proxy: RunningProxy,
    broker: &'static Broker,
    application: String,
    other: String,
}

impl World {
    /// With this in `dialog`; what it says of `OTHER` is meant for the other application.
    async fn new(kind: Kind, dialog: Value) -> Self {
        let (application, other) = (fresh_application(), fresh_application());
        let options = SimulatorOptions {
            write_timeout: None,
            move_order: MoveOrder::Alternating,
            ..SimulatorOptions::default()
        };
        let simulator = ok(Simulator::start(options).await);
        let broker = Broker::shared(kind).await;
        let applications = [&*application, &*other];
        let mut config = config_json(&(&simulator).into(), kind, &broker.url(), &application, &applications);
        config["dialog"] = ok(serde_json::from_str(&dialog.to_string().replace("OTHER", &other)));
        config["asterisk"] = json!({"command_timeout": "1s"});
        let proxy = RunningProxy::start(&config);
        until_connected(&simulator, &application).await;
        until_connected(&simulator, &other).await;
        Self { simulator, proxy, broker, application, other }
    }

    fn call(&self) -> Call {
        self.simulator.call(&self.application).place()
    }

    async fn desk(&self) -> Desk {
        Desk::open(self.broker.connect("a desk").await).await
    }

    fn requests(&self) -> [usize; 3] {
        requests(&self.simulator)
    }

    /// Stops the proxy, which finishes what is in flight; then nothing is asked for any more.
    async fn stop(self) -> [usize; 3] {
        let Self { simulator, proxy, .. } = self;
        proxy.stop().await;
        requests(&simulator)
    }
}

/// How often Asterisk was asked to move, to continue and to hang up.
fn requests(simulator: &Simulator) -> [usize; 3] {
    [("POST", "*/move"), ("POST", "*/continue"), ("DELETE", "/channels/*")]
        .map(|(method, path)| simulator.count_requests(method, path))
}

fn continued(context: &str, extension: &str, priority: i64) -> CallEnd {
    CallEnd::Continued { context: context.to_owned(), extension: extension.to_owned(), priority }
}

pub(crate) async fn a_caller_whom_nobody_takes_goes_on_in_the_dialplan(kind: Kind) {
    let world = World::new(kind, json!({"offer_deadline": "1s"})).await;
    let call = world.call();
    assert_eq!(until_ended(&call).await, continued("", "", 0));
    assert_eq!(world.requests(), [0, 1, 0]);
    eventually("it is counted", async || world.proxy.metrics.get(Metric::DialogsUnwanted) == 1).await;
    world.stop().await;
}

pub(crate) async fn a_call_goes_on_where_it_is_told_to(kind: Kind) {
    for (place, end) in [
        (json!({"context": "sales"}), continued("sales", "", 1)),
        (json!({"extension": "100"}), continued("", "100", 1)),
        (
            json!({"context": "sales & co", "extension": "+49", "priority": 3}),
            continued("sales & co", "+49", 3),
        ),
        (json!({"extension": "100", "label": "4"}), continued("", "100", 4)),
    ] {
        let mut unanswered = place;
        unanswered["action"] = "continue".into();
        let world = World::new(kind, json!({"offer_deadline": "200ms", "unanswered": unanswered})).await;
        assert_eq!(until_ended(&world.call()).await, end);
        world.stop().await;
    }
}

pub(crate) async fn a_label_that_is_not_there_is_no_call_that_is_gone(kind: Kind) {
    let then = json!({"action": "continue", "context": "sales"});
    let unanswered = json!({"action": "continue", "label": "nowhere", "then": then});
    let world = World::new(kind, json!({"offer_deadline": "200ms", "unanswered": unanswered})).await;
    assert_eq!(until_ended(&world.call()).await, continued("sales", "", 1));
    assert_eq!(world.requests(), [0, 2, 0]);
    world.stop().await;
}

pub(crate) async fn workers_that_decline_everything_leave_the_caller_hung_up_as_configured(kind: Kind) {
    let unanswered = json!({"action": "hangup", "reason": "congestion"});
    let world = World::new(kind, json!({"offer_deadline": "2s", "unanswered": unanswered})).await;
    let desk = world.desk().await;
    let mut pool = desk.join(&world.application).await;
    let (call, mut declined) = (world.call(), 0);
    tokio::select! {
        end = until_ended(&call) => assert_eq!(end, CallEnd::HungUpByAri { cause: 34 }),
        () = decline_all(&desk, &mut pool, &mut declined) => {}
    }
    assert!(declined > 1, "it was offered again");
    assert_eq!(world.requests(), [0, 0, 1]);
    world.stop().await;
}

pub(crate) async fn a_call_is_moved_to_another_pool_and_never_back(kind: Kind) {
    let then = json!({"action": "move", "application": "OTHER", "args": "overflow,1"});
    let world = World::new(kind, json!({"offer_deadline": "1s", "unanswered": then})).await;
    let desk = world.desk().await;
    // Asterisk tells the start in the new application before the end in the old one, and the other way round.
    let mut pool = desk.join(&world.other).await;
    for _ in 0..2 {
        let call = world.call();
        let offer = pool.offer().await;
        let dialog = desk.accept(&offer).await;
        let start = ari(&dialog.event("StasisStart").await);
        assert_eq!(
            (&start["channel"]["id"], &start["args"]),
            (&json!(call.channel_id()), &json!(["overflow", "1"]))
        );
        let url = format!("/channels/{}", call.channel_id());
        assert_eq!(dialog.command("POST", &format!("{url}/answer"), json!("")).await.0, 204);
        assert_eq!(dialog.command("DELETE", &url, json!("")).await.0, 204);
        dialog.event("ProxyEnded").await;
    }
    assert_eq!(world.requests(), [2, 0, 2]);
    // Nobody there either: it was moved there, what follows that comes next.
    drop(pool);
    assert_eq!(until_ended(&world.call()).await, continued("", "", 0));
    assert_eq!(world.requests(), [3, 1, 2]);
    // Nobody moved this one, and it is where the move leads.
    let call = world.simulator.call(&world.other).place();
    assert_eq!(until_ended(&call).await, continued("", "", 0));
    assert_eq!(world.requests(), [3, 2, 2]);
    world.stop().await;
}

pub(crate) async fn a_move_to_nobody_is_followed_by_what_comes_then(kind: Kind) {
    let nobody = fresh_application();
    for (then, end) in [
        (None, continued("", "", 0)),
        (Some(json!({"action": "hangup", "cause": 19})), CallEnd::HungUpByAri { cause: 19 }),
    ] {
        let mut unanswered = json!({"action": "move", "application": nobody});
        if let Some(then) = then {
            unanswered["then"] = then;
        }
        let world = World::new(kind, json!({"offer_deadline": "200ms", "unanswered": unanswered})).await;
        assert_eq!(until_ended(&world.call()).await, end);
        assert_eq!(world.requests().iter().sum::<usize>(), 2, "the move, and one thing after it");
        let asked = world.simulator.count_requests("GET", &format!("/applications/{nobody}"));
        assert_eq!(asked, 0, "Asterisk's event said so");
        world.stop().await;
    }
}

pub(crate) async fn a_move_without_an_answer_is_not_done_twice(kind: Kind) {
    let unanswered = json!({"action": "move", "application": "OTHER"});
    let world = World::new(kind, json!({"offer_deadline": "1s", "unanswered": unanswered})).await;
    world.simulator.faults().add(RestFault::on("POST", "*/move").silence().acted_upon());
    let desk = world.desk().await;
    let mut pool = desk.join(&world.other).await;
    let call = world.call();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;
    // The first application's dialog is through with it: a stop finishes what is in flight.
    assert_eq!(world.stop().await, [1, 0, 0]);
    assert_eq!(call.state().end, None);
}

pub(crate) async fn a_move_that_was_never_heard_is_asked_for_again(kind: Kind) {
    let unanswered = json!({"action": "move", "application": "OTHER", "then": {"action": "hangup"}});
    let world = World::new(kind, json!({"offer_deadline": "1s", "unanswered": unanswered})).await;
    world.simulator.faults().add(RestFault::on("POST", "*/move").silence().times(1));
    let call = world.call();
    assert!(soon("the other application", call.wait_in(&world.other)).await);
    assert_eq!(world.requests(), [2, 0, 0], "while nobody knows, nobody is hung up");
    // Where it is now nobody takes it either.
    assert_eq!(until_ended(&call).await, CallEnd::HungUpByAri { cause: 16 });
    world.stop().await;
}

pub(crate) async fn a_move_whose_events_are_late_is_asked_for(kind: Kind) {
    let unanswered = json!({"action": "move", "application": "OTHER"});
    let world = World::new(kind, json!({"offer_deadline": "1s", "unanswered": unanswered})).await;
    let hesitates = RestFault::on("POST", "*/move").hesitate(Duration::from_millis(200));
    world.simulator.faults().add(hesitates);
    let desk = world.desk().await;
    let mut pool = desk.join(&world.other).await;
    let call = world.call();
    soon("the move", world.simulator.wait_for_requests("POST", "*/move", 1)).await;
    world.simulator.faults().stall_websockets(None);
    let asked = world.simulator.wait_for_requests("GET", "/applications/*", 1);
    soon("a question", asked).await;
    world.simulator.faults().resume_websockets();
    let dialog = desk.accept(&pool.offer().await).await;
    assert_eq!(ari(&dialog.event("StasisStart").await)["channel"]["id"], call.channel_id());
    assert_eq!(world.stop().await, [1, 0, 0]);
}

pub(crate) async fn a_caller_who_hangs_up_during_a_move_is_looked_for_once(kind: Kind) {
    let unanswered = json!({"action": "move", "application": "OTHER"});
    let world = World::new(kind, json!({"offer_deadline": "1s", "unanswered": unanswered})).await;
    let hesitates = RestFault::on("POST", "*/move").hesitate(Duration::from_millis(200));
    world.simulator.faults().add(hesitates);
    let call = world.call();
    soon("the move", world.simulator.wait_for_requests("POST", "*/move", 1)).await;
    world.simulator.faults().stall_websockets(None);
    assert!(soon("the other application", call.wait_in(&world.other)).await);
    call.hangup();
    soon("both questions", world.simulator.wait_for_requests("GET", "/applications/*", 2)).await;
    world.simulator.faults().resume_websockets();
    assert_eq!(world.stop().await, [1, 0, 0]);
}

pub(crate) async fn a_leg_that_rings_when_nobody_takes_the_call_is_hung_up(kind: Kind) {
    let world = World::new(kind, json!({"offer_deadline": "1s"})).await;
    let desk = world.desk().await;
    let mut pool = desk.join(&world.application).await;
    let caller = world.call();
    let called_in = desk.accept(&pool.offer().await).await;
    called_in.event("StasisStart").await;
    drop(pool);
    // Of the other dialog there is nothing but the leg.
    let opened = desk.open_dialog(&world.application).await.owned;
    for (dialog, leg) in [(&called_in, "leg-1"), (&opened, "leg-2")] {
        ring(&world, dialog, leg).await;
        dialog.send(&json!({"control": "release", "term": 1})).await;
    }
    assert_eq!(until_ended(&caller).await, continued("", "", 0));
    let gone = async || !world.simulator.channel_ids().iter().any(|id| id.starts_with("leg-"));
    eventually("no leg", gone).await;
    assert_eq!(world.proxy.metrics.get(Metric::DialogsOpened), 2);
    assert_eq!(world.stop().await, [0, 1, 2]);
}

pub(crate) async fn a_leg_that_is_answered_while_it_is_hung_up_is_no_new_call(kind: Kind) {
    let world = World::new(kind, json!({"offer_deadline": "1s"})).await;
    let desk = world.desk().await;
    let mut pool = desk.join(&world.application).await;
    let caller = world.call();
    let dialog = desk.accept(&pool.offer().await).await;
    dialog.event("StasisStart").await;
    drop(pool);
    ring(&world, &dialog, "leg").await;
    world.simulator.faults().add(RestFault::on("DELETE", "/channels/leg").silence().times(1));
    dialog.send(&json!({"control": "release", "term": 1})).await;
    soon("the hangup", world.simulator.wait_for_requests("DELETE", "/channels/leg", 1)).await;
    let start = json!({
        "type": "StasisStart", "application": world.application, "args": [], "channel": {"id": "leg"},
    });
    assert!(world.simulator.send_raw(&world.application, &start.to_string()));
    assert_eq!(until_ended(&caller).await, continued("", "", 0));
    let gone = async || !world.simulator.channel_ids().contains(&"leg".to_owned());
    eventually("no leg", gone).await;
    let metrics = Arc::clone(&world.proxy.metrics);
    assert_eq!(world.stop().await, [0, 1, 2]);
    assert_eq!(metrics.get(Metric::DialogsOpened), 1, "the caller's");
}

/// Calls a phone on behalf of a dialog, which rings for a long time.
async fn ring(world: &World, dialog: &Owned<'_>, leg: &str) {
    let originate = json!({"endpoint": "PJSIP/never", "app": world.application, "channelId": leg});
    let (status, body) = dialog.command("POST", "/channels", originate).await;
    assert_eq!(status, 200, "{body}");
}

pub(crate) async fn a_worker_that_comes_too_late_gets_no_stale_offer(kind: Kind) {
    // However long a worker may think about it, an offer ends with its call.
    let world = World::new(kind, json!({"offer_timeout": "1h", "offer_deadline": "1s"})).await;
    let desk = world.desk().await;
    // Nobody was ever there.
    let first = world.call();
    assert_eq!(until_ended(&first).await, continued("", "", 0));
    for _ in 0..3 {
        let mut pool = desk.join(&world.application).await;
        let next = world.call();
        let offer = pool.offer().await;
        let start: Value = ok(serde_json::from_str(offer["start"].as_str().unwrap_or_default()));
        assert_eq!(
            start["channel"]["id"],
            next.channel_id(),
            "the first that it gets is the call that is there"
        );
        // This one took what it was offered, and went without a word. What comes now is offered to nobody.
        drop(pool);
        assert_eq!(until_ended(&next).await, continued("", "", 0));
        assert_eq!(until_ended(&world.call()).await, continued("", "", 0));
        // This one is there and does not look at what it is offered, which goes back to the broker with it.
        let stuck = desk.join(&world.application).await;
        assert_eq!(until_ended(&world.call()).await, continued("", "", 0));
        drop(stuck);
        let empty = async || {
            let contents = world.broker.contents(&world.application).await;
            match kind {
                Kind::Nats => !contents.contains(&world.application),
                Kind::Rabbitmq => contents.contains(&format!("{}: 0 messages", world.application)),
            }
        };
        eventually("a pool without members and offers", empty).await;
    }
    world.stop().await;
}
