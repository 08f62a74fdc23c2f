//! Calls of a real Asterisk move from one application of a proxy to another: from pool to pool, whichever of StasisStart and
//! StasisEnd comes first.

use std::time::Duration;

use ari_client::CallEnd;
use ari_testbed::{AsteriskOptions, Release};
use ari_tests::{
    brokers::{Broker, Kind},
    listeners::Listeners,
    on_both_buses,
    phones::Phones,
    proxies::{Ari, RunningProxy, config_json},
    wait::eventually,
    worlds::{fresh_application, start_asterisk, until_registered},
};
use tokio::time::sleep;

on_both_buses!(
    fifty_calls_move_from_pool_to_pool_under_load,
    #[ignore = "may make a root with another Asterisk, which takes minutes: tests/run --long"]
    fifty_calls_move_on_asterisk_16,
);

async fn fifty_calls_move_from_pool_to_pool_under_load(kind: Kind) {
    fifty_calls_move(kind, AsteriskOptions::new()).await;
}

async fn fifty_calls_move_on_asterisk_16(kind: Kind) {
    fifty_calls_move(kind, AsteriskOptions::new().release(Release::Bullseye)).await;
}

async fn fifty_calls_move(kind: Kind, options: AsteriskOptions) {
    const CALLS: usize = 50;
    let broker = Broker::shared(kind).await;
    let [from, to] = [(), ()].map(|()| fresh_application());
    let asterisk = start_asterisk(options.application(&from)).await;
    let ari = Ari::from(&asterisk);
    let config = config_json(&ari, kind, &broker.url(), &from, &[&from, &to]);
    let proxy = RunningProxy::start(&config);
    until_registered(&asterisk, &to).await;
    let (here, there) = (Listeners::start(broker, &from).await, Listeners::start(broker, &to).await);
    let phones = Phones::to(ari);
    let calls: Vec<String> = (1..=CALLS).map(|number| format!("call-{number}")).collect();
    for call in &calls {
        phones.call(call).await;
    }
    eventually("all calls with the first pool", async || here.heard().len() == CALLS).await;
    // Events of each channel come to both applications all the time.
    let talks = [&from, &to].map(|application| phones.talk(application, &calls, 200.0));
    for call in &calls {
        phones.move_to(call, &to).await;
        sleep(Duration::from_millis(20)).await;
    }
    eventually("the end of every call for the first pool", async || {
        here.heard().values().all(|heard| heard.end == Some(CallEnd::Ended))
    })
    .await;
    eventually("all calls with the second pool", async || there.heard().len() == CALLS).await;
    sleep(Duration::from_secs(1)).await;
    for talk in talks {
        talk.stop().await;
    }
    let (here_heard, there_heard) = (here.heard(), there.heard());
    let mut events = [0, 0];
    for call in &calls {
        let (old, new) = (&here_heard[call], &there_heard[call]);
        let last = old.events.last().map(|event| event.kind().to_owned());
        assert_eq!(last.as_deref(), Some("StasisEnd"), "{call}: nothing comes after it: {:?}", old.events);
        assert_eq!((old.count("StasisEnd"), old.terms.len(), new.terms.len()), (1, 1, 1));
        assert_eq!(new.events.first().map(|event| event.kind().to_owned()).as_deref(), Some("StasisStart"));
        assert_eq!(new.count("StasisEnd"), 0, "{call}: that of the other application");
        for (events, heard) in events.iter_mut().zip([old, new]) {
            let numbers: Vec<u64> = heard.numbers().into_iter().flatten().collect();
            assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{call}: {numbers:?}");
            *events += numbers.len();
        }
        assert!(!new.numbers().is_empty(), "{call}: events come to the second pool");
    }
    println!(
        "{kind:?}: {CALLS} moves, with {} and {} events before and after, none of them lost, doubled or on the wrong side",
        events[0], events[1]
    );
    for call in &calls {
        phones.hang_up(call).await;
    }
    eventually("the end of every call", async || there.heard().values().all(|heard| heard.end.is_some()))
        .await;
    here.stop().await;
    there.stop().await;
    proxy.stop().await;
}
