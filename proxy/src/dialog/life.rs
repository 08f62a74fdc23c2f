//! The life of one dialog, in its own task: offered, active, lingering, gone.

use std::sync::{Arc, atomic::Ordering};

use ari_bus::protocol::{Control, Incoming, parse_incoming};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{
    AriEvent, Context, Dialog, Mail,
    activity::Activity,
    commands,
    give_back::give_back,
    mailbox,
    offering::{Offered, Offering},
    outlet::{self, Outlet},
    owner::{Owner, publish_gone, tell_gone},
    persist::delete_persistently,
    terms::Terms,
};
use crate::{
    counters::Counter,
    limits::{COMMANDS_PER_DIALOG, MAX_OFFER_PAUSE, MIN_PAUSE},
    pauses::Pauses,
};

/// Runs a dialog from its StasisStart, `start`, to the deletion of its topics. `start` is also the first of `events`.
pub(super) async fn run(
    context: Arc<Context>,
    dialog: Arc<Dialog>,
    start: Utf8Bytes,
    events: mpsc::Receiver<AriEvent>,
    mut mail: mpsc::Receiver<Mail>,
) {
    info!(dialog = %dialog.root, channel = ?dialog.channel, application = ?dialog.application, "a call is offered");
    let (outcome, mut terms) = Offering::new(&context, &dialog, start, &mut mail).until_ended().await;
    match outcome {
        Offered::Owned { owner, first } => {
            context.counters.count(Counter::DialogsAccepted);
            info!(dialog = %dialog.root, term = owner.term, version_1 = owner.version_1, "a worker has the call");
            // Boxed: the larger part of a dialog's state is needed only now.
            Box::pin(serve(&context, &dialog, &owner, events, mail, first, &mut terms)).await;
        }
        Offered::Unwanted => {
            context.counters.count(Counter::DialogsUnwanted);
            let channels = forget(&context, &dialog, &terms);
            warn!(dialog = %dialog.root, ?channels, "no worker took the call in time");
            answer_late_accepts(&context, &mut mail, &mut terms).await;
            give_back(&context, &dialog.root, &channels).await;
        }
        Offered::Over => {
            debug!(dialog = %dialog.root, "the caller hung up before a worker took the call");
            forget(&context, &dialog, &terms);
            answer_late_accepts(&context, &mut mail, &mut terms).await;
        }
        Offered::Stopped => {
            let channels = forget(&context, &dialog, &terms);
            warn!(dialog = %dialog.root, ?channels, "the proxy stops before a worker took the call: it stays in Stasis");
            answer_late_accepts(&context, &mut mail, &mut terms).await;
        }
    }
    delete_persistently(&context, terms.kept_topics(&context.names)).await;
    debug!(dialog = %dialog.root, "the dialog is gone");
}

/// Active and lingering: events, commands and control messages side by side, until the dialog is over.
async fn serve(
    context: &Arc<Context>,
    dialog: &Arc<Dialog>,
    owner: &Owner,
    mut events: mpsc::Receiver<AriEvent>,
    mut mail: mpsc::Receiver<Mail>,
    first: Option<Mail>,
    terms: &mut Terms,
) {
    let retention = outlet::prepare(context, owner).await;
    let activity = Arc::new(Activity::default());
    let (jobs, jobs_in) = mpsc::channel(COMMANDS_PER_DIALOG);
    let mut mailbox = mailbox::Mailbox { context, owner, terms: &mut *terms, jobs, activity: &activity };
    let mut outlet = Outlet::new(context, owner, retention);
    let ending = tokio::select! {
        // A dialog's events never wait for its commands, nor the other way round.
        never = outlet.run(&mut events, &activity) => match never {},
        never = mailbox.run(&mut mail, first) => match never {},
        never = commands::run(context, dialog, owner, jobs_in) => match never {},
        ending = until_over(context, dialog, &activity) => ending,
    };
    // From here on a late accept is answered by the inbox, and a late event belongs to no dialog.
    let channels = forget(context, dialog, terms);
    answer_late_accepts(context, &mut mail, terms).await;
    events.close();
    let mut unsent = 0;
    while events.try_recv().is_ok() {
        unsent += 1;
    }
    outlet.skip(dialog.missed.load(Ordering::Relaxed) + unsent);
    // Those under way have their numbers already.
    let lost = outlet.under_way() + usize::try_from(unsent).unwrap_or(usize::MAX);
    if lost > 0 {
        context.counters.add(Counter::EventsLost, lost);
        warn!(dialog = %dialog.root, lost, "the worker could not be reached: events are lost");
    }
    match ending {
        // What version 1 has not read yet is deleted with its queue.
        Ending::Over if owner.version_1 => until_read(context, owner).await,
        Ending::Stopped if owner.version_1 => {}
        Ending::Over => outlet.end().await,
        Ending::Stopped => publish_gone(context, owner, "the proxy stops").await,
    }
    if let Ending::Over = ending {
        // A channel that entered in the very moment in which its dialog ended.
        give_back(context, &dialog.root, &channels).await;
    }
}

/// Why a dialog is over for its owner.
enum Ending {
    /// No channel of it lives any more.
    Over,
    /// The proxy stops.
    Stopped,
}

/// Resolves when no channel lives and nothing has happened for the linger time, or the retention time is up, or the
/// proxy stops and what was in flight is done.
async fn until_over(context: &Context, dialog: &Dialog, activity: &Activity) -> Ending {
    let mut channels = dialog.channels.subscribe();
    let times = &context.config.dialog;
    loop {
        tokio::select! {
            _ = channels.wait_for(|channels| *channels == 0) => {}
            () = until_done(context, dialog, activity) => return Ending::Stopped,
            () = context.abandon.cancelled() => return Ending::Stopped,
        }
        let since = Instant::now();
        loop {
            let quiet = activity.idle_since().max(since) + times.linger;
            let retained = since + times.retention;
            // While something is still to be done only the retention time ends the wait.
            let idle = activity.is_idle() && is_empty(&dialog.events);
            let now = Instant::now();
            if now >= retained || (idle && now >= quiet) {
                return Ending::Over;
            }
            let look_again = if now >= quiet { now + times.linger } else { quiet };
            tokio::select! {
                _ = channels.wait_for(|channels| *channels > 0) => break,
                () = sleep_until(look_again.min(retained)) => {}
                () = until_done(context, dialog, activity) => return Ending::Stopped,
                () = context.abandon.cancelled() => return Ending::Stopped,
            }
        }
    }
}

/// Resolves when the proxy stops and everything in flight is done.
async fn until_done(context: &Context, dialog: &Dialog, activity: &Activity) {
    context.stop.cancelled().await;
    loop {
        activity.idle().await;
        if is_empty(&dialog.events) && is_empty(&dialog.mail) {
            return;
        }
        // What is queued is about to be taken by another branch of the same task.
        sleep_until(Instant::now() + MIN_PAUSE).await;
    }
}

fn is_empty<T>(queue: &mpsc::Sender<T>) -> bool {
    queue.capacity() == queue.max_capacity()
}

/// Waits until a version-1 worker has taken what its queues hold, for the retention time at most.
async fn until_read(context: &Context, owner: &Owner) {
    let until = Instant::now() + context.config.dialog.retention;
    let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
    for topic in [&owner.events, &owner.responses] {
        while context.bus.unread(topic).await.is_ok_and(|unread| unread > 0) {
            let pause = Instant::now() + pauses.next();
            if pause >= until {
                return warn!(dialog = %owner.dialog_id, %topic, "deleted with what its worker has not read");
            }
            tokio::select! {
                () = sleep_until(pause) => {}
                () = context.stop.cancelled() => return,
            }
        }
    }
}

/// No message and no event comes to the dialog any more; returns its channels that are still in Stasis.
fn forget(context: &Context, dialog: &Arc<Dialog>, terms: &Terms) -> Vec<String> {
    context.offers().remove(terms.dialog_ids());
    context.registry().close(dialog)
}

/// Tells workers that accepted too late for anybody to read it.
async fn answer_late_accepts(context: &Context, mail: &mut mpsc::Receiver<Mail>, terms: &mut Terms) {
    mail.close();
    while let Ok(late) = mail.try_recv() {
        if late.version_1 {
            terms.note_version_1(late.term);
        }
        if let Incoming::Control(Control::Accept(accept)) = parse_incoming(&late.payload)
            && let Some(dialog_id) = terms.dialog_id(late.term)
        {
            tell_gone(context, &accept, dialog_id).await;
        }
    }
}
