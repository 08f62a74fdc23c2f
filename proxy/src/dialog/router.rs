//! From the websocket to the dialogs: each event to each dialog that has one of its objects, once, without waiting.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use ari_bus::protocol::Names;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{Context, Dialog, delivery::Delivery, kept::KeptEvent, life, registry::Held};
use crate::{
    asterisk::{event::Header, request::Request, websocket::Listener},
    counters::Counter,
    limits::{MAIL_PER_DIALOG, RESYNC},
};

/// Routes what the websocket brings.
pub(crate) struct Router {
    context: Arc<Context>,
}

impl Router {
    /// A router into the dialogs of `context`.
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Makes a dialog for a channel that entered an application. Its task starts at once.
    fn open(&self, application: &str, channel: &str, start: Utf8Bytes) -> Arc<Dialog> {
        let (mail, mail_in) = mpsc::channel(MAIL_PER_DIALOG);
        let dialog = Arc::new(Dialog {
            root: Names::dialog_id(&self.context.config.server_id),
            application: application.to_owned(),
            channel: channel.to_owned(),
            start,
            delivery: Delivery::new(self.context.budget.clone()),
            recorded: Mutex::default(),
            saved: Mutex::default(),
            owner: Mutex::default(),
            valid: AtomicU64::new(1),
            mail,
            channels: watch::channel(0).0,
        });
        self.context.registry().open(channel, &dialog);
        self.context.counters.count(Counter::DialogsOpened);
        self.context.tasks.spawn(life::run(Arc::clone(&self.context), Arc::clone(&dialog), mail_in));
        dialog
    }

    fn deliver(&self, dialog: &Dialog, event: KeptEvent) {
        let counters = &self.context.counters;
        match dialog.delivery.push(event) {
            Some(0) => {}
            Some(lost) => {
                counters.add(Counter::EventsLost, usize::try_from(lost).unwrap_or(usize::MAX));
                // There can be thousands, and this task must not wait for the log.
                debug!(dialog = %dialog.root, lost, "events are lost: more wait than are kept");
            }
            // The dialog ended in this moment: its worker has been told.
            None => counters.count(Counter::EventsWithoutDialog),
        }
    }
}

/// A text that shares no memory with the frames around it: it may be kept for as long as the call lasts.
fn own(text: &Utf8Bytes) -> Utf8Bytes {
    text.as_str().to_owned().into()
}

impl Listener for Router {
    fn connected(&mut self) {
        let held = {
            let mut registry = self.context.registry();
            registry.forget_owed_ends();
            registry.held_channels()
        };
        if !held.is_empty() {
            let context = Arc::clone(&self.context);
            self.context.tasks.spawn(async move { forget_gone_channels(&context, held).await });
        }
    }

    fn disconnected(&mut self) {}

    fn event(&mut self, text: Utf8Bytes) {
        let counters = &self.context.counters;
        let header = match Header::read(text.as_str()) {
            Ok(header) => header,
            Err(error) => {
                debug!(%error, "a text frame from Asterisk is no event");
                return self.broken_frame();
            }
        };
        counters.count(Counter::EventsReceived);
        self.context.moves.note(&header, text.as_str());
        let routed = self.context.registry().route(&header);
        let mut dialogs = routed.dialogs;
        if let Some(channel) = &routed.opens {
            if self.context.stop.is_cancelled() {
                warn!(?channel, "a call came while the proxy stops: it stays in Stasis");
            } else {
                dialogs.push(self.open(&header.application, channel, own(&text)));
            }
        }
        if dialogs.is_empty() {
            counters.count(Counter::EventsWithoutDialog);
            if &*header.kind == "ApplicationReplaced" {
                warn!(application = ?header.application, "another program took over this application: its calls no longer come here");
            } else {
                debug!(kind = ?header.kind, application = ?header.application, "an event belongs to no dialog");
            }
            return;
        }
        let event = KeptEvent::new(&header.kind, own(&text));
        for dialog in &dialogs {
            self.deliver(dialog, event.clone());
        }
    }

    fn broken_frame(&mut self) {
        self.context.counters.count(Counter::BrokenFrames);
    }
}

/// After a gap: a channel whose end nobody told must not hold its dialog for ever.
///
/// Asterisk subscribes an application to each channel that is in it, or is being originated for it, and ends that when
/// the channel leaves: what it no longer lists is gone, even if the channel lives on in the dialplan.
async fn forget_gone_channels(context: &Context, held: Vec<Held>) {
    let applications: BTreeSet<&str> = held.iter().map(|held| held.application.as_str()).collect();
    for application in applications {
        let Some(there) = channels_in(context, application).await else {
            if !context.stop.is_cancelled() {
                warn!(
                    ?application,
                    "Asterisk does not tell which channels it still has after the gap: dialogs of those that left meanwhile do not end"
                );
            }
            continue;
        };
        for Held { channel, .. } in held.iter().filter(|held| held.application == application) {
            if !there.contains(channel) && context.registry().forget_channel(application, channel) {
                info!(?channel, "a channel left while Asterisk's events were away");
            }
        }
    }
}

/// The channels that Asterisk lists for an application; `None` if it cannot be asked in time.
async fn channels_in(context: &Context, application: &str) -> Option<HashSet<String>> {
    let question = Request::own(reqwest::Method::GET, &["applications", application]);
    let answer = context.rest.ask(&question, RESYNC, &context.stop).await?;
    let application: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let listed = application.get("channel_ids")?.as_array()?.iter();
    Some(listed.filter_map(|id| id.as_str().map(str::to_owned)).collect())
}
