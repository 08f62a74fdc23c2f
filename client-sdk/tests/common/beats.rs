//! The side of a proxy that takes heartbeats.

use std::sync::{Arc, Mutex};

use ari_bus::{
    Bus, Subscription, Topics,
    memory::MemoryBus,
    protocol::{Answer, Bodies, Confirmed, FixedControl, Heartbeat, HeartbeatReply, Names, encode_answer},
};
use tokio::task::JoinHandle;

use super::{proxy::Dialog, soon};

/// Heartbeats to one proxy, one by one.
pub struct Control {
    bus: MemoryBus,
    incoming: Subscription,
}

impl Control {
    /// Those to the proxy of all other tests.
    pub async fn new(bus: &MemoryBus) -> Self {
        Self::of(bus, "sim").await
    }

    pub async fn of(bus: &MemoryBus, server_id: &str) -> Self {
        let topic = Names::default().control(server_id);
        Self { bus: bus.clone(), incoming: bus.subscribe(Topics::One(topic)).await.unwrap() }
    }

    pub async fn next(&mut self) -> Heartbeat {
        let message = soon(self.incoming.next()).await.expect("the bus was closed");
        match serde_json::from_slice(&message.payload).unwrap() {
            FixedControl::Heartbeat(heartbeat) => heartbeat,
            other => panic!("{other:?} is no heartbeat"),
        }
    }

    /// Answers a heartbeat with a list of dialogs.
    pub async fn reply(&mut self, to: &Heartbeat, dialogs: Vec<Confirmed>) {
        reply(&self.bus, to, dialogs).await;
    }

    pub async fn answer(&mut self, to: &Heartbeat, status: u16, body: &[u8], largest: usize) {
        answer(&self.bus, to, status, body, largest).await;
    }

    /// Answers every heartbeat from now on, as long as it is told to, and remembers them.
    pub fn answering(self) -> Answering {
        let state = Arc::new(Mutex::new(State { answers: true, ..State::default() }));
        let shared = Arc::clone(&state);
        let mut control = self;
        let task = tokio::spawn(async move {
            while let Some(message) = control.incoming.next().await {
                let FixedControl::Heartbeat(beat) = serde_json::from_slice(&message.payload).unwrap() else {
                    panic!("no heartbeat")
                };
                let dialogs = {
                    let mut state = shared.lock().unwrap();
                    state.beats.push(beat.clone());
                    state.answers.then(|| state.dialogs.clone())
                };
                if let Some(dialogs) = dialogs {
                    reply(&control.bus, &beat, dialogs).await;
                }
            }
        });
        Answering { state, task }
    }
}

async fn reply(bus: &MemoryBus, to: &Heartbeat, dialogs: Vec<Confirmed>) {
    let reply = HeartbeatReply { incarnation: "1".to_owned(), dialogs, ..HeartbeatReply::default() };
    answer(bus, to, 200, &serde_json::to_vec(&reply).unwrap(), bus.largest_message()).await;
}

async fn answer(bus: &MemoryBus, to: &Heartbeat, status: u16, body: &[u8], largest: usize) {
    let answer = Answer { status, body: body.to_vec().into() };
    let messages = encode_answer(&to.unique_id, &answer, Bodies::String, largest, true).unwrap();
    // An outage may have come meanwhile.
    let _ = bus.publish_all(&to.responses, messages).await;
}

#[derive(Default)]
struct State {
    answers: bool,
    dialogs: Vec<Confirmed>,
    beats: Vec<Heartbeat>,
}

/// Heartbeats that are answered by themselves.
pub struct Answering {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Answering {
    /// Lists a dialog in each reply, as having had so many events.
    pub fn list(&self, dialog: &Dialog) {
        self.state.lock().unwrap().dialogs.push(confirmed(dialog));
    }

    /// Lists no dialog any more.
    pub fn list_none(&self) {
        self.state.lock().unwrap().dialogs.clear();
    }

    /// Answers, or does not.
    pub fn answer(&self, answers: bool) {
        self.state.lock().unwrap().answers = answers;
    }

    /// How many heartbeats have come.
    pub fn count(&self) -> usize {
        self.state.lock().unwrap().beats.len()
    }

    /// How much of a dialog has arrived, as the heartbeats say.
    pub fn named(&self, dialog: &Dialog) -> Option<u64> {
        let state = self.state.lock().unwrap();
        let mut named = state.beats.iter().rev().flat_map(|beat| &beat.dialogs);
        named.find(|held| Some(&held.root) == dialog.offer.root.as_ref()).and_then(|held| held.seq)
    }

    /// Waits until another heartbeat has come, of those that name this many dialogs at least.
    pub async fn another(&self, naming: usize) -> Heartbeat {
        let before = self.count();
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            let state = self.state.lock().unwrap();
            if let Some(beat) = state.beats[before..].iter().find(|beat| beat.dialogs.len() >= naming) {
                return beat.clone();
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A dialog as a reply lists it.
pub fn confirmed(dialog: &Dialog) -> Confirmed {
    Confirmed {
        root: dialog.offer.root.clone().unwrap(),
        term: dialog.offer.term.unwrap(),
        seq: dialog.seq,
        commands: dialog.offer.commands.clone().unwrap(),
    }
}
