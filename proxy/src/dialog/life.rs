//! The life of one dialog, in its own task: offered, active, lingering, gone.

use std::{
    iter,
    sync::{Arc, atomic::Ordering},
};

use ari_bus::protocol::{Control, Incoming, parse_incoming};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{
    AriEvent, Context, Dialog, Mail,
    activity::Activity,
    commands::Commands,
    ending::{Ending, until_over},
    mailbox::Mailbox,
    offering::{Offered, Offering},
    outlet::Outlet,
    owner::{Owner, publish_gone},
    persist::delete_persistently,
    queues,
    replies::tell_gone,
    terms::Terms,
    unanswered::give_back,
};
use crate::{counters::Counter, limits::COMMANDS_PER_DIALOG};

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
            warn!(dialog = %dialog.root, "no worker took the call in time");
            let channels = forget(&context, &dialog, &mut mail, &mut terms).await;
            give_back(&context, &dialog, &channels).await;
        }
        Offered::Over => {
            debug!(dialog = %dialog.root, "the caller hung up before a worker took the call");
            let channels = forget(&context, &dialog, &mut mail, &mut terms).await;
            give_back(&context, &dialog, &channels).await;
        }
        Offered::Stopped => {
            let channels = forget(&context, &dialog, &mut mail, &mut terms).await;
            warn!(dialog = %dialog.root, ?channels, "the proxy stops before a worker took the call: it stays in Stasis");
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
    let activity = Arc::new(Activity::default());
    let (jobs, jobs_in) = mpsc::channel(COMMANDS_PER_DIALOG);
    let mut mailbox = Mailbox { context, owner, terms: &mut *terms, jobs, activity: &activity };
    let mut commands = Commands::new(context, dialog, owner, jobs_in);
    let mut outlet = Outlet::new(context, owner);
    let work = async {
        outlet.prepare().await;
        // A dialog's events never wait for its commands, nor the other way round.
        tokio::select! {
            never = outlet.run(&mut events, &activity) => never,
            never = commands.run() => never,
        }
    };
    let ending = tokio::select! {
        never = work => match never {},
        never = mailbox.run(&mut mail, first) => match never {},
        ending = until_over(context, dialog, &activity) => ending,
    };
    let channels = forget(context, dialog, &mut mail, terms).await;
    events.close();
    outlet.flush(iter::from_fn(|| events.try_recv().ok()).collect()).await;
    outlet.skip(dialog.missed.load(Ordering::Relaxed));
    let unanswered = commands.unanswered();
    if unanswered > 0 {
        context.counters.add(Counter::AnswersLost, unanswered);
        warn!(dialog = %dialog.root, unanswered, "the dialog ends before its commands are answered");
    }
    let last_words = async {
        match ending {
            // What version 1 has not read yet would be deleted with its queues.
            _ if owner.version_1 => queues::until_read(context, owner).await,
            Ending::Over => outlet.end().await,
            Ending::Stopped => publish_gone(context, owner, "the proxy stops").await,
        }
    };
    // A channel that entered in the very moment in which its dialog ended is nobody's. A stop leaves all where they are.
    let left = if ending == Ending::Over { channels } else { Vec::new() };
    tokio::join!(last_words, give_back(context, dialog, &left));
}

/// From here on a late accept is answered by the inbox, and a late event belongs to no dialog. Workers that accepted too
/// late for anybody to read it are told. Returns the dialog's channels that are still in Stasis.
async fn forget(
    context: &Context,
    dialog: &Arc<Dialog>,
    mail: &mut mpsc::Receiver<Mail>,
    terms: &mut Terms,
) -> Vec<String> {
    context.offers().remove(terms.dialog_ids());
    let channels = context.registry().close(dialog);
    mail.close();
    while let Ok(late) = mail.try_recv() {
        if late.version_1 {
            terms.note_version_1(late.term);
        }
        if let Incoming::Control(Control::Accept(accept)) = parse_incoming(&late.payload)
            && let Some(dialog_id) = terms.dialog_id(late.term)
        {
            tell_gone(context, &accept, Some(late.term), dialog_id).await;
        }
    }
    channels
}
