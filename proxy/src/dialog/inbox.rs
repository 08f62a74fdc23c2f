//! From the bus to the dialogs: each message to the dialog whose offer its topic names, without waiting.

use std::sync::Arc;

use ari_bus::{
    BusError, Message, Subscription, Topics,
    protocol::{Control, Incoming, parse_incoming},
};
use tokio::sync::mpsc::error::TrySendError;
use tracing::debug;

use super::{Context, Mail, pulse, replies::tell_gone};
use crate::{config::Topology, counters::Counter};

/// What workers send to a proxy.
pub(crate) struct Inbox {
    /// Version 1's commands, unless nothing is declared for a dialog.
    version_1: Option<Subscription>,
    version_2: Subscription,
}

/// The topics that a proxy reads, or their beginnings: the fixed one, version 1's, and version 2's of any process of this
/// server.
pub(crate) fn topics(context: &Context) -> [String; 3] {
    let (names, server) = (&context.names, &context.config.server_id);
    [names.control(server), names.all_commands(server), names.proxy_inbox(server, "<incarnation>")]
}

/// Subscribes to everything that workers send to this process, and to the fixed topic of its server.
///
/// # Errors
/// Those of [`ari_bus::Bus::subscribe`].
pub(crate) async fn subscribe(context: &Context) -> Result<(Inbox, Subscription), BusError> {
    let (bus, names, server) = (&context.bus, &context.names, &context.config.server_id);
    let version_1 = match context.config.bus_config.topology {
        Topology::Dedicated => Some(bus.subscribe(Topics::Under(names.all_commands(server))).await?),
        Topology::Shared => None,
    };
    let version_2 = bus.subscribe(Topics::Under(context.inbox.clone())).await?;
    let control = bus.subscribe(Topics::One(names.control(server))).await?;
    Ok((Inbox { version_1, version_2 }, control))
}

/// Passes messages on until the bus is closed.
pub(crate) async fn serve(context: Arc<Context>, Inbox { mut version_1, mut version_2 }: Inbox) {
    let next_of_version_1 = async |version_1: &mut Option<Subscription>| match version_1 {
        Some(subscription) => subscription.next().await,
        None => std::future::pending().await,
    };
    loop {
        let (message, is_version_1) = tokio::select! {
            message = next_of_version_1(&mut version_1) => (message, true),
            message = version_2.next() => (message, false),
        };
        let Some(message) = message else { return };
        if !is_version_1 && pulse::is_pulse(&context, &message.topic) {
            pulse::came_back(&context);
            continue;
        }
        let Some(offer) = context.offers().get(&message.topic) else {
            nobody_there(&context, &message);
            continue;
        };
        // A copy of a reference: the message itself is still needed if the dialog ends in this moment.
        let mail = Mail { term: offer.term, version_1: is_version_1, payload: message.payload.clone() };
        match offer.dialog.mail.try_send(mail) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                context.counters.count(Counter::Noise);
                debug!(dialog = %offer.dialog.root, "a message is dropped: the dialog cannot keep up with its worker");
            }
            Err(TrySendError::Closed(_)) => nobody_there(&context, &message),
        }
    }
}

/// A message to an offer that is over. Who accepts it is told so; nobody else awaits anything.
fn nobody_there(context: &Arc<Context>, message: &Message) {
    context.counters.count(Counter::Noise);
    debug!(topic = ?message.topic, "a message is for no dialog");
    if let Incoming::Control(Control::Accept(accept)) = parse_incoming(&message.payload) {
        let dialog_id = context.dialog_id_of(&message.topic);
        // The dispatcher itself never waits for the bus; who cannot be told now finds out by the silence.
        let Ok(turn) = Arc::clone(&context.farewells).try_acquire_owned() else { return };
        let told = Arc::clone(context);
        context.tasks.spawn(async move {
            tell_gone(&told, &accept, None, &dialog_id).await;
            drop(turn);
        });
    }
}
