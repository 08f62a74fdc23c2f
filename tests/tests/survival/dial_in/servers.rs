//! Each Asterisk that dials in is a server of its own.

use std::collections::BTreeMap;

use ari_client::Worker;
use ari_testbed::{Scenario, Sipp, SippOptions, free_tcp_port};
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, ari},
    dialled_in::listen_json,
    on_both_buses,
    oracle::number,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    wait::{eventually, ok, soon},
    whole_call::whole_call,
    worlds::fresh_application,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{TURN, asterisks, dials, until_dialled_in};

on_both_buses!(
    a_phone_call_through_an_asterisk_that_dials_in,
    equal_calls_of_two_asterisks_never_cross,
    a_worker_opens_a_dialog_of_one_that_dials_in,
);

async fn a_worker_opens_a_dialog_of_one_that_dials_in(kind: Kind) {
    let _turn = TURN.lock().await;
    let (broker, application, port) = (Broker::shared(kind).await, fresh_application(), ok(free_tcp_port()));
    let config = listen_json(kind, &broker.url(), port, &asterisks(&["pbx"]), &application);
    let proxy = Running::proxy(programs!(), &config);
    let asterisk = dials(port, "pbx", &application).await;
    until_dialled_in(&asterisk, &application).await;
    broker.until_read(&format!("ari.open.{application}")).await;
    let desk = Desk::open(broker.connect("desk").await).await;
    assert_eq!(desk.open_dialog(&application).await.reply["server_id"], "pbx");
    proxy.stop().await;
}

async fn a_phone_call_through_an_asterisk_that_dials_in(kind: Kind) {
    let _turn = TURN.lock().await;
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

/// The same application, the same ids: what tells them apart is who dialled.
async fn equal_calls_of_two_asterisks_never_cross(kind: Kind) {
    const CALLS: u64 = 20;
    const EVENTS: u64 = 25;
    let _turn = TURN.lock().await;
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
            let numbers = || dialog.events().iter().filter_map(number_of).collect::<Vec<_>>();
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
