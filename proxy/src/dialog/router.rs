//! From the websocket to the dialogs: each event to each dialog that has one of its objects, once, without waiting.

use std::sync::Arc;

use ari_bus::protocol::Names;
use tokio::sync::{mpsc, mpsc::error::TrySendError, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{debug, info, warn};

use super::{AriEvent, Context, Dialog, life};
use crate::{
    asterisk::{event::Header, request::Request, websocket::Listener},
    counters::Counter,
    limits::{EVENTS_PER_DIALOG, MAIL_PER_DIALOG},
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
        let (events, events_in) = mpsc::channel(EVENTS_PER_DIALOG);
        let (mail, mail_in) = mpsc::channel(MAIL_PER_DIALOG);
        let dialog = Arc::new(Dialog {
            root: Names::dialog_id(&self.context.config.server_id),
            application: application.to_owned(),
            channel: channel.to_owned(),
            events,
            mail,
            channels: watch::channel(0).0,
        });
        self.context.registry().open(channel, &dialog);
        self.context.counters.count(Counter::DialogsOpened);
        let life = life::run(Arc::clone(&self.context), Arc::clone(&dialog), start, events_in, mail_in);
        self.context.tasks.spawn(life);
        dialog
    }

    fn deliver(&self, dialog: &Dialog, event: AriEvent) {
        match dialog.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(event)) => {
                self.context.counters.count(Counter::EventsLost);
                warn!(dialog = %dialog.root, kind = %event.kind, "an event is lost: {EVENTS_PER_DIALOG} wait already");
            }
            // The dialog ended in this moment: its worker has been told.
            Err(TrySendError::Closed(_)) => self.context.counters.count(Counter::EventsWithoutDialog),
        }
    }
}

impl Listener for Router {
    fn connected(&mut self) {
        let held = self.context.registry().held_channels();
        if !held.is_empty() {
            let context = Arc::clone(&self.context);
            self.context.tasks.spawn(async move { forget_dead_channels(&context, held).await });
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
        let routed = self.context.registry().route(&header);
        let mut dialogs = routed.dialogs;
        if let Some(channel) = &routed.opens {
            if self.context.stop.is_cancelled() {
                return info!(%channel, "a call came while stopping: it is left to the next proxy");
            }
            dialogs.push(self.open(&header.application, channel, text.clone()));
        }
        if dialogs.is_empty() {
            counters.count(Counter::EventsWithoutDialog);
            if &*header.kind == "ApplicationReplaced" {
                warn!(application = %header.application, "another program took over this application: its calls no longer come here");
            } else {
                debug!(kind = %header.kind, application = %header.application, "an event belongs to no dialog");
            }
            return;
        }
        let event = AriEvent { kind: header.kind.into(), body: text.clone() };
        for dialog in &dialogs {
            self.deliver(dialog, event.clone());
        }
    }

    fn broken_frame(&mut self) {
        self.context.counters.count(Counter::BrokenFrames);
    }
}

/// After a gap: a channel whose end nobody told must not hold its dialog for ever.
async fn forget_dead_channels(context: &Context, held: Vec<String>) {
    for channel in held {
        let id = percent_encoding::utf8_percent_encode(&channel, percent_encoding::NON_ALPHANUMERIC);
        let request = Request { method: reqwest::Method::GET, url: format!("/channels/{id}"), body: None };
        if context.rest.send(&request).await.is_ok_and(|answer| answer.status == 404) {
            info!(%channel, "a channel ended while Asterisk's events were away");
            context.registry().forget_channel(&channel);
        }
    }
}
