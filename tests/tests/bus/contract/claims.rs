//! Names that have one holder at a time, and topics that processes pass on to each other.

use std::collections::BTreeSet;

use ari_bus::{Bus, Claimed, Rival};
use ari_testbed::Nats;
use tokio::time::sleep;

use super::{
    brokers::Broker,
    support::{POLL, bytes, connected, next, options, publish, text, unique, up, within},
};

pub(crate) async fn a_name_has_one_holder_until_that_is_gone<B: Broker>() {
    let broker = B::shared().await;
    let (one, other) = (connected(broker).await, connected(broker).await);
    let name = format!("ari.{}.holder", unique("pbx"));
    match one.claim(&name, "one", None).await.unwrap() {
        Claimed::Ours => one_holder(&*one, &*other, &name).await,
        Claimed::NotKept => {
            assert_eq!(other.claim(&name, "other", None).await.unwrap(), Claimed::NotKept);
            one.unclaim(&name, "one").await.unwrap();
        }
        Claimed::Theirs(rival) => panic!("nobody has it: {rival:?}"),
    }
}

async fn one_holder(one: &dyn Bus, other: &dyn Bus, name: &str) {
    let theirs = async |bus: &dyn Bus, holder: &str| match bus.claim(name, holder, None).await.unwrap() {
        Claimed::Theirs(rival) => rival,
        claimed => panic!("{claimed:?}"),
    };
    for _ in 0..2 {
        assert_eq!(one.claim(name, "one", None).await.unwrap(), Claimed::Ours);
        theirs(other, "other").await;
    }
    // It is not the other's to give up.
    other.unclaim(name, "other").await.unwrap();
    theirs(other, "other").await;
    one.unclaim(name, "one").await.unwrap();
    assert_eq!(other.claim(name, "other", None).await.unwrap(), Claimed::Ours);
    let mut rival = theirs(one, "one").await;
    other.close().await;
    within("the name", async {
        loop {
            match one.claim(name, "one", Some(&rival)).await {
                Ok(Claimed::Ours) => return,
                Ok(Claimed::Theirs(still)) => rival = still,
                claimed => panic!("{claimed:?}"),
            }
            sleep(POLL).await;
        }
    })
    .await;
}

pub(crate) async fn what_one_process_leaves_another_gets<B: Broker>() {
    const MESSAGES: usize = 200;
    let broker = B::shared().await;
    let (sender, one, other) = (connected(broker).await, connected(broker).await, connected(broker).await);
    let prefix = format!("ari.{}.process.", unique("pbx"));
    let topic = format!("{prefix}dialog");
    let mut first = one.share(&prefix).await.unwrap();
    let mut seen = Vec::new();
    for number in 0..MESSAGES / 4 {
        publish(&*sender, &topic, &number.to_string()).await;
    }
    seen.push(next(&mut first).await);
    let mut second = other.share(&prefix).await.unwrap();
    sender.publish_all(&topic, (MESSAGES / 4..MESSAGES / 2).map(bytes).collect()).await.unwrap();
    seen.push(next(&mut first).await);
    let left = within("what is left", first.leave()).await;
    seen.extend(left.iter().map(|message| text(&message.payload)));
    sender.publish_all(&topic, (MESSAGES / 2..MESSAGES).map(bytes).collect()).await.unwrap();
    let numbers =
        |seen: &[String]| -> BTreeSet<usize> { seen.iter().map(|text| text.parse().unwrap()).collect() };
    while numbers(&seen).len() < MESSAGES {
        seen.push(next(&mut second).await);
    }
    if !one.shared_comes_to_all() {
        assert_eq!(seen.len(), MESSAGES, "each comes once");
    }
    let numbers = numbers(&seen);
    assert!(numbers.into_iter().eq(0..MESSAGES), "none is lost");
}

/// NATS keeps names where it has JetStream: of a holder that wrote again since it was looked at nothing is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_in_jetstream_has_one_holder() {
    let nats = Nats::start_with("jetstream { store_dir: $TESTBED_DATA }").await.unwrap();
    let connect = || ari_bus::connect(&nats.url(), options()).unwrap();
    let (one, other) = (connect(), connect());
    up(&*one).await;
    up(&*other).await;
    // No key of NATS could be called so.
    let name = "ari.pbx-%41.holder";
    assert_eq!(one.claim(name, "one", None).await.unwrap(), Claimed::Ours);
    let Claimed::Theirs(rival) = other.claim(name, "other", None).await.unwrap() else {
        panic!("it is taken")
    };
    assert_eq!(rival.holder.as_deref(), Some("one"));
    assert_eq!(one.claim(name, "one", None).await.unwrap(), Claimed::Ours);
    let stale = other.claim(name, "other", Some(&rival)).await.unwrap();
    let Claimed::Theirs(rival) = stale else { panic!("its holder has kept it since: {stale:?}") };
    assert_eq!(other.claim(name, "other", Some(&rival)).await.unwrap(), Claimed::Ours);
    assert!(matches!(one.claim(name, "one", Some(&Rival::default())).await.unwrap(), Claimed::Theirs(_)));
    other.unclaim(name, "other").await.unwrap();
    one_holder(&*one, &*other, name).await;
    one.close().await;
}
