//! The typed operations of ARI, as the commands that they become.

use std::time::Duration;

use crate::common::{Running, described, hand_over, proxy::Dialog, soon};
use ari_bus::memory::MemoryBus;
use ari_client::{
    Call, CommandErrorKind as Kind,
    ari::{
        self, BridgeId, DeviceName, Direction, HangupReason, IfExists, InfoSection, TerminateOn, Timeout,
        applications, asterisk, bridges, channels, device_states, endpoints, events, playbacks, recordings,
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

async fn one_call() -> (Running, mpsc::Receiver<Call>, Dialog, Call) {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    (worker, calls, proxy, call)
}

#[tokio::test]
async fn parameters_stand_in_the_body_where_there_is_one() {
    let (worker, _calls, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let own = call.channel();
        call.run(channels::SendDtmf::new(&own).dtmf("1#").between(Duration::from_micros(1500))).await?;
        call.run(channels::Mute::new(&own).direction(Direction::In)).await?;
        call.run(channels::Hangup::new("a/b+c").reason(HangupReason::NoAnswer)).await?;
        call.run(bridges::AddChannel::new("b", ["1.2", "1.3"]).absorb_dtmf(true)).await?;
        call.run(channels::SetChannelVars::new(&own, [("B", "2"), ("A", "1")])).await?;
        call.run(events::UserEvent::new("x", "hello").variables([("n", json!([1]))])).await?;
        call.run(device_states::Update::new("Stasis:lamp", ari::SettableDeviceState::RingInUse)).await?;
        call.run(endpoints::SendMessageToEndpoint::new("PJSIP", "bob", "sip:alice").body("hi, Bob")).await?;
        let filter = json!({ "allowed": [{ "type": "StasisStart" }] });
        let filtered = call.run(applications::Filter::new("hello").filter(filter)).await;
        assert_eq!(filtered.unwrap_err().kind(), Kind::Decode);
        call.run(asterisk::UpdateObject::new("res_pjsip", "auth", "x").fields([("b", "1"), ("a", "2")]))
            .await?;
        Ok::<_, ari_client::CommandError>(())
    });
    for (method, url, body) in [
        ("POST", "/channels/17.1/dtmf", json!({ "dtmf": "1#", "between": 2 })),
        ("POST", "/channels/17.1/mute", json!({ "direction": "in" })),
        ("DELETE", "/channels/a%2Fb%2Bc?reason=no_answer", Value::Null),
        ("POST", "/bridges/b/addChannel", json!({ "channel": ["1.2", "1.3"], "absorbDTMF": true })),
        ("POST", "/channels/17.1/variables", json!({ "variables": { "A": "1", "B": "2" } })),
        ("POST", "/events/user/x", json!({ "application": "hello", "variables": { "n": [1] } })),
        ("PUT", "/deviceStates/Stasis%3Alamp", json!({ "deviceState": "RINGINUSE" })),
        ("PUT", "/endpoints/PJSIP/bob/sendMessage", json!({ "from": "sip:alice", "body": "hi, Bob" })),
        ("PUT", "/applications/hello/eventFilter", json!({ "allowed": [{ "type": "StasisStart" }] })),
    ] {
        assert_eq!(proxy.expect(method, url, 204).await, body, "{url}");
    }
    let fields = json!([{ "attribute": "b", "value": "1" }, { "attribute": "a", "value": "2" }]);
    let command = proxy.next_command().await;
    assert_eq!(command.url, "/asterisk/config/dynamic/res_pjsip/auth/x");
    assert_eq!(serde_json::from_str::<Value>(command.body.as_ref().unwrap()).unwrap()["fields"], fields);
    proxy.answer(&command.unique_id, 200, b"[]").await;
    soon(handler).await.unwrap().unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn answers_are_what_the_description_says() {
    let (worker, _calls, mut proxy, call) = one_call().await;
    let handler = tokio::spawn(async move {
        let info = call.run(asterisk::GetInfo::new().only([InfoSection::System, InfoSection::Build])).await?;
        let all = call.run(channels::List::new()).await?;
        let file = call.run(recordings::GetStoredFile::new("a")).await?;
        Ok::<_, ari_client::CommandError>((info, all, file))
    });
    for (url, body) in [
        (
            "/asterisk/info?only=system%2Cbuild",
            br#"{"system":{"version":"22.10.1","entity_id":"aa:bb","new":[1]}}"#.to_vec(),
        ),
        ("/channels", json!([described("1.2")]).to_string().into_bytes()),
        ("/recordings/stored/a/file", b"RIFF\xff\x00".to_vec()),
    ] {
        let command = proxy.next_command().await;
        assert_eq!((&*command.method, &*command.url), ("GET", url));
        proxy.answer(&command.unique_id, 200, &body).await;
    }
    let (info, all, file) = soon(handler).await.unwrap().unwrap();
    let system = info.system.unwrap();
    assert_eq!((system.version.as_str(), &system.extra["new"]), ("22.10.1", &json!([1])));
    assert_eq!((all[0].id.as_str(), &all[0].state), ("1.2", &ari::ChannelState::Down));
    assert_eq!(&file[..], b"RIFF\xff\x00");
    proxy.end().await;
    worker.stopped().await;
}

/// What a handler asks for that leaves the ids of what it makes open, and one that does not.
async fn make(call: Call) -> Vec<ari_client::Result<String>> {
    let own = call.channel();
    vec![
        call.run(channels::Play::new(&own, ["sound:a"])).await.map(|made| made.id.to_string()),
        call.run(channels::Play::new(&own, ["sound:a"])).await.map(|made| made.id.to_string()),
        call.run(channels::Originate::new("PJSIP/bob").app("hello").timeout(Timeout::Never))
            .await
            .map(|made| made.id.to_string()),
        call.run(channels::Originate::new("PJSIP/bob").extension("100"))
            .await
            .map(|made| made.id.to_string()),
        call.run(bridges::CreateWithId::new("mine")).await.map(|made| made.id.to_string()),
        call.run(
            channels::Record::new(&own, "r", "wav")
                .if_exists(IfExists::Overwrite)
                .terminate_on(TerminateOn::Hash)
                .max_duration(Duration::from_millis(10)),
        )
        .await
        .map(|made| made.name.to_string()),
    ]
}

/// Answers those, and says what they were.
async fn made(proxy: &mut Dialog) -> Vec<(String, Value)> {
    let mut requests = Vec::new();
    for _ in 0..6 {
        let command = proxy.next_command().await;
        let url = command.url.into_owned();
        let body = command.body.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap());
        let id = body["playbackId"].as_str().or_else(|| body["channelId"].as_str()).unwrap_or("open");
        let answer = match &*url {
            "/bridges/mine" => {
                json!({ "id": "mine", "technology": "", "bridge_type": "new", "bridge_class": "", "creator": "",
                                 "name": "", "channels": [] })
            }
            _ if url.ends_with("/play") => {
                json!({ "id": id, "media_uri": "", "target_uri": "", "state": "queued" })
            }
            _ if url.ends_with("/record") => {
                json!({ "name": "r", "format": "", "target_uri": "", "state": "done" })
            }
            _ => described(id),
        };
        proxy.answer(&command.unique_id, 200, answer.to_string().as_bytes()).await;
        requests.push((url, body));
    }
    requests
}

#[tokio::test]
async fn an_id_that_is_left_open_is_chosen_and_the_same_for_whoever_repeats_it() {
    let (worker, mut calls, mut proxy, call) = one_call().await;
    let (own, handler) = (call.clone(), tokio::spawn(make(call)));
    let first = made(&mut proxy).await;
    let ids: Vec<_> = soon(handler).await.unwrap().into_iter().map(Result::unwrap).collect();

    assert_ne!(ids[0], ids[1], "another playback, though of the same");
    let wanted = [
        ("/channels/17.1/play", json!({ "media": "sound:a", "playbackId": ids[0] })),
        ("/channels/17.1/play", json!({ "media": "sound:a", "playbackId": ids[1] })),
        ("/channels", json!({ "endpoint": "PJSIP/bob", "app": "hello", "timeout": -1, "channelId": ids[2] })),
        // It is not this call's.
        ("/channels", json!({ "endpoint": "PJSIP/bob", "extension": "100" })),
        ("/bridges/mine", Value::Null),
        (
            "/channels/17.1/record",
            json!({ "name": "r", "format": "wav", "maxDurationSeconds": 1, "ifExists": "overwrite",
                    "terminateOn": "#" }),
        ),
    ];
    assert_eq!(first, wanted.map(|(url, body)| (url.to_owned(), body)));

    proxy.gone().await;
    soon(own.ended()).await;
    proxy.resume(None).await;
    let unique_id = proxy.accept.unique_id.clone().unwrap();
    proxy.answer(&unique_id, 204, b"").await;
    let handler = tokio::spawn(make(soon(calls.recv()).await.unwrap()));
    assert_eq!(made(&mut proxy).await, first);
    soon(handler).await.unwrap();
    proxy.end().await;
    worker.stopped().await;
}

#[tokio::test]
async fn a_wrong_parameter_is_named_and_nothing_is_sent() {
    let (worker, _calls, mut proxy, call) = one_call().await;
    let errors = [
        call.run(channels::Play::new("", ["sound:a"])).await.unwrap_err(),
        call.run(channels::Play::new("1", ["sound:a,b"])).await.unwrap_err(),
        call.run(channels::Play::new("1", ["a"]).offset(Duration::MAX)).await.unwrap_err(),
        call.run(playbacks::Stop::new("")).await.unwrap_err(),
    ];
    let texts = errors.each_ref().map(ToString::to_string);
    assert!(errors.iter().all(|error| error.kind() == Kind::BadRequest && error.status().is_none()));
    assert_eq!(texts[0], "POST /channels/{channelId}/play: channelId: it is empty");
    assert!(texts[1].contains(": media: "), "{}", texts[1]);
    assert!(texts[2].contains(": offsetms: "), "{}", texts[2]);
    assert!(texts[3].contains(": playbackId: "), "{}", texts[3]);
    let next = tokio::spawn(async move { call.run(asterisk::Ping::new()).await.map(|pong| pong.ping) });
    let command = proxy.next_command().await;
    assert_eq!((command.cmd_seq, &*command.url), (Some(1), "/asterisk/ping"));
    let pong = br#"{"asterisk_id":"a","ping":"pong","timestamp":"2026-11-20T17:13:34.872+0000"}"#;
    proxy.answer(&command.unique_id, 200, pong).await;
    assert_eq!(soon(next).await.unwrap().unwrap(), "pong");
    proxy.end().await;
    worker.stopped().await;
}

#[test]
fn ids_of_different_things_are_different_types() {
    let id = BridgeId::from("b");
    assert_eq!((id.as_str(), DeviceName::from("b").as_str()), ("b", "b"));
    assert_eq!(BridgeId::from(&id), id);
}

#[tokio::test]
async fn an_event_of_a_call_has_its_fields() {
    let (worker, _calls, mut proxy, call) = one_call().await;
    let mut events = call.events_from_now();
    proxy
        .event(json!({ "type": "ChannelVarset", "application": "hello", "variable": "X", "value": "1",
                        "timestamp": "2026-11-20T17:13:34.872+0000", "new": true }))
        .await;
    proxy.event(json!({ "type": "ChannelVarset", "variable": 5 })).await;
    proxy.event(json!({ "type": "New" })).await;
    let mut next = async || soon(events.next()).await.unwrap().typed();
    let ari::Event::ChannelVarset(set) = next().await else { panic!("it fits") };
    assert_eq!((set.variable.as_str(), set.channel.as_ref(), &set.extra["new"]), ("X", None, &json!(true)));
    let ari::Event::Other(wrong) = next().await else { panic!("it does not fit") };
    assert_eq!((wrong.kind.as_str(), &wrong.json()["variable"]), ("ChannelVarset", &json!(5)));
    assert!(wrong.problem.is_some());
    let ari::Event::Other(new) = next().await else { panic!("it is not known") };
    assert_eq!((new.kind.as_str(), new.problem.as_deref()), ("New", None));
    proxy.end().await;
    worker.stopped().await;
}
