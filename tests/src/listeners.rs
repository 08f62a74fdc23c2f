//! A worker in the test's own process whose handlers only listen, and what they heard.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ari_client::{Call, CallEnd, Event, Worker};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    brokers::Broker,
    oracle::number,
    wait::{ok, soon},
};

/// What the handlers of one channel heard.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Each worker's term of the call that began, in order.
    pub terms: Vec<u64>,
    /// All events, of all terms.
    pub events: Vec<Event>,
    /// How the last term ended, if it has.
    pub end: Option<CallEnd>,
    /// A handle to the call, in its last term.
    pub call: Option<Call>,
}

impl Heard {
    /// The numbers of the numbered events, in the order in which they came; `None` for each gap that was told.
    #[must_use]
    pub fn numbers(&self) -> Vec<Option<u64>> {
        let told = self.events.iter().filter_map(|event| match event.kind() {
            "ProxyGap" => Some(None),
            _ => number(event.json()).map(Some),
        });
        told.collect()
    }

    /// How many numbers up to `sent` are missing.
    ///
    /// # Errors
    /// One came twice or late, or is missing where no gap was told.
    pub fn missing(&self, sent: u64) -> Result<u64, String> {
        let (mut next, mut gap, mut missing) = (1, false, 0);
        for number in self.numbers().into_iter().chain([None, Some(sent + 1)]) {
            let Some(number) = number else {
                gap = true;
                continue;
            };
            if number < next {
                return Err(format!("{number} came after {}", next - 1));
            }
            if number > next && !gap {
                return Err(format!("{next} is missing before {number} without a word"));
            }
            missing += number - next;
            (next, gap) = (number + 1, false);
        }
        Ok(missing)
    }

    /// How many events of a kind came.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| event.kind() == kind).count()
    }
}

/// A worker that has every call until somebody else ends it.
pub struct Listeners {
    heard: Arc<Mutex<BTreeMap<String, Heard>>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Listeners {
    /// Starts one; it is in the application's pool when this returns.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn start(broker: &Broker, application: &str) -> Self {
        let (heard, stop) = (Arc::<Mutex<BTreeMap<String, Heard>>>::default(), CancellationToken::new());
        let kept = Arc::clone(&heard);
        let worker = ok(Worker::connect(broker.url()).await).application(application).shutdown(stop.clone());
        let task = tokio::spawn(async move {
            let run = worker.run(move |call: Call| {
                let kept = Arc::clone(&kept);
                async move {
                    listen(&call, &kept).await;
                    Ok::<_, ari_client::CommandError>(())
                }
            });
            ok(run.await);
        });
        broker.until_read_by(application, 1).await;
        Self { heard, stop, task }
    }

    /// What was heard so far of each channel.
    #[must_use]
    pub fn heard(&self) -> BTreeMap<String, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was heard so far of one channel.
    #[must_use]
    pub fn of(&self, channel: &str) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(channel).cloned().unwrap_or_default()
    }

    /// Stops the worker, which has no calls any more.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(self) {
        self.stop.cancel();
        ok(soon("the worker's end", self.task).await);
    }
}

async fn listen(call: &Call, kept: &Mutex<BTreeMap<String, Heard>>) {
    let channel = call.channel().id().to_owned();
    let note = |what: &dyn Fn(&mut Heard)| {
        what(kept.lock().unwrap_or_else(PoisonError::into_inner).entry(channel.clone()).or_default());
    };
    note(&|heard| {
        heard.terms.push(call.term());
        (heard.call, heard.end) = (Some(call.clone()), None);
    });
    let mut events = call.events();
    while let Some(event) = events.next().await {
        note(&|heard| heard.events.push(event.clone()));
    }
    let end = call.ended().await;
    note(&|heard| heard.end = Some(end));
}
