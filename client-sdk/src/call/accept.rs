//! Version 2: taking an offer, and learning whether this worker got it.

use std::sync::Arc;

use ari_bus::{
    BusError,
    protocol::{Accept, Bodies, Control},
};
use bytes::Bytes;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Call, Dialog, EventStream};
use crate::{Event, limits::ACCEPT_DEADLINE};

/// Accepts the offer. The call is this worker's once the first event comes in its term; otherwise says why not,
/// which is nothing unusual: the first accept of several wins.
pub(crate) async fn accept(
    dialog: &Arc<Dialog>,
    worker_id: &str,
    events: String,
    responses: String,
) -> Result<Call, String> {
    timeout(ACCEPT_DEADLINE, confirmed(dialog, worker_id, events, responses))
        .await
        .unwrap_or_else(|_| Err("no event came to confirm it".to_owned()))
}

async fn confirmed(
    dialog: &Arc<Dialog>,
    worker_id: &str,
    events: String,
    responses: String,
) -> Result<Call, String> {
    let mut first = EventStream::new(Arc::clone(dialog), true);
    let unique_id = Uuid::now_v7().simple().to_string();
    let mut answer = dialog.commands.answers.expect(&unique_id);
    let accept = Control::Accept(Accept {
        term: dialog.term(),
        unique_id: Some(unique_id),
        worker_id: Some(worker_id.to_owned()),
        events,
        responses,
        bodies: Bodies::String,
    });
    publish(dialog, accept.to_json().into())
        .await
        .map_err(|error| format!("the accept was not sent: {error}"))?;

    let mut answered = false;
    loop {
        tokio::select! {
            // An event settles it, whatever the answer says.
            biased;
            event = first.next() => {
                let event = event.ok_or("another worker has it")?;
                return Call::new(Arc::clone(dialog), start_of(dialog, event)?);
            }
            arrived = answer.arrived(), if !answered => match arrived {
                Ok(answer) if answer.status >= 400 => {
                    let message = String::from_utf8_lossy(&answer.body);
                    return Err(format!("the proxy answered {} {message}", answer.status));
                }
                _ => answered = true,
            },
        }
    }
}

/// Publishes the accept, while the broker is away again and again: the same accept twice is one.
async fn publish(dialog: &Dialog, accept: Bytes) -> Result<(), BusError> {
    let commands = &dialog.commands;
    loop {
        match commands.bus().publish(commands.topic(), accept.clone()).await {
            Err(error) if error.is_retryable() => commands.bus_back(&error).await,
            result => return result,
        }
    }
}

/// The StasisStart: the first event, or where that was lost the copy that came with the offer.
fn start_of(dialog: &Dialog, first: Event) -> Result<Event, String> {
    if first.kind() == "StasisStart" {
        return Ok(first);
    }
    let copy = dialog.offer.start.clone().map(Event::from_offer);
    copy.ok_or_else(|| format!("its first event is a {} instead of a StasisStart", first.kind()))
}
