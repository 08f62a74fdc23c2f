//! The fixed topics: heartbeats of workers, which keep their leases and say what has arrived, and dialogs that they bring or
//! open.

use std::{collections::HashSet, sync::Arc};

use ari_bus::{
    Subscription,
    protocol::{
        Answer, Attach, Bodies, Confirmed, FixedControl, Heartbeat, HeartbeatReply, Held as Named,
        MAX_UNIQUE_ID,
    },
};
use serde::Deserialize;
use tracing::debug;

use super::{
    Context,
    leases::{Held, check_name},
    opening,
    replies::{ReplyTo, answer_whole},
    restart,
};
use crate::metrics::Metric;

/// What is needed to answer a message that is not understood.
#[derive(Deserialize)]
struct Sender {
    unique_id: String,
    responses: String,
}

/// Reads a fixed topic until the bus is closed.
pub(crate) async fn serve(context: Arc<Context>, mut messages: Subscription) {
    while let Some(message) = messages.next().await {
        if !context.claim.is_certain() {
            // Another process may have the calls: the workers ask again in a moment.
            continue;
        }
        let reply = match serde_json::from_slice::<FixedControl>(&message.payload) {
            Ok(FixedControl::Heartbeat(heartbeat)) => {
                let answer = match check(&heartbeat) {
                    Ok(()) => beat(&context, &heartbeat),
                    Err(problem) => Answer::error(400, &problem),
                };
                Some((heartbeat.unique_id, heartbeat.responses, Bodies::String, answer))
            }
            Ok(FixedControl::Attach(attach)) => match check_id(&attach.unique_id) {
                Ok(()) => {
                    bring_back(&context, attach);
                    continue;
                }
                Err(problem) => {
                    Some((attach.unique_id, attach.responses, attach.bodies, Answer::error(400, &problem)))
                }
            },
            Ok(FixedControl::Open(open)) => {
                let answer = match check_id(&open.unique_id) {
                    Ok(()) => opening::open(&context, &open),
                    Err(problem) => Answer::error(400, &problem),
                };
                Some((open.unique_id, open.responses, open.bodies, answer))
            }
            Err(error) => refuse(&message.payload, &format!("control message: {error}")),
        };
        match reply {
            Some((unique_id, responses, bodies, answer)) => {
                send(&context, unique_id, responses, bodies, answer);
            }
            None => context.metrics.count(Metric::Noise),
        }
    }
}

/// What a heartbeat must fulfil beyond its form; the text is for the worker.
fn check(heartbeat: &Heartbeat) -> Result<(), String> {
    check_id(&heartbeat.unique_id)?;
    check_name(&heartbeat.worker_id)
}

fn check_id(unique_id: &str) -> Result<(), String> {
    match unique_id.len() {
        ..=MAX_UNIQUE_ID => Ok(()),
        _ => Err(format!("`unique_id` is longer than {MAX_UNIQUE_ID} bytes")),
    }
}

/// The answer to a message that cannot be read, if it says where that goes.
fn refuse(payload: &[u8], text: &str) -> Option<(String, String, Bodies, Answer)> {
    let Sender { unique_id, responses } = serde_json::from_slice(payload).ok()?;
    let answer = check_id(&unique_id)
        .map_or_else(|problem| Answer::error(400, &problem), |()| Answer::error(400, text));
    Some((unique_id, responses, Bodies::String, answer))
}

/// Answers beside the reading, which never waits for the bus.
fn send(context: &Arc<Context>, mut unique_id: String, responses: String, bodies: Bodies, answer: Answer) {
    // One that is too long is not repeated: the answer would be as long, each part of it.
    if check_id(&unique_id).is_err() {
        unique_id.clear();
    }
    let Ok(turn) = Arc::clone(&context.replies).try_acquire_owned() else {
        return debug!("a message on a fixed topic is not answered: too many replies are under way");
    };
    let told = Arc::clone(context);
    context.spawn(async move {
        let to = ReplyTo { responses: Some(&responses), unique_id: Some(&unique_id), bodies };
        answer_whole(&told, to, &answer).await;
        drop(turn);
    });
}

/// Gives a dialog back to its worker, beside the reading.
fn bring_back(context: &Arc<Context>, attach: Attach) {
    if context.freeze.is_frozen() {
        let answer = Answer::error(503, "the calls are being handed over to another process");
        return send(context, attach.unique_id, attach.responses, attach.bodies, answer);
    }
    let Ok(turn) = Arc::clone(&context.attaches).try_acquire_owned() else {
        let answer = Answer::error(503, "too many dialogs are brought at once");
        return send(context, attach.unique_id, attach.responses, attach.bodies, answer);
    };
    let bringing = Arc::clone(context);
    context.spawn(async move {
        let answer = restart::attach(&bringing, &attach).await;
        let (responses, unique_id) = (Some(attach.responses.as_str()), Some(attach.unique_id.as_str()));
        answer_whole(&bringing, ReplyTo { responses, unique_id, bodies: attach.bodies }, &answer).await;
        drop(turn);
    });
}

/// Notes what a heartbeat says, and answers with what the worker has.
fn beat(context: &Context, heartbeat: &Heartbeat) -> Answer {
    let Some(lease) = context.leases.known(&heartbeat.worker_id) else {
        return Answer::error(503, "too many workers have a lease with this proxy already");
    };
    lease.beats();
    let mut dialogs = Vec::new();
    let mut told = HashSet::new();
    for named in &heartbeat.dialogs {
        told.insert(named.root.as_str());
        if let Some(held) = lease.held(&named.root, named.term) {
            note(context, named, &held);
            dialogs.push(confirm(context, &held));
        }
    }
    for held in lease.to_tell(context.clock.now()) {
        if !told.contains(held.dialog.root.as_str()) {
            dialogs.push(confirm(context, &held));
        }
    }
    let lease_ms = u64::try_from(context.config.dialog.lease.as_millis()).ok();
    let reply = HeartbeatReply { incarnation: context.incarnation.clone(), lease_ms, dialogs };
    Answer { status: 200, body: serde_json::to_vec(&reply).unwrap_or_default().into() }
}

/// Notes what a worker says of one of its dialogs.
fn note(context: &Context, named: &Named, held: &Held) {
    let dialog = &held.dialog;
    if let Some(seq) = named.seq
        && dialog.delivery.arrived(named.term, seq).is_err()
    {
        debug!(dialog = %dialog.root, seq, "a worker says that it has an event which was never sent");
    }
    let free =
        |topic: &Option<String>| topic.clone().filter(|topic| context.check_worker_topic(topic).is_ok());
    if held.owner.moves(free(&named.events).as_deref(), free(&named.responses).as_deref()) {
        debug!(dialog = %dialog.root, "a worker is reached at other topics");
        // What was sent to the old ones may never have been read.
        dialog.delivery.again_all();
    }
}

fn confirm(context: &Context, held: &Held) -> Confirmed {
    Confirmed {
        root: held.dialog.root.clone(),
        term: held.owner.term,
        seq: held.dialog.delivery.last().0,
        commands: context.commands_topic(&held.owner.dialog_id),
    }
}
