//! From the bus to the dialogs: each message to the dialog whose offer its topic names, without waiting.

use std::sync::Arc;

use ari_bus::{
    BusError, Message, Subscription, Topics,
    protocol::{Control, Incoming, parse_incoming},
};
use tokio::{sync::mpsc::error::TrySendError, time::sleep};
use tracing::debug;

use super::{
    Context, Mail,
    handover::{
        Copies,
        form::{Binary, MailForm},
    },
    offers::uuid_of,
    pulse,
    replies::tell_gone,
};
use crate::{
    config::Topology,
    limits::{MAIL_KEPT, MAX_PAUSE},
    metrics::Metric,
};

/// What workers send to a proxy.
pub(crate) struct Inbox {
    /// Version 1's commands, unless nothing is declared for a dialog.
    version_1: Option<Subscription>,
    version_2: Subscription,
    /// What another process has taken of it.
    pub(super) copies: Copies,
}

/// The topics that a proxy reads, or their beginnings: the fixed one, version 1's, and version 2's of any process of this
/// server.
pub(crate) fn topics(context: &Context) -> [String; 3] {
    let (names, server) = (&context.names, &context.config.server_id);
    [names.control(server), names.all_commands(server), names.proxy_inbox(server, "<incarnation>")]
}

/// Subscribes to everything that workers send to this process.
///
/// # Errors
/// Those of [`ari_bus::Bus::subscribe`].
pub(crate) async fn subscribe(context: &Context) -> Result<Inbox, BusError> {
    let (bus, names, server) = (&context.bus, &context.names, &context.config.server_id);
    let version_1 = match context.config.bus_config.topology {
        Topology::Dedicated => Some(bus.share(&names.all_commands(server)).await?),
        Topology::Shared => None,
    };
    Ok(Inbox { version_1, version_2: bus.share(&context.inbox).await?, copies: Copies::default() })
}

/// Subscribes to the fixed topic of this server.
///
/// # Errors
/// Those of [`ari_bus::Bus::subscribe`].
pub(crate) async fn subscribe_control(context: &Context) -> Result<Subscription, BusError> {
    context.bus.subscribe(Topics::One(context.names.control(&context.config.server_id))).await
}

/// Passes messages on until the bus is closed, or another process gets them. Then what has come already is kept for it.
pub(crate) async fn serve(context: Arc<Context>, inbox: Inbox) {
    let mut inbox = Some(inbox);
    while let Some(mut open) = inbox.take() {
        tokio::select! {
            () = read(&context, &mut open) => return,
            () = context.freeze.leaving() => {}
        }
        for (message, is_version_1) in open.leave().await {
            take(&context, message, is_version_1);
        }
        context.freeze.has_left();
        // If nobody takes the dialogs.
        context.freeze.thawed().await;
        while inbox.is_none() {
            match subscribe(&context).await {
                Ok(again) => inbox = Some(again),
                Err(error) => {
                    debug!(%error, "the workers cannot be heard again yet");
                    sleep(MAX_PAUSE).await;
                }
            }
        }
    }
}

impl Inbox {
    /// The next message, and whether it is one of version 1; `None` when the bus was closed.
    async fn next(&mut self) -> Option<(Message, bool)> {
        let of_version_1 = async {
            match &mut self.version_1 {
                Some(subscription) => subscription.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = of_version_1 => message.map(|message| (message, true)),
            message = self.version_2.next() => message.map(|message| (message, false)),
        }
    }

    /// What has come and nobody else gets.
    async fn leave(self) -> Vec<(Message, bool)> {
        let version_1 = match self.version_1 {
            Some(subscription) => subscription.leave().await,
            None => Vec::new(),
        };
        let version_2 = self.version_2.leave().await.into_iter().map(|message| (message, false));
        version_1.into_iter().map(|message| (message, true)).chain(version_2).collect()
    }
}

async fn read(context: &Arc<Context>, inbox: &mut Inbox) {
    inbox.copies.begin();
    while let Some((message, is_version_1)) = inbox.next().await {
        if inbox.copies.is_empty() || !inbox.copies.take(&mail(&message, is_version_1)) {
            take(context, message, is_version_1);
        }
    }
}

fn mail(message: &Message, version_1: bool) -> MailForm {
    MailForm {
        offer: uuid_of(&message.topic).to_owned(),
        version_1,
        payload: Binary(message.payload.clone()),
    }
}

fn take(context: &Arc<Context>, message: Message, is_version_1: bool) {
    if !is_version_1 && pulse::is_pulse(context, &message.topic) {
        return pulse::came_back(context);
    }
    if !context.freeze.pass(|| mail(&message, is_version_1), || deliver(context, &message, is_version_1)) {
        context.metrics.count(Metric::Noise);
        debug!("a message is dropped: {MAIL_KEPT} wait already while the dialogs stand still");
    }
}

fn deliver(context: &Arc<Context>, message: &Message, is_version_1: bool) {
    let Some(offer) = context.offers().get(&message.topic) else {
        return nobody_there(context, message);
    };
    // A copy of a reference: the message itself is still needed if the dialog ends in this moment.
    let mail = Mail { term: offer.term, version_1: is_version_1, payload: message.payload.clone() };
    match offer.dialog.mail.try_send(mail) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => {
            context.metrics.count(Metric::Noise);
            debug!(dialog = %offer.dialog.root, "a message is dropped: the dialog cannot keep up with its worker");
        }
        Err(TrySendError::Closed(_)) => nobody_there(context, message),
    }
}

/// A message to an offer that is over. Who accepts it is told so; nobody else awaits anything.
fn nobody_there(context: &Arc<Context>, message: &Message) {
    context.metrics.count(Metric::Noise);
    debug!(topic = ?message.topic, "a message is for no dialog");
    if let Incoming::Control(Control::Accept(accept)) = parse_incoming(&message.payload) {
        let dialog_id = context.dialog_id_of(&message.topic);
        // The dispatcher itself never waits for the bus; who cannot be told now finds out by the silence.
        let Ok(turn) = Arc::clone(&context.farewells).try_acquire_owned() else { return };
        let told = Arc::clone(context);
        context.spawn(async move {
            tell_gone(&told, &accept, None, &dialog_id).await;
            drop(turn);
        });
    }
}
