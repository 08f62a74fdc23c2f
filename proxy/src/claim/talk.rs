//! What the processes of one server say to each other over the bus.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ari_bus::{
    Bus, BusError, Reach, Subscription, Topics,
    protocol::{Names, check_topic},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::{Instant, timeout_at},
};
use tracing::debug;

use super::Claim;
use crate::limits::{ASK_OTHERS, ASK_TIMES, ECHO, PARTS_AT_ONCE, TALK, WORDS};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum Say {
    /// To whoever acts: who are you?
    Who {
        /// The process that asks.
        from: String,
        /// Where it hears the answer.
        replies: String,
        /// Whether it is about to act itself.
        #[serde(default)]
        wants: bool,
    },
    /// The answer.
    Here {
        /// The process that answers.
        from: String,
        /// Since when it acts, as an id that grows with time; absent where it is about to.
        since: Option<String>,
    },
    /// To whoever acts: hand everything over to me.
    TakeOver {
        /// The process that wants it.
        from: String,
        /// What the topics begin with on which it is spoken to.
        replies: String,
        /// The version of the form in which it understands a handover.
        version: u32,
        /// The applications that it serves.
        applications: Vec<String>,
    },
    /// The answer: connect to Asterisk, and you get it all.
    Ready {
        /// What the topics begin with on which the process is spoken to that answers.
        replies: String,
        /// The incarnation that goes on.
        incarnation: String,
        /// The applications that other programs have.
        taken: Vec<String>,
    },
    /// The answer: not now.
    NotNow {
        /// Why.
        why: String,
        /// Whether it may do later.
        later: bool,
    },
    /// That were all parts of what stands still.
    Frozen {
        /// How many.
        parts: usize,
    },
    /// The other process listens where the workers send.
    Joined,
    /// That were all messages of workers; what comes now comes to the other process.
    All {
        /// How many.
        parts: usize,
        /// How many of them, the last ones, the other process may have heard itself.
        #[serde(default)]
        heard_too: usize,
    },
    /// The other process has everything.
    Taken,
    /// The other process cannot go on.
    Cannot {
        /// Why.
        why: String,
    },
}

/// What comes in a handover.
#[derive(Debug)]
pub(crate) enum Word {
    /// Something is said.
    Say(Say),
    /// A part of what is handed over.
    Part(Bytes),
}

/// The last token of the topic on which a process gets the parts of a handover.
const PART: &str = "part";

/// The way to talk to the other processes of a server.
#[derive(Debug)]
pub(crate) struct Talk {
    bus: Arc<dyn Bus>,
    /// This process.
    pub(crate) process: String,
    /// Where whoever acts is asked.
    claim: String,
    /// What is claimed.
    holder: String,
    /// What the topics begin with on which this process alone is spoken to.
    own: String,
    heard: broadcast::Sender<Say>,
    words: mpsc::Sender<Word>,
    /// Whether this process can be spoken to.
    listens: watch::Sender<bool>,
    /// Whether a handover may be spoken of.
    expects: AtomicBool,
}

/// What was heard after a question.
#[derive(Debug)]
pub(super) struct Heard {
    /// Whether there was anybody to hear it.
    pub(super) reach: Reach,
    /// Whether the question came back to this process, which listens where it asks.
    pub(super) echo: bool,
    /// The processes that answered, and since when they act.
    pub(super) others: Vec<(String, Option<String>)>,
}

impl Talk {
    /// A process of a server, on its bus, and what is said to it in a handover.
    pub(crate) fn new(
        bus: Arc<dyn Bus>,
        names: &Names,
        server_id: &str,
        process: &str,
    ) -> (Self, mpsc::Receiver<Word>) {
        let (words, said) = mpsc::channel(WORDS);
        let talk = Self {
            bus,
            process: process.to_owned(),
            claim: names.claim(server_id),
            holder: names.holder(server_id),
            own: names.proxy_inbox(server_id, process),
            heard: broadcast::Sender::new(TALK),
            words,
            listens: watch::Sender::new(false),
            expects: AtomicBool::new(false),
        };
        (talk, said)
    }

    /// Listens on the topics of this process.
    ///
    /// # Errors
    /// Those of [`Bus::subscribe`].
    pub(crate) async fn subscribe(&self) -> Result<Subscription, BusError> {
        let messages = self.bus.subscribe(Topics::Under(self.own.clone())).await?;
        self.listens.send_replace(true);
        Ok(messages)
    }

    /// Resolves when this process can be spoken to.
    pub(crate) async fn listens(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.listens.subscribe().wait_for(|listens| *listens).await;
    }

    /// Listens where whoever acts is asked.
    pub(super) async fn listen(&self) -> Result<Subscription, BusError> {
        self.bus.subscribe(Topics::One(self.claim.clone())).await
    }

    /// Passes on what comes, until the bus is closed.
    pub(crate) async fn serve(&self, mut messages: Subscription) {
        while let Some(message) = messages.next().await {
            if message.topic.strip_prefix(&self.own) == Some(PART) {
                self.pass_on(Word::Part(message.payload));
                continue;
            }
            match serde_json::from_slice(&message.payload) {
                Ok(said) => self.hear(said),
                Err(error) => debug!(%error, "what another process says cannot be read"),
            }
        }
    }

    fn hear(&self, said: Say) {
        match said {
            // Nobody may await it.
            Say::Who { .. } | Say::Here { .. } => drop(self.heard.send(said)),
            said => self.pass_on(Word::Say(said)),
        }
    }

    fn pass_on(&self, word: Word) {
        if !self.expects.load(Ordering::Relaxed) {
            return debug!("another process speaks of a handover, and this one stands by");
        }
        // Who takes part in a handover reads at once, and counts what comes.
        if self.words.try_send(word).is_err() {
            debug!("what another process says is not heard: too much waits already");
        }
    }

    /// Answers those who ask who acts, until the bus is closed.
    pub(super) async fn answer(&self, claim: &Claim, questions: &mut Subscription) {
        while let Some(message) = questions.next().await {
            let Ok(said) = serde_json::from_slice(&message.payload) else { continue };
            match &said {
                Say::Who { from, replies, .. } if *from != self.process => {
                    let server = replies.strip_suffix("here").is_some_and(|replies| self.reaches(replies));
                    if server {
                        let here = Say::Here { from: self.process.clone(), since: claim.since() };
                        self.say(replies, &here).await;
                    }
                }
                Say::Who { .. } | Say::TakeOver { .. } => {}
                // All else is said to one process alone.
                _ => continue,
            }
            self.hear(said);
        }
    }

    /// Asks who acts, and hears the answers for a while: all of them, or until one acts.
    pub(super) async fn ask(&self, all: bool) -> Result<Heard, BusError> {
        self.ask_as(all, false).await
    }

    /// Asks who acts, as one that is about to: whoever else asks so wants the same.
    pub(super) async fn contend(&self) -> Result<Heard, BusError> {
        self.ask_as(true, true).await
    }

    async fn ask_as(&self, all: bool, wants: bool) -> Result<Heard, BusError> {
        let mut hearing = self.heard.subscribe();
        let who = Say::Who { from: self.process.clone(), replies: format!("{}here", self.own), wants };
        let reach = self.bus.offer(&self.claim, encode(&who).into(), ASK_OTHERS).await?;
        let mut heard = Heard { reach, echo: false, others: Vec::new() };
        // When it has come back the others have it, too.
        let mut until = Instant::now() + if all { ECHO } else { ASK_OTHERS };
        let answers = async {
            loop {
                let Ok(said) = timeout_at(until, hearing.recv()).await else { return };
                match said {
                    Ok(Say::Here { from, since }) if from != self.process => {
                        let enough = since.is_some() && !all;
                        heard.others.push((from, since));
                        if enough {
                            return;
                        }
                    }
                    Ok(Say::Who { from, .. }) if from == self.process => {
                        heard.echo = true;
                        until = Instant::now() + ASK_OTHERS;
                    }
                    Ok(Say::Who { from, wants: true, .. }) => heard.others.push((from, None)),
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        if reach == Reach::Somebody {
            answers.await;
        } else {
            drop(answers);
        }
        Ok(heard)
    }

    /// Says whether this process takes part in a handover, should there be one.
    pub(crate) fn expect_handover(&self, expected: bool) {
        self.expects.store(expected, Ordering::Relaxed);
    }

    /// Whether another process says that it acts.
    pub(crate) async fn somebody_acts(&self) -> bool {
        for _ in 0..ASK_TIMES {
            let heard = self.ask(false).await;
            if heard.is_ok_and(|heard| heard.others.iter().any(|(_, since)| since.is_some())) {
                return true;
            }
        }
        false
    }

    /// What the topics of this process begin with.
    pub(crate) fn own(&self) -> &String {
        &self.own
    }

    /// The bus.
    pub(crate) fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// What is claimed.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    /// Says to whoever acts that this process wants to take over; says whether there is anybody.
    pub(crate) async fn want_over(&self, version: u32, applications: &[String]) -> Result<Reach, BusError> {
        let (from, replies, applications) = (self.process.clone(), self.own.clone(), applications.to_vec());
        let wants = Say::TakeOver { from, replies, version, applications };
        self.bus.offer(&self.claim, encode(&wants).into(), ASK_OTHERS).await
    }

    /// Says something to the process whose topics begin so.
    pub(crate) async fn tell(&self, replies: &str, say: &Say) {
        self.say(&format!("{replies}here"), say).await;
    }

    /// Sends parts to the process whose topics begin so.
    pub(crate) async fn send(&self, replies: &str, parts: Vec<Bytes>) -> Result<(), BusError> {
        let topic = format!("{replies}{PART}");
        for some in parts.chunks(PARTS_AT_ONCE) {
            self.bus.publish_all(&topic, some.to_vec()).await?;
        }
        Ok(())
    }

    /// Whether something can be said to a process whose topics begin so.
    pub(crate) fn reaches(&self, replies: &str) -> bool {
        let server = self.own.strip_suffix('.').and_then(|own| own.rfind('.')).map(|end| &self.own[..=end]);
        server.is_some_and(|server| replies.starts_with(server))
            && check_topic(&format!("{replies}here")).is_ok()
    }

    async fn say(&self, topic: &str, say: &Say) {
        if let Err(error) = self.bus.publish(topic, encode(say).into()).await {
            debug!(%error, "another process could not be answered");
        }
    }
}

fn encode(say: &Say) -> Vec<u8> {
    // Strings always serialize.
    serde_json::to_vec(say).unwrap_or_default()
}
