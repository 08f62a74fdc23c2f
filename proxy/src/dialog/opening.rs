//! `open`: a worker begins a dialog to which no call belongs yet, so that it can make one.

use std::sync::Arc;

use ari_bus::{
    BusError, Subscription,
    protocol::{Accept, Answer, Names, Open, OpenReply},
};
use tracing::info;

use super::{
    Context, Dialog,
    leases::check_name,
    life::{self, Beginning},
    offers::Offer,
    owner::Owner,
    terms::Terms,
};
use crate::{limits::OPENED_AT_ONCE, metrics::Metric};

/// The term that a dialog begins with.
const TERM: u64 = 1;

/// Subscribes to the topic on which workers open dialogs of an application, as one of its proxies.
///
/// # Errors
/// Those of [`ari_bus::Bus::join`].
pub(crate) async fn subscribe(context: &Context, topic: &str) -> Result<Subscription, BusError> {
    context.bus.join(topic, topic).await
}

/// Opens a dialog; the answer is for the worker. Said again, because the answer was lost, it opens no other.
pub(super) fn open(context: &Arc<Context>, open: &Open) -> Answer {
    match begin(context, open) {
        Ok(reply) => Answer { status: 200, body: serde_json::to_vec(&reply).unwrap_or_default().into() },
        Err(refusal) => refusal,
    }
}

fn begin(context: &Arc<Context>, open: &Open) -> Result<OpenReply, Answer> {
    let bad = |problem: String| Answer::error(400, &problem);
    check_name(&open.worker_id).map_err(bad)?;
    if !context.applications.serves(&open.application) {
        return Err(Answer::error(404, "the application is none of this proxy's"));
    }
    if context.stop.is_cancelled() || context.freeze.is_frozen() {
        return Err(ending());
    }
    if !context.status.now().ours.contains(&open.application) {
        return Err(Answer::error(503, "the proxy has no connection to Asterisk for the application"));
    }
    let root = Names::dialog_id(&context.config.server_id);
    let accept = Accept {
        term: TERM,
        unique_id: None,
        worker_id: Some(open.worker_id.clone()),
        events: open.events.clone(),
        responses: open.responses.clone(),
        bodies: open.bodies,
    };
    let owner = Owner::version_2(context, &accept, &root).map_err(bad)?;

    let mut dialogs = context.dialogs();
    if context.freeze.is_frozen() || !context.applications.serves(&open.application) {
        // In this moment; until then whoever counts the dialogs waits for this lock.
        return Err(ending());
    }
    let mut waiting = 0;
    for dialog in dialogs.values().filter(|dialog| dialog.channel().is_none()) {
        if dialog.owner().as_ref().is_some_and(|owner| owner.is_said_by(&accept)) {
            return Ok(reply(context, dialog));
        }
        waiting += 1;
    }
    if waiting >= OPENED_AT_ONCE {
        let text = format!("{OPENED_AT_ONCE} dialogs wait for their first channel already");
        return Err(Answer::error(503, &text));
    }
    let (dialog, mail) = Dialog::without_channel(context, root.clone(), &open.application);
    let mut terms = Terms::default();
    terms.add(TERM, &root);
    context.offers().add(&root, Offer { dialog: Arc::clone(&dialog), term: TERM });
    // Before anybody can find the dialog, so that the same, said again, finds its owner.
    let holding = owner.with_lease(context, &accept).hold(&dialog);
    dialogs.insert(root, Arc::clone(&dialog));
    drop(dialogs);
    context.metrics.count_of(Metric::DialogsOpened, &dialog.application);
    info!(dialog = %dialog.root, channel = dialog.channel(), application = ?dialog.application, "a worker opens a dialog");
    let reply = reply(context, &dialog);
    context.spawn(life::run(Arc::clone(context), dialog, mail, Beginning::Owned(terms, holding)));
    Ok(reply)
}

fn ending() -> Answer {
    Answer::error(503, "this process of the proxy ends: try again")
}

fn reply(context: &Context, dialog: &Dialog) -> OpenReply {
    let (server_id, root) = (context.config.server_id.clone(), dialog.root.clone());
    OpenReply {
        server_id,
        commands: context.commands_topic(&root),
        dialog_id: root.clone(),
        root,
        term: TERM,
    }
}
