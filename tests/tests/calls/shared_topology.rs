//! RabbitMQ with `bus_config.topology` at `shared`: calls cost the broker messages, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use ari_client::{Call, Worker};
use ari_testbed::{AsteriskOptions, RabbitMq, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    proxies::{RunningProxy, config_json},
    wait::{ok, soon},
    worlds::{fresh_application, start_asterisk, until_registered},
};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const CALLS: u32 = 50;

/// What is looked at while the calls are up, again and again.
const LOOK: Duration = Duration::from_millis(50);

/// What a broker has done with queues since it started: made and deleted; and the bindings that it has.
///
/// It counts for itself: a queue that came and went between two looks is there as well. What it counts as declared is left
/// out, because that is also a question for a queue that is there: an offer asks whether anybody reads the pool's.
async fn done_with_queues(broker: &RabbitMq) -> [u64; 3] {
    // {…, declared, made, deleted} of its only node.
    let churn = "[lists:nthtail(6, tuple_to_list(hd(ets:tab2list(connection_churn_metrics)))), \
         length(lists:flatmap(fun(VHost) -> rabbit_binding:list(VHost) end, rabbit_vhost:list_names()))]";
    let answer = ok(broker.json(churn).await);
    match (&answer[0][0], &answer[0][1], &answer[1]) {
        (Value::Number(made), Value::Number(deleted), Value::Number(bindings)) if answer[0][2].is_null() => {
            [made, deleted, bindings].map(|number| number.as_u64().unwrap_or_default())
        }
        _ => panic!("the broker's figures are others: {answer}"),
    }
}

async fn names(broker: &RabbitMq) -> BTreeSet<String> {
    ok(broker.queues().await).into_iter().map(|queue| queue.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_declare_bind_and_delete_nothing() {
    // Of its own, so that all it holds is looked at, whatever its name.
    let broker = Broker::start(Kind::Rabbitmq).await;
    let Broker::Rabbitmq(rabbitmq) = &broker else { unreachable!("it was just started") };
    let application = fresh_application();
    let asterisk = start_asterisk(AsteriskOptions::new().application(&application)).await;
    let ari = (&asterisk).into();
    let mut config = config_json(&ari, Kind::Rabbitmq, &broker.url(), "pbx", &[&application]);
    config["bus_config"]["topology"] = "shared".into();
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, &application).await;
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(broker.url()).await).application(&application).shutdown(stop.clone());
    let worker = tokio::spawn(worker.run(async |call: Call| {
        call.channel().answer().await?;
        call.channel().hangup().await
    }));
    broker.until_read(&application).await;
    // Where workers open dialogs: one queue for each application.
    let open = format!("ari.open.{application}");
    broker.until_read(&open).await;
    // One call, so that whatever is made once is there.
    let one = ok(Sipp::call(&asterisk, &Scenario::Answered, &SippOptions::new()).await);
    assert!(one.all_went_well(1), "{}", one.errors);

    let (names_before, done_before) = (names(rabbitmq).await, done_with_queues(rabbitmq).await);
    for name in &names_before {
        let own = *name == application || *name == open;
        let shared = own || name.starts_with("ari.pbx.") || name.starts_with("ari.worker.");
        assert!(shared, "{name} is neither the pool's nor somebody's inbox: {names_before:?}");
        assert!(!name.ends_with(".queues"), "no journal of queues is needed where none are made: {name}");
    }
    let options = SippOptions::new().calls(CALLS).rate(20).timeout(Duration::from_secs(60));
    let phones = ok(Sipp::begin(&asterisk, &Scenario::Answered, &options));
    let mut looks = 0;
    let looking = async {
        loop {
            assert_eq!(names(rabbitmq).await, names_before, "while calls are up");
            looks += 1;
            sleep(LOOK).await;
        }
    };
    let report = tokio::select! {
        report = phones.finish() => ok(report),
        () = looking => unreachable!("it looks for ever"),
    };
    assert!(report.all_went_well(CALLS.into()), "{} of {CALLS}: {}", report.successful, report.errors);
    // What was to be deleted is by then: the dialogs are gone when the proxy has stopped.
    proxy.stop().await;
    let [made, deleted, bindings] = done_with_queues(rabbitmq).await;
    println!(
        "{CALLS} calls, {looks} looks: {made} queues made before the first, {deleted} deleted, {bindings} bindings"
    );
    let left = names(rabbitmq).await;
    assert_eq!(made, done_before[0], "not one queue more");
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    // An inbox is gone with whoever reads it.
    let gone: Vec<_> = names_before.difference(&left).collect();
    assert!(left.is_subset(&names_before), "{left:?}");
    assert!(gone.iter().all(|name| name.starts_with("ari.pbx.")), "{gone:?} of {names_before:?}");
    assert_eq!(deleted, done_before[1] + gone.len() as u64, "and none that belonged to a call");
    assert!(bindings <= done_before[2], "each queue has the one that the broker gives it");
}
