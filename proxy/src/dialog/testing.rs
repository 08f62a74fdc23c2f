//! What the tests of this folder share.

use std::sync::Arc;

use ari_bus::{
    Bus,
    protocol::{Accept, Names},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Context, Dialog, Mail, kept::KeptEvent, owner::Owner};
use crate::{claim::Claim, metrics::Metrics, testing};

/// What dialogs share, on this bus, with an Asterisk that nobody can reach.
pub(super) fn context(bus: impl Bus) -> Context {
    let config = testing::config("127.0.0.1:1");
    let rest = testing::rest(&config);
    let metrics = Arc::new(Metrics::new(&config.server_id, &config.applications));
    Context::new(
        config,
        Arc::new(bus),
        rest,
        metrics,
        "1",
        Arc::new(Claim::for_ever()),
        CancellationToken::new(),
    )
}

/// A dialog with a channel, and the end of its mail.
pub(super) fn dialog(context: &Context) -> (Arc<Dialog>, mpsc::Receiver<Mail>) {
    let root = Names::dialog_id(&context.config.server_id);
    let (dialog, mail) = Dialog::new(context, root, "hello", "17.1", "{}".into());
    dialog.channels.send_replace(1);
    (dialog, mail)
}

/// A worker of version 2 that reads its events from this topic, in term 1.
pub(super) fn owner(context: &Context, events: &str) -> Arc<Owner> {
    let accept =
        Accept { term: 1, events: events.to_owned(), responses: "responses".to_owned(), ..Accept::default() };
    Arc::new(Owner::version_2(context, &accept, "pbx.1").unwrap())
}

/// An event.
pub(super) fn event(kind: &str) -> KeptEvent {
    KeptEvent::new(kind, "{}".into())
}
