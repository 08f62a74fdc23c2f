//! The simulator as an ARI client meets it: registering, calls in, commands, calls over.

mod client;

use std::time::Duration;

use asterisk_sim::{CallEnd, Cut, LoadPlan, Simulator, SimulatorOptions, Step};
use client::{Client, start};

#[tokio::test]
async fn a_call_enters_is_answered_played_to_and_hung_up() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").args(["one", "two"]).caller("Bob", "4711").number("1000").place();
    let start = client.event("StasisStart").await;
    assert_eq!(start["args"], serde_json::json!(["one", "two"]));
    assert_eq!(start["application"], "hello");
    assert_eq!(start["channel"]["id"], call.channel_id());
    assert_eq!(start["channel"]["caller"]["number"], "4711");
    let id = call.channel_id();
    assert_eq!(client.post(&format!("/channels/{id}/answer")).await.0, 204);
    assert_eq!(client.event("ChannelStateChange").await["channel"]["state"], "Up");
    assert!(call.wait_answered().await);
    let (status, playback) =
        client.post(&format!("/channels/{id}/play?media=sound:hello&playbackId=p1")).await;
    assert_eq!((status, playback["state"].as_str()), (201, Some("queued")));
    assert_eq!(client.event("PlaybackStarted").await["playback"]["target_uri"], format!("channel:{id}"));
    assert_eq!(client.event("PlaybackFinished").await["playback"]["state"], "done");
    call.dtmf("5");
    assert_eq!(client.event("ChannelDtmfReceived").await["digit"], "5");
    assert_eq!(client.delete(&format!("/channels/{id}?reason=busy")).await.0, 204);
    client.event("ChannelHangupRequest").await;
    client.event("StasisEnd").await;
    assert_eq!(call.wait_ended().await, CallEnd::HungUpByAri { cause: 17 });
    assert_eq!(client.get(&format!("/channels/{id}")).await.0, 404);
    let paths: Vec<String> = sim.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 4);
    assert_eq!(sim.count_requests("POST", "/channels/*/answer"), 1);
    assert_eq!(sim.handshakes().len(), 1);
    sim.stop().await;
}

#[tokio::test]
async fn a_call_that_continues_goes_on_in_the_dialplan_and_takes_no_commands() {
    let (sim, mut client) = start("hello").await;
    let call = sim.call("hello").place();
    client.event("StasisStart").await;
    let id = call.channel_id();
    assert_eq!(client.post(&format!("/channels/{id}/continue?extension=200")).await.0, 204);
    client.event("StasisEnd").await;
    let end = CallEnd::Continued { context: String::new(), extension: "200".into(), priority: 0 };
    assert_eq!(call.wait_ended().await, end);
    assert_eq!(client.post(&format!("/channels/{id}/answer")).await.0, 409);
    assert_eq!(client.get(&format!("/channels/{id}")).await.1["dialplan"]["exten"], "200");
}

#[tokio::test]
async fn a_caller_acts_by_its_script() {
    let (sim, mut client) = start("hello").await;
    let steps =
        [Step::WaitAnswered, Step::Dtmf("1#".into()), Step::Wait(Duration::from_secs(1)), Step::HangUp];
    let call = sim.call("hello").script(steps).place();
    client.post(&format!("/channels/{}/answer", call.channel_id())).await;
    assert_eq!(client.event("ChannelDtmfReceived").await["digit"], "1");
    assert_eq!(client.event("ChannelDtmfReceived").await["digit"], "#");
    client.event("StasisEnd").await;
    assert_eq!(call.wait_ended().await, CallEnd::HungUpByCaller);
}

#[tokio::test]
async fn the_newest_socket_wins_and_the_old_one_is_told_and_stays_open() {
    let (sim, mut old) = start("hello").await;
    let mut new = Client::connect(&sim, "hello").await;
    assert_eq!(old.event("ApplicationReplaced").await["application"], "hello");
    sim.call("hello").place();
    new.event("StasisStart").await;
    old.ping().await;
}

#[tokio::test]
async fn without_a_socket_channels_stay_in_stasis_and_new_calls_go_on() {
    let (sim, mut client) = start("hello").await;
    let first = sim.call("hello").place();
    client.event("StasisStart").await;
    sim.faults().drop_websockets(Cut::Abrupt);
    client.closed().await;
    client::until(|| !sim.is_registered("hello")).await;
    first.dtmf("1");
    let end = sim.call("hello").place().wait_ended().await;
    assert_eq!(end, CallEnd::StasisFailed { application: "hello".into() });
    assert_eq!(client.post(&format!("/channels/{}/answer", first.channel_id())).await.0, 204);
    assert_eq!(sim.thrown_away("hello"), 1);
    let mut again = Client::connect(&sim, "hello").await;
    sim.call("hello").place();
    again.event("StasisStart").await;
    let (_, application) = again.get("/applications/hello").await;
    assert_eq!(application["channel_ids"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let sim = Simulator::start(SimulatorOptions::default()).await.unwrap();
    assert_eq!(client::get_as(&sim, "ari", "wrong", "/channels").await, 401);
    let key = format!("{}/channels?api_key={}:{}", sim.ari_url(), sim.user(), sim.password());
    assert_eq!(client::http().get(key).send().await.unwrap().status(), 200);
    let url = format!("{}?app=x&api_key=ari:wrong", sim.websocket_url());
    let error = tokio_tungstenite::connect_async(url).await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
}

#[tokio::test]
async fn a_load_sends_all_its_events_in_order() {
    // A reader that parses in a debug build, on the same thread, may well stall a write for 100 ms.
    let options = SimulatorOptions { write_timeout: None, ..SimulatorOptions::default() };
    let (sim, mut client) = client::start_with("hello", options).await;
    let plan = LoadPlan { rate: 0.0, calls: 50, events_per_call: 2_000, ..LoadPlan::default() };
    let load = sim.load(plan);
    let (mut starts, mut numbers) = (0, std::collections::HashMap::<String, u64>::new());
    while starts < 50 || numbers.values().sum::<u64>() < 50 * 2_000 {
        let event = client.next().await;
        let id = event["channel"]["id"].as_str().unwrap().to_owned();
        match event["type"].as_str().unwrap() {
            "StasisStart" => starts += 1,
            "ChannelUserevent" => {
                let last = numbers.entry(id).or_default();
                assert_eq!(event["userevent"]["n"], *last + 1);
                *last += 1;
            }
            other => panic!("{other}"),
        }
    }
    let report = load.wait().await;
    assert_eq!((report.calls.len(), report.events), (50, 100_000));
}

#[tokio::test]
async fn a_stream_sends_events_while_calls_are_up_and_marks_each_call_s_last() {
    let options = SimulatorOptions { write_timeout: None, ..SimulatorOptions::default() };
    let (sim, mut client) = client::start_with("hello", options).await;
    let pause = std::time::Duration::from_millis(10);
    let plan = LoadPlan { rate: 0.0, calls: 20, pause, ..LoadPlan::default() };
    let load = sim.load(LoadPlan { events_per_call: 10, ..plan.clone() });
    let (mut numbers, mut ended) = (std::collections::HashMap::<String, u64>::new(), 0);
    while ended < 20 {
        let event = client.next().await;
        if event["type"] == "ChannelUserevent" {
            let last = numbers.entry(event["channel"]["id"].as_str().unwrap().to_owned()).or_default();
            *last += 1;
            assert_eq!(event["userevent"]["n"], *last);
            assert_eq!(event["userevent"]["last"] == true, *last == 10);
            ended += usize::from(*last == 10);
        }
    }
    assert_eq!(load.wait().await.events, 200);

    // Without a number it goes on until it is finished.
    let load = sim.load(plan);
    while load.placed() < 20 || load.calls().iter().any(|call| call.events < 3) {
        assert_eq!(client.next().await["userevent"]["last"], serde_json::Value::Null);
    }
    load.finish();
    let report = load.wait().await;
    let mut marked = 0;
    while marked < 20 {
        let event = client.next().await;
        let call = report.calls.iter().find(|call| event["channel"]["id"] == *call.channel_id);
        if event["userevent"]["last"] == true {
            marked += 1;
            assert_eq!(event["userevent"]["n"], call.unwrap().events);
        }
    }
}
