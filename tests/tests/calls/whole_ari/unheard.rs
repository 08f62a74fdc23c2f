//! The events that the testbed's Asterisk does not tell: the fake one tells them, and they are read.

use ari_client::ari::{Channel, EndpointState, Event, RecordingState};
use ari_tests::{
    proxies::Ari,
    wait::{ok, soon},
};
use asterisk_sim::{Simulator, SimulatorOptions};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::watcher::connect;

/// Which they are, and why they do not come.
pub(crate) const NOT_TO_BE_HAD: [(&str, &str); 6] = [
    ("ApplicationRegistered", "only a websocket that Asterisk itself has opened gets it"),
    ("ApplicationUnregistered", "only a websocket that Asterisk itself has opened gets it"),
    (
        "BridgeMerged",
        "bridges of ARI are never merged, and those of the dialplan only with three channels in each",
    ),
    ("ChannelToneDetected", "res_tonedetect recognised none of the tones that Asterisk itself plays"),
    ("RecordingFailed", "no recording here failed, stopped, hung up or silent; ari_answers.rs sees it"),
    ("EndpointStateChange", "a phone that registers brings PeerStatusChange and ContactStatusChange instead"),
];

const TIME: &str = "2026-11-20T17:13:34.872+0000";

/// A fake Asterisk, and a websocket of an application to it.
struct Teller {
    simulator: Simulator,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Teller {
    async fn new() -> Self {
        let simulator = ok(Simulator::start(SimulatorOptions::default()).await);
        let socket = connect(&Ari::from(&simulator), "hello", false).await;
        simulator.wait_registered("hello").await;
        Self { simulator, socket }
    }

    /// An event, as it is read from what the fake Asterisk tells.
    async fn event(&mut self, kind: &str, fields: Value) -> Event {
        let mut body = fields;
        for (name, value) in
            [("type", kind), ("timestamp", TIME), ("application", "hello"), ("asterisk_id", "pbx")]
        {
            body[name] = value.into();
        }
        assert!(self.simulator.send_raw("hello", &body.to_string()));
        let Some(Ok(told)) = soon(kind, self.socket.next()).await else { panic!("{kind} does not come") };
        let event = Event::read(kind, ok(told.to_text()));
        assert_eq!(ok(serde_json::to_value(&event)), body, "{event:?}");
        assert_eq!(event.timestamp().map(|time| time.unix_timestamp()), Some(1_795_194_814));
        assert_eq!(event.application().map(|name| name.as_str()), Some("hello"));
        event
    }
}

fn bridge(id: &str) -> Value {
    json!({
        "id": id, "technology": "softmix", "bridge_type": "mixing", "bridge_class": "basic", "creator": "", "name": "",
        "channels": ["1.1", "1.2"], "creationtime": TIME, "video_mode": "none",
    })
}

fn channel() -> Value {
    json!({
        "id": "1.1", "name": "PJSIP/phone-1", "state": "Up", "protocol_id": "a@b", "accountcode": "", "language": "en",
        "caller": { "name": "A", "number": "1" }, "connected": { "name": "B", "number": "2" }, "creationtime": TIME,
        "dialplan": { "context": "default", "exten": "1000", "priority": 2, "app_name": "Stasis", "app_data": "hello" },
    })
}

#[tokio::test]
async fn what_does_not_come_is_read_as_well() {
    let mut teller = Teller::new().await;
    let mut read = Vec::new();
    for kind in ["ApplicationRegistered", "ApplicationUnregistered"] {
        read.push(teller.event(kind, json!({})).await);
    }
    assert!(matches!(read[..], [Event::ApplicationRegistered(_), Event::ApplicationUnregistered(_)]));

    let merged = teller
        .event("BridgeMerged", json!({ "bridge": bridge("kept"), "bridge_from": bridge("emptied") }))
        .await;
    let Event::BridgeMerged(merged) = &merged else { panic!("{merged:?}") };
    assert_eq!((merged.bridge.id.as_str(), merged.bridge_from.id.as_str()), ("kept", "emptied"));
    assert_eq!(merged.bridge.channels, ["1.1", "1.2"]);

    let tone = teller.event("ChannelToneDetected", json!({ "channel": channel() })).await;
    let Event::ChannelToneDetected(tone) = &tone else { panic!("{tone:?}") };
    let Channel { id, name, caller, dialplan, .. } = &tone.channel;
    assert_eq!((id.as_str(), name.as_str()), ("1.1", "PJSIP/phone-1"));
    assert_eq!((caller.number.as_str(), dialplan.priority), ("1", 2));

    let endpoint =
        json!({ "technology": "PJSIP", "resource": "phone", "state": "online", "channel_ids": ["1.1"] });
    let change = teller.event("EndpointStateChange", json!({ "endpoint": endpoint })).await;
    let Event::EndpointStateChange(change) = &change else { panic!("{change:?}") };
    let endpoint = &change.endpoint;
    assert_eq!((endpoint.technology.as_str(), endpoint.resource.as_str()), ("PJSIP", "phone"));
    assert_eq!((&endpoint.state, endpoint.channel_ids.len()), (&Some(EndpointState::Online), 1));

    let recording = json!({
        "name": "greeting", "format": "wav", "state": "failed", "target_uri": "channel:1.1", "cause": "no room",
    });
    let failed = teller.event("RecordingFailed", json!({ "recording": recording })).await;
    let Event::RecordingFailed(failed) = &failed else { panic!("{failed:?}") };
    let recording = &failed.recording;
    assert_eq!((recording.name.as_str(), &recording.state), ("greeting", &RecordingState::Failed));
    assert_eq!((recording.target_uri.as_str(), recording.cause.as_deref()), ("channel:1.1", Some("no room")));
}
