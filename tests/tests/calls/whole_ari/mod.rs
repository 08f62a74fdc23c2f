//! The whole of ARI with real objects: a worker goes through every operation on a real Asterisk, through proxy and bus, and each
//! answer is read as its type; and what Asterisk tells meanwhile is read as its types, too.

mod applications;
mod asterisk;
mod bench;
mod bridges;
mod channels;
mod endpoints;
mod heard;
mod ledger;
mod media;
mod phone;
mod transfers;
mod unheard;
mod watcher;

use std::sync::Arc;

use ari_client::{Call, Worker};
use ari_testbed::{Asterisk, AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    proxies::{Ari, everything_allowed},
    wait::{ok, soon},
    worlds::Real,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use bench::{Bench, Records};
use phone::Phone;
use watcher::Watcher;

on_both_buses!(the_whole_of_ari_answers_and_tells_its_types);

/// What is dialled to get to each part.
const PARTS: [&str; 10] = ["1000", "1001", "1002", "1003", "1004", "1005", "2000", "2001", "2002", "2003"];

/// The phone that a part needs, if it needs one.
fn phone_for(number: &str) -> Option<Scenario> {
    let xml = match number {
        "1000" => return Some(Scenario::Answered),
        "1001" => include_str!("phones/holds.xml"),
        "1002" => include_str!("phones/transfers.xml"),
        "1003" => include_str!("phones/wants_a_transfer.xml"),
        "1004" => include_str!("phones/asks_and_transfers.xml"),
        "1005" => include_str!("phones/is_redirected.xml"),
        _ => return None,
    };
    Some(Scenario::Xml(xml.to_owned()))
}

async fn part(bench: &Bench) -> ari_client::Result {
    match bench.call.dialed() {
        "1000" => Box::pin(channels::of_a_phone(bench)).await,
        "1001" => channels::of_a_phone_that_holds(bench).await,
        "1002" => transfers::by_asterisk(bench).await,
        "1003" => transfers::by_the_worker(bench).await,
        "1004" => transfers::after_asking(bench).await,
        "1005" => transfers::by_redirection(bench).await,
        "2000" => Box::pin(asterisk::all(bench)).await,
        "2001" => Box::pin(bridges::all(bench)).await,
        "2002" => Box::pin(media::all(bench)).await,
        "2003" => {
            Box::pin(applications::all(bench)).await?;
            endpoints::all(bench).await
        }
        // The one that was broadcast and claimed.
        _ => bench.hang_up().await,
    }
}

/// `broadcast` is claimed, `chat` talks, `park` is silent. The objects of dynamic configuration have to be kept somewhere.
fn options() -> AsteriskOptions {
    let extensions = "exten => broadcast,1,Answer()\n same => n,StasisBroadcast(60000,,,yes)\n same => n,Hangup()\n\
                      exten => chat,1,Answer()\n same => n(again),Playback(vm-goodbye)\n same => n,Goto(again)\n";
    AsteriskOptions::new().extensions(extensions).configuration("sorcery.conf", "[res_pjsip]\nauth=memory")
}

async fn the_whole_of_ari_answers_and_tells_its_types(kind: Kind) {
    let open = |config: &mut Value| config["policy"] = everything_allowed();
    let world = Real::with(Broker::shared(kind).await, options(), open).await;
    let records = Arc::new(Records::default());
    let ari = Ari::from(&world.asterisk);
    let watcher = Watcher::new(&ari, &records).await;
    let phone = Phone::registered(world.asterisk.sip_address()).await;

    let (sender, mut results) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await);
    let (of_worker, spare) = (records.clone(), watcher.spare().to_owned());
    let run = worker.application(&world.application).shutdown(stop.clone()).run(move |call: Call| {
        let (bench, sender) = (Bench::new(call, of_worker.clone(), &spare), sender.clone());
        async move {
            let result = part(&bench).await;
            let _ = sender.send((bench.call.dialed().to_owned(), result.clone()));
            result
        }
    });
    let worker = tokio::spawn(run);
    for number in PARTS {
        let caller = call(&world.asterisk, number).await;
        // The call that was broadcast comes amid another part.
        loop {
            let Some((of, result)) = soon(number, results.recv()).await else { panic!("the worker is gone") };
            assert!(result.is_ok(), "{of}: {result:?}\n{}", world.asterisk.log());
            if of == number {
                break;
            }
        }
        if let Some(caller) = caller {
            let report = ok(caller.finish().await);
            assert!(report.all_went_well(1), "{number}: {}\n{}", report.errors, report.messages);
        }
    }
    phone.got("MESSAGE", 2).await;
    phone.got("REFER", 2).await;
    watcher.is_replaced(&ari).await;
    records.heard.all_came().await;
    stop.cancel();
    ok(ok(soon("the worker's end", worker).await));
    world.proxy.stop().await;
    println!("{}\n{}", records.ledger, records.heard);
    records.ledger.check();
    records.heard.check();
}

/// Calls a number, by phone if the part needs one.
async fn call(asterisk: &Asterisk, number: &str) -> Option<Sipp> {
    if let Some(scenario) = phone_for(number) {
        return Some(ok(Sipp::begin(asterisk, &scenario, &SippOptions::new().number(number))));
    }
    let query = format!("endpoint=Local/park@default&context=default&extension={number}&priority=1");
    let (status, answer) = ok(asterisk.ari("POST", &format!("/channels?{query}")).await);
    assert_eq!(status, 200, "{answer}");
    None
}
