//! The side of a proxy that takes heartbeats.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use ari_bus::{
    Bus, Subscription, Topics,
    memory::MemoryBus,
    protocol::{
        Answer, Attach, AttachReply, Bodies, Confirmed, FixedControl, Heartbeat, HeartbeatReply, Names,
        encode_answer,
    },
};
use tokio::task::JoinHandle;

use super::{proxy::Dialog, soon};

/// Heartbeats to one proxy, one by one.
pub struct Control {
    bus: MemoryBus,
    incoming: Subscription,
    /// The process that answers.
    pub incarnation: String,
}

impl Control {
    /// Those to the proxy of all other tests.
    pub async fn new(bus: &MemoryBus) -> Self {
        Self::of(bus, "sim").await
    }

    pub async fn of(bus: &MemoryBus, server_id: &str) -> Self {
        let topic = Names::default().control(server_id);
        let incoming = bus.subscribe(Topics::One(topic)).await.unwrap();
        Self { bus: bus.clone(), incoming, incarnation: "1".to_owned() }
    }

    pub async fn next(&mut self) -> Heartbeat {
        match self.next_message().await {
            FixedControl::Heartbeat(heartbeat) => heartbeat,
            other => panic!("{other:?} is no heartbeat"),
        }
    }

    pub async fn next_attach(&mut self) -> Attach {
        loop {
            if let FixedControl::Attach(attach) = self.next_message().await {
                return attach;
            }
        }
    }

    async fn next_message(&mut self) -> FixedControl {
        let message = soon(self.incoming.next()).await.expect("the bus was closed");
        serde_json::from_slice(&message.payload).unwrap()
    }

    /// Answers a heartbeat with a list of dialogs.
    pub async fn reply(&mut self, to: &Heartbeat, dialogs: Vec<Confirmed>) {
        reply(&self.bus, &self.incarnation, to, dialogs).await;
    }

    pub async fn answer(&mut self, to: &Heartbeat, status: u16, body: &[u8], largest: usize) {
        answer(&self.bus, (&to.unique_id, &to.responses), status, body, largest).await;
    }

    /// Answers every heartbeat from now on, as long as it is told to, and remembers them.
    pub fn answering(self) -> Answering {
        let incarnation = self.incarnation.clone();
        let state = Arc::new(Mutex::new(State { answers: true, incarnation, ..State::default() }));
        let bus = self.bus.clone();
        let shared = Arc::clone(&state);
        let mut control = self;
        let task = tokio::spawn(async move {
            while let Some(message) = control.incoming.next().await {
                let beat = match serde_json::from_slice(&message.payload).unwrap() {
                    FixedControl::Heartbeat(beat) => beat,
                    FixedControl::Attach(attach) => {
                        shared.lock().unwrap().attaches.push_back(attach);
                        continue;
                    }
                    other => panic!("{other:?} is not for a proxy"),
                };
                let dialogs = {
                    let mut state = shared.lock().unwrap();
                    state.beats.push(beat.clone());
                    state.answers.then(|| (state.incarnation.clone(), state.dialogs.clone()))
                };
                if let Some((incarnation, dialogs)) = dialogs {
                    reply(&control.bus, &incarnation, &beat, dialogs).await;
                }
            }
        });
        Answering { bus, state, task }
    }
}

async fn reply(bus: &MemoryBus, incarnation: &str, to: &Heartbeat, dialogs: Vec<Confirmed>) {
    let reply = HeartbeatReply { incarnation: incarnation.to_owned(), dialogs, ..HeartbeatReply::default() };
    let reply = serde_json::to_vec(&reply).unwrap();
    answer(bus, (&to.unique_id, &to.responses), 200, &reply, bus.largest_message()).await;
}

async fn answer(
    bus: &MemoryBus,
    (unique_id, responses): (&str, &str),
    status: u16,
    body: &[u8],
    largest: usize,
) {
    let answer = Answer { status, body: body.to_vec().into() };
    let messages = encode_answer(unique_id, &answer, Bodies::String, largest, true).unwrap();
    // An outage may have come meanwhile.
    let _ = bus.publish_all(responses, messages).await;
}

#[derive(Default)]
struct State {
    answers: bool,
    dialogs: Vec<Confirmed>,
    beats: Vec<Heartbeat>,
    incarnation: String,
    attaches: VecDeque<Attach>,
}

/// Heartbeats that are answered by themselves.
pub struct Answering {
    bus: MemoryBus,
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

    /// Another process takes the place of the one that has answered so far. It has no dialogs.
    pub fn restart(&self, incarnation: &str) {
        let mut state = self.state.lock().unwrap();
        state.incarnation = incarnation.to_owned();
        (state.answers, state.dialogs) = (true, Vec::new());
    }

    /// The next dialog that a worker brings.
    pub async fn attach(&self) -> Attach {
        let next = async {
            loop {
                if let Some(attach) = self.state.lock().unwrap().attaches.pop_front() {
                    return attach;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        soon(next).await
    }

    /// Whether no dialog was brought that nobody has looked at.
    pub fn has_no_attach(&self) -> bool {
        self.state.lock().unwrap().attaches.is_empty()
    }

    /// Says where a dialog goes on.
    pub async fn attached(&self, to: &Attach, dialog: &Dialog) {
        let (term, commands) = (dialog.offer.term.unwrap(), dialog.offer.commands.clone().unwrap());
        let reply = serde_json::to_vec(&AttachReply { term, commands }).unwrap();
        self.answer_attach(to, 200, &reply).await;
    }

    pub async fn answer_attach(&self, to: &Attach, status: u16, body: &[u8]) {
        answer(&self.bus, (&to.unique_id, &to.responses), status, body, self.bus.largest_message()).await;
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
