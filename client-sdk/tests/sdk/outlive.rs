//! A call goes from worker to worker at any moment, and to Asterisk it looks as if one had had it all the time.

use std::collections::HashMap;

use crate::common::{
    Running, of_channel,
    proxy::{Dialog, From},
    stasis_start,
};
use ari_bus::{memory::MemoryBus, protocol::Command};
use ari_client::{Call, Event};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Default, Serialize, Deserialize)]
enum Step {
    #[default]
    Welcome,
    Asking {
        wrong: u32,
    },
    Bye(String),
}

/// A handler as the documentation recommends it.
async fn handler(call: Call) -> ari_client::Result {
    let channel = call.channel();
    let mut events = call.events();
    let mut step = match call.resumed() {
        Some(resumed) => resumed.state::<Step>()?.unwrap_or_default(),
        None => Step::default(),
    };
    loop {
        step = match step {
            Step::Welcome => {
                // Whichever of them is polled first.
                let (ringing, answering) = (channel.ring(), channel.answer());
                let (rung, answered) = if call.term().is_multiple_of(2) {
                    tokio::join!(ringing, answering)
                } else {
                    let (answered, rung) = tokio::join!(answering, ringing);
                    (rung, answered)
                };
                rung.and(answered)?;
                for _ in 0..2 {
                    channel.play("sound:welcome").await?.finished().await?;
                }
                Step::Asking { wrong: 0 }
            }
            Step::Asking { wrong } => {
                let question = channel.play("sound:question").await?;
                let is_key = |event: &Event| event.kind() == "ChannelDtmfReceived";
                let Some(event) = events.find(is_key).await else { return Ok(()) };
                question.stop().await?;
                match event.text("/digit") {
                    Some("7") => Step::Bye("7".to_owned()),
                    _ => Step::Asking { wrong: wrong + 1 },
                }
            }
            Step::Bye(key) => {
                let bridge = call.create_bridge("mixing").await?;
                bridge.add_channel(&channel).await?;
                channel.play(format!("digits:{key}")).await?.finished().await?;
                bridge.destroy().await?;
                return channel.hangup().await;
            }
        };
        call.save(&step).await?;
    }
}

/// A proxy that runs each command once, keeps what is saved, and sends again what is not acknowledged.
struct Model {
    dialog: Dialog,
    answers: HashMap<String, u16>,
    executed: Vec<String>,
    context: Option<Value>,
    /// Events that are not acknowledged, and how many of this term are.
    events: Vec<Value>,
    acknowledged: u64,
    keys: Vec<&'static str>,
    over: bool,
}

impl Model {
    async fn new(bus: &MemoryBus) -> Self {
        let mut dialog = Dialog::new(bus, "17.1").await;
        // The same in each run, so that ids can be compared.
        dialog.offer.root = Some("sim.root".to_owned());
        dialog.offer_again().await;
        dialog.accept = dialog.next_accept().await;
        let mut model = Self {
            dialog,
            answers: HashMap::new(),
            executed: Vec::new(),
            context: None,
            events: Vec::new(),
            acknowledged: 0,
            keys: vec!["7", "2", "1"],
            over: false,
        };
        model.event(stasis_start("17.1")).await;
        model
    }

    async fn event(&mut self, event: Value) {
        self.events.push(event.clone());
        self.dialog.event(event).await;
    }

    fn acknowledge(&mut self, seq: u64) {
        let handled = usize::try_from(seq - self.acknowledged).unwrap();
        self.events.drain(..handled);
        self.acknowledged = seq;
    }

    /// Takes one message of the worker.
    async fn step(&mut self) {
        match self.dialog.next().await {
            From::Command(command) => self.command(&command).await,
            From::Save(save) => {
                self.context = Some(serde_json::from_str(&save.context).unwrap());
                if let Some(seq) = save.ack {
                    self.acknowledge(seq);
                }
                self.dialog.answer(&save.unique_id.unwrap(), 204, b"").await;
            }
            From::Ack(ack) => self.acknowledge(ack.seq),
            other => panic!("{other:?}"),
        }
    }

    async fn command(&mut self, command: &Command<'_>) {
        let id = command.unique_id.to_string();
        if let Some(status) = self.answers.get(&id) {
            return self.dialog.answer(&id, *status, b"").await;
        }
        let body: Value =
            command.body.as_deref().map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        let media = body["media"].as_str().unwrap_or_default();
        self.executed.push(format!("{} {} {media}", command.method, command.url));
        self.answers.insert(id.clone(), 200);
        let finished = |id: &Value| json!({ "type": "PlaybackFinished", "playback": { "id": id, "state": "done", "target_uri": "channel:17.1" } });
        match (command.method.as_ref(), command.url.as_ref()) {
            (_, "/channels/17.1/play") if media == "sound:question" => {
                let mut key = of_channel("ChannelDtmfReceived", "17.1");
                key["digit"] = json!(self.keys.pop().unwrap());
                self.event(key).await;
            }
            (_, "/channels/17.1/play") => self.event(finished(&body["playbackId"])).await,
            ("DELETE", "/channels/17.1") => {
                self.dialog.end().await;
                self.over = true;
            }
            ("DELETE", url) if url.starts_with("/playbacks/") => {
                self.event(finished(&json!(url.trim_start_matches("/playbacks/")))).await;
            }
            _ => {}
        }
        self.dialog.answer(&id, 200, b"").await;
    }

    /// The worker is not heard of any more: another one gets the call.
    async fn change_hands(&mut self) {
        self.dialog.gone().await;
        self.dialog.resume(self.context.clone()).await;
        self.acknowledged = 0;
        let unique_id = self.dialog.accept.unique_id.clone().unwrap();
        self.dialog.answer(&unique_id, 204, b"").await;
        for event in self.events.clone() {
            self.dialog.event(event).await;
        }
    }
}

/// Runs a call whose worker changes after every so many messages; the last one keeps it.
async fn run(every: usize, changes: usize) -> Vec<String> {
    let bus = MemoryBus::new();
    let worker = Running::start(&bus, |worker| worker, handler);
    let mut model = Model::new(&bus).await;
    for _ in 0..changes {
        for _ in 0..every {
            if !model.over {
                model.step().await;
            }
        }
        if !model.over {
            model.change_hands().await;
        }
    }
    while !model.over {
        model.step().await;
    }
    worker.stopped().await;
    // What is polled first may be asked first.
    model.executed[..2].sort();
    model.executed
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_twice_and_nothing_is_left_out_whenever_the_call_changes_hands() {
    let undisturbed = run(0, 0).await;
    assert_eq!(undisturbed.len(), 15, "{undisturbed:?}");
    for every in 1..20 {
        for changes in [1, 2, 5] {
            assert_eq!(
                run(every, changes).await,
                undisturbed,
                "{changes} changes, each after {every} messages"
            );
        }
    }
}
