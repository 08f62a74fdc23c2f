//! The sample worker: the program that a user of the SDK would write, with a word before each step.

use std::{fmt, sync::Arc};

use ari_client::{Call, EventStream, Worker, WorkerError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    spy::Spy,
    stage::{BOLD, Line, Party, Stage},
};

/// What the handler of the call has to tell afterwards.
#[derive(Debug)]
pub(super) struct Report {
    /// How its commands went.
    pub(super) result: Result<(), String>,
    /// The number of each event that it got, in the order in which they came.
    pub(super) events: Vec<Option<u64>>,
}

/// Serves an application until `stop` is cancelled.
pub(super) async fn run(
    bus: Arc<Spy>,
    application: &str,
    stage: Arc<Stage>,
    reports: mpsc::Sender<Report>,
    stop: CancellationToken,
) -> Result<(), WorkerError> {
    let worker = Worker::with_bus(bus).application(application).shutdown(stop);
    worker
        .run(move |call: Call| {
            let (stage, reports) = (Arc::clone(&stage), reports.clone());
            async move {
                let mut events = call.events();
                let result = greet(&call, &stage).await;
                let report = Report { result: as_text(&result), events: numbers(&mut events, &result).await };
                // Full only if there was a second call, which the record tells as well.
                let _ = reports.try_send(report);
                result
            }
        })
        .await
}

/// The call itself: what a worker's author writes is what is shown.
async fn greet(call: &Call, stage: &Stage) -> ari_client::Result {
    let channel = call.channel();

    step(stage, "channel.answer().await?").await;
    channel.answer().await?;

    step(stage, "let greeting = channel.play(\"sound:hello-world\").await?").await;
    let greeting = channel.play("sound:hello-world").await?;

    step(stage, "greeting.finished().await?").await;
    greeting.finished().await?;

    step(stage, "channel.send_dtmf(\"1234\").await?").await;
    channel.send_dtmf("1234").await?;

    step(stage, "channel.hold().await?").await;
    channel.hold().await?;

    step(stage, "channel.unhold().await?").await;
    channel.unhold().await?;

    step(stage, "channel.hangup().await").await;
    channel.hangup().await
}

async fn step(stage: &Stage, code: impl fmt::Display) {
    stage.say([Line::blank(), Line::act(Party::Worker, code.to_string()).styled(BOLD)]).await;
}

/// The numbers of the call's events, up to its end; of a call that failed those so far.
async fn numbers(events: &mut EventStream, result: &ari_client::Result) -> Vec<Option<u64>> {
    let mut numbers = Vec::new();
    if result.is_ok() {
        while let Some(event) = events.next().await {
            numbers.push(event.seq());
        }
    }
    numbers
}

fn as_text(result: &ari_client::Result) -> Result<(), String> {
    result.as_ref().copied().map_err(ToString::to_string)
}
