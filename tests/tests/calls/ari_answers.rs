//! What a real Asterisk answers and tells fits the SDK's types, and is the same when it is written again.

use std::{collections::BTreeSet, time::Duration};

use ari_client::ari::{
    Application, AsteriskInfo, AsteriskPing, Bridge, Channel, DeviceState, Endpoint, Event, LiveRecording,
    LogChannel, Module, Playback, RTPstat, Sound, StoredRecording, Variable, Variables,
};
use ari_testbed::{Asterisk, AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::wait::{ok, soon};
use futures_util::StreamExt as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// How long the last events may take.
const QUIET: Duration = Duration::from_secs(2);

/// What is wrong with a JSON as a `T`: it does not fit, or comes back as another.
fn misfit<T: Serialize + DeserializeOwned>(json: &Value) -> Option<String> {
    match serde_json::from_value::<T>(json.clone()) {
        Err(error) => Some(format!("{error}: {json}")),
        Ok(read) => differs(&ok(serde_json::to_value(read)), json),
    }
}

fn differs(written: &Value, json: &Value) -> Option<String> {
    (written != json).then(|| format!("{json} became {written}"))
}

/// An Asterisk, and what it tells an application of ours.
struct Bench {
    asterisk: Asterisk,
    events: mpsc::UnboundedReceiver<Value>,
    reader: JoinHandle<()>,
    misfits: Vec<String>,
    kinds: BTreeSet<String>,
}

impl Bench {
    async fn new() -> Self {
        let asterisk = ok(Asterisk::start(AsteriskOptions::new()).await);
        let (user, password) = (asterisk.user(), asterisk.password());
        let url =
            asterisk.websocket_url() + &format!("?app=hello&subscribeAll=true&api_key={user}:{password}");
        let connected = soon("the websocket", Box::pin(tokio_tungstenite::connect_async(url))).await;
        let (mut socket, _) = ok(connected);
        let (sender, events) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let json = message.to_text().ok().and_then(|text| serde_json::from_str(text).ok());
                json.into_iter().for_each(|event| drop(sender.send(event)));
            }
        });
        Self { asterisk, events, reader, misfits: Vec::new(), kinds: BTreeSet::new() }
    }

    /// Sends a request whose answer has no body that matters.
    async fn send(&self, method: &str, path: &str) -> Value {
        let (status, answer) = ok(self.asterisk.ari(method, path).await);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Sends a request that answers a `T`.
    async fn ask<T: Serialize + DeserializeOwned>(&mut self, method: &str, path: &str) {
        let answer = self.send(method, path).await;
        let misfit = misfit::<T>(&answer).map(|misfit| format!("{method} {path}: {misfit}"));
        self.misfits.extend(misfit);
    }

    fn look_at(&mut self, json: &Value) {
        let kind = json["type"].as_str().unwrap_or_default();
        self.kinds.insert(kind.to_owned());
        let event = Event::read(kind, &json.to_string());
        let misfit = match &event {
            Event::Other(raw) => Some(format!("{raw:?}: {json}")),
            event => differs(&ok(serde_json::to_value(event)), json),
        };
        self.misfits.extend(misfit.map(|misfit| format!("{kind}: {misfit}")));
    }

    /// Reads events up to this one.
    async fn until(&mut self, kind: &str, pointer: &str, value: &str) -> Value {
        loop {
            let Some(event) = soon(kind, self.events.recv()).await else {
                panic!("the websocket was closed")
            };
            self.look_at(&event);
            let of = event.pointer(pointer).and_then(Value::as_str);
            if event["type"] == kind && of == Some(value) {
                return event;
            }
        }
    }

    async fn until_quiet(&mut self) {
        while let Ok(Some(event)) = timeout(QUIET, self.events.recv()).await {
            self.look_at(&event);
        }
        self.reader.abort();
    }
}

#[tokio::test]
async fn what_a_real_asterisk_says_fits_its_types() {
    let mut bench = Bench::new().await;
    of_asterisk(&mut bench).await;
    of_a_channel(&mut bench).await;
    of_bridges_and_media(&mut bench).await;
    of_a_phone(&mut bench).await;
    bench.send("DELETE", "/channels/c1?reason_code=17").await;
    bench.until("ChannelDestroyed", "/channel/id", "c1").await;
    bench.until_quiet().await;
    println!("{} types of events: {:?}", bench.kinds.len(), bench.kinds);
    assert!(bench.misfits.is_empty(), "{:#?}", bench.misfits);
    assert!(bench.kinds.len() > 15);
}

async fn of_asterisk(bench: &mut Bench) {
    bench.ask::<AsteriskInfo>("GET", "/asterisk/info").await;
    bench.ask::<AsteriskPing>("GET", "/asterisk/ping").await;
    bench.ask::<Vec<Module>>("GET", "/asterisk/modules").await;
    bench.ask::<Module>("GET", "/asterisk/modules/res_ari.so").await;
    bench.ask::<Vec<LogChannel>>("GET", "/asterisk/logging").await;
    bench.ask::<Vec<Application>>("GET", "/applications").await;
    bench.ask::<Vec<Sound>>("GET", "/sounds").await;
    bench.ask::<Vec<Endpoint>>("GET", "/endpoints").await;
    bench.send("PUT", "/deviceStates/Stasis:lamp?deviceState=RINGINUSE").await;
    bench.ask::<DeviceState>("GET", "/deviceStates/Stasis:lamp").await;
    bench.ask::<Vec<DeviceState>>("GET", "/deviceStates").await;
    bench.send("POST", "/asterisk/variable?variable=V&value=1").await;
    bench.ask::<Variable>("GET", "/asterisk/variable?variable=V").await;
}

async fn of_a_channel(bench: &mut Bench) {
    let originate = "/channels?endpoint=Local/park@default&app=hello&appArgs=a,b&channelId=c1&otherChannelId=c2&timeout=-1";
    bench.ask::<Channel>("POST", originate).await;
    bench.until("StasisStart", "/channel/id", "c1").await;
    bench.ask::<Vec<Channel>>("GET", "/channels").await;
    bench.send("POST", "/channels/c1/variable?variable=X&value=1").await;
    bench.ask::<Variable>("GET", "/channels/c1/variable?variable=CHANNEL(state)").await;
    bench.ask::<Variables>("GET", "/channels/c1/variables?variables=X").await;
    bench.send("POST", "/channels/c1/hold").await;
    bench.send("DELETE", "/channels/c1/hold").await;
    bench.send("POST", "/channels/c1/dtmf?dtmf=1").await;
    bench.send("POST", "/events/user/mine?application=hello&source=channel:c1").await;
    bench.ask::<Channel>("POST", "/channels/c1/snoop?app=hello&spy=both&snoopId=s1").await;
    bench.until("StasisStart", "/channel/id", "s1").await;
    let media = "/channels/externalMedia?app=hello&external_host=127.0.0.1:4000&format=ulaw&channelId=m1";
    bench.ask::<Channel>("POST", media).await;
    bench.until("StasisStart", "/channel/id", "m1").await;
    bench.send("DELETE", "/channels/m1").await;
    bench.send("DELETE", "/channels/s1").await;
}

async fn of_bridges_and_media(bench: &mut Bench) {
    bench.ask::<Bridge>("POST", "/bridges?type=mixing,dtmf_events&bridgeId=b1&name=n").await;
    bench.send("POST", "/bridges/b1/addChannel?channel=c1").await;
    bench.send("POST", "/bridges/b1/variable?variable=B&value=1&report_events=true").await;
    bench.ask::<Vec<Bridge>>("GET", "/bridges").await;
    bench.ask::<Playback>("POST", "/bridges/b1/play?media=digits:1%2Csound:hello-world&playbackId=p1").await;
    bench.ask::<Playback>("GET", "/playbacks/p1").await;
    bench.until("PlaybackFinished", "/playback/id", "p1").await;
    bench.send("POST", "/bridges/b1/removeChannel?channel=c1").await;
    bench.ask::<LiveRecording>("POST", "/channels/c1/record?name=r1&format=wav&maxSilenceSeconds=9").await;
    bench.until("RecordingStarted", "/recording/name", "r1").await;
    bench.ask::<LiveRecording>("GET", "/recordings/live/r1").await;
    bench.send("POST", "/recordings/live/r1/stop").await;
    bench.until("RecordingFinished", "/recording/name", "r1").await;
    bench.ask::<Vec<StoredRecording>>("GET", "/recordings/stored").await;
    bench.ask::<StoredRecording>("POST", "/recordings/stored/r1/copy?destinationRecordingName=r2").await;
    bench.ask::<Application>("GET", "/applications/hello").await;
    bench.send("DELETE", "/bridges/b1").await;
}

/// Only a phone's channel tells how its RTP fares.
async fn of_a_phone(bench: &mut Bench) {
    let phone = ok(Sipp::begin(&bench.asterisk, &Scenario::Answered, &SippOptions::new()));
    let start = bench.until("StasisStart", "/channel/dialplan/exten", "1000").await;
    let channel = start["channel"]["id"].as_str().unwrap_or_default();
    bench.send("POST", &format!("/channels/{channel}/ring")).await;
    bench.send("POST", &format!("/channels/{channel}/answer")).await;
    bench.ask::<RTPstat>("GET", &format!("/channels/{channel}/rtp_statistics")).await;
    bench.send("DELETE", &format!("/channels/{channel}?reason=normal")).await;
    bench.until("ChannelDestroyed", "/channel/id", channel).await;
    ok(phone.finish().await);
}
