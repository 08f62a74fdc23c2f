//! From the bus to the dialogs: each message to the dialog whose offer its topic names, without waiting.

use std::sync::Arc;

use ari_bus::{
    BusError, Message, Subscription, Topics,
    protocol::{Control, Incoming, parse_incoming},
};
use tokio::sync::mpsc::error::TrySendError;
use tracing::debug;

use super::{Context, Mail, replies::tell_gone};
use crate::counters::Counter;

/// The beginnings of the topics that a proxy reads: version 1's, and version 2's of any process of this server.
pub(crate) fn topics(context: &Context) -> [String; 2] {
    let server = &context.config.server_id;
    [context.names.all_commands(server), context.names.proxy_inbox(server, "<incarnation>")]
}

/// Subscribes to everything that workers send to this process.
///
/// # Errors
/// Those of [`ari_bus::Bus::subscribe`].
pub(crate) async fn subscribe(context: &Context) -> Result<(Subscription, Subscription), BusError> {
    let version_1 = Topics::Under(context.names.all_commands(&context.config.server_id));
    let version_2 = Topics::Under(context.inbox.clone());
    Ok((context.bus.subscribe(version_1).await?, context.bus.subscribe(version_2).await?))
}

/// Passes messages on until the bus is closed.
pub(crate) async fn serve(
    context: Arc<Context>,
    (mut version_1, mut version_2): (Subscription, Subscription),
) {
    loop {
        let (message, is_version_1) = tokio::select! {
            message = version_1.next() => (message, true),
            message = version_2.next() => (message, false),
        };
        let Some(message) = message else { return };
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
