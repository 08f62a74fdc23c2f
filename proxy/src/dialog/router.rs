//! From the websocket to the dialogs: each event to each dialog that has one of its objects, once, without waiting.

use std::{collections::HashMap, sync::Arc};

use ari_bus::protocol::Names;
use time::OffsetDateTime;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};

use super::{
    Context, Dialog,
    kept::KeptEvent,
    life::{self, Beginning},
    registry::{Bound, Presence},
    restart::{self, Settling, VARIABLE},
    resync,
};
use crate::{
    asterisk::{
        event::Header,
        websocket::{Fence, Listener},
    },
    metrics::Metric,
};

/// Routes what the websocket brings.
pub(crate) struct Router {
    context: Arc<Context>,
    gaps: HashMap<String, Gap>,
    /// Whether there ever was a connection.
    connected: bool,
}

/// A gap in the events of one application, the present one or the last.
#[derive(Default)]
struct Gap {
    /// Since when events are missed, if they are.
    since: Option<OffsetDateTime>,
    /// Finds out what was missed, or what goes by; the next gap makes it begin anew.
    resync: Option<AbortOnDropHandle<()>>,
}

impl Router {
    /// A router into the dialogs of `context`.
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, gaps: HashMap::new(), connected: false }
    }

    /// A router of a process to which another hands over: nothing is to be sorted out at the first connection. Of the applications
    /// that other programs have taken from that one events are missed from now on.
    pub(crate) fn taking_over(context: Arc<Context>, taken: &[String]) -> Self {
        let mut router = Self { connected: true, ..Self::new(context) };
        router.disconnected(taken);
        router
    }

    /// Routes an event that was held.
    pub(super) fn route_again(&self, settling: &mut Settling, text: &Utf8Bytes) {
        if let Ok(header) = Header::read(text.as_str()) {
            self.route(settling, &header, text);
        }
    }

    /// Takes an event to the dialogs that it is for, or holds it. What is held, and in which order, the guard of `settling`
    /// protects.
    fn route(&self, settling: &mut Settling, header: &Header<'_>, text: &Utf8Bytes) {
        if header.variable.as_deref() == Some(VARIABLE) {
            // Our own mark, which is no business of the worker's.
            return;
        }
        if settling.is_active()
            && !self.context.registry().knows(header)
            && settling.holds(&self.context, header, text)
        {
            return;
        }
        self.context.moves.note(header, text.as_str());
        let routed = self.context.registry().route(header);
        let mut dialogs = routed.dialogs;
        if let Some(channel) = header.id_in("channel") {
            routed.settled.iter().for_each(|dialog| dialog.parted_from(&self.context, channel));
        }
        if header.kind == "StasisStart"
            && routed.opens.is_none()
            && let (Some(dialog), Some(channel)) = (dialogs.first(), header.id_in("channel"))
        {
            self.entered(dialog, channel, own(text));
        }
        if let Some(channel) = &routed.opens {
            if self.context.stop.is_cancelled() {
                warn!(?channel, "a call came while the proxy stops: it stays in Stasis");
            } else {
                dialogs.push(self.open(&header.application, channel, own(text)));
            }
        }
        if dialogs.is_empty() {
            self.context.metrics.count(Metric::EventsWithoutDialog);
            return debug!(kind = ?header.kind, application = ?header.application, "an event belongs to no dialog");
        }
        let event = KeptEvent::new(&header.kind, own(text));
        for dialog in &dialogs {
            dialog.take(&self.context, header, event.clone());
        }
        if let (Some(dialog), Some(channel)) = (&routed.parted, header.id_in("channel")) {
            dialog.parts_from(&self.context, channel);
        }
    }

    /// Tells an event that must have been missed, if its object is where it was before that; says whether it is.
    pub(super) fn stand_in(&self, bound: &Bound, presence: Presence, kind: &str, body: &str) -> bool {
        let Ok(header) = Header::read(body) else { return false };
        let mut registry = self.context.registry();
        if registry.presence(&bound.application, &bound.object) != Some(presence) {
            return false;
        }
        let dialogs = registry.route(&header).dialogs;
        if kind == "StasisStart" {
            registry.told(&bound.application, &bound.object.id);
        }
        drop(registry);
        if kind == "StasisStart"
            && let (Some(dialog), Some(channel)) = (dialogs.first(), header.id_in("channel"))
        {
            self.entered(dialog, channel, body.into());
        }
        self.context.metrics.count(Metric::EventsSynthetic);
        for dialog in &dialogs {
            dialog.take_own(&self.context, KeptEvent::stand_in(kind, body.into()));
        }
        !dialogs.is_empty()
    }

    /// A channel that a dialog has made is in the application from now on.
    fn entered(&self, dialog: &Dialog, channel: &str, start: Utf8Bytes) {
        dialog.has_first(channel, start);
        // Not before: Asterisk sets no variable on a channel that rings.
        self.context.marks.entered(&self.context, dialog, channel);
    }

    /// Makes a dialog for a channel that entered an application. Its task starts at once.
    fn open(&self, application: &str, channel: &str, start: Utf8Bytes) -> Arc<Dialog> {
        let root = Names::dialog_id(&self.context.config.server_id);
        let (dialog, mail) = Dialog::new(&self.context, root.clone(), application, channel, start);
        self.context.dialogs().insert(root, Arc::clone(&dialog));
        self.context.registry().open(channel, &dialog);
        self.context.metrics.count_of(Metric::DialogsOpened, application);
        let life = life::run(Arc::clone(&self.context), Arc::clone(&dialog), mail, Beginning::Call);
        self.context.spawn(life);
        dialog
    }

    /// Runs what finds out about an application's gap, in the place of what did before.
    fn spawn(&mut self, application: &str, work: impl Future<Output = ()> + Send + 'static) {
        let task = AbortOnDropHandle::new(self.context.spawn(work));
        self.gaps.entry(application.to_owned()).or_default().resync = Some(task);
    }

    /// Whether an application is one of ours; an event that names none may be anybody's.
    fn is_ours(&self, application: &str) -> bool {
        application.is_empty() || self.context.applications.serves(application)
    }
}

/// A text that shares no memory with the frames around it: it may be kept for as long as the call lasts.
fn own(text: &Utf8Bytes) -> Utf8Bytes {
    text.as_str().to_owned().into()
}

impl Listener for Router {
    fn connected(&mut self, applications: &[String], fence: &Fence) {
        self.context.rest.set_away(false);
        if !std::mem::replace(&mut self.connected, true) {
            let settling = restart::settle(Arc::clone(&self.context), fence.clone());
            self.context.spawn(settling);
        } else {
            self.context.metrics.count(Metric::AsteriskReconnects);
        }
        // Nobody asks any more what goes by of those that were removed meanwhile.
        let served = self.context.applications.served();
        self.gaps.retain(|application, _| served.contains(application));
        for application in applications {
            let Some(since) = self.gaps.get_mut(application).and_then(|gap| gap.since.take()) else {
                continue;
            };
            let dialogs = {
                let mut registry = self.context.registry();
                registry.forget_owed_ends(application);
                registry.dialogs(application)
            };
            let gap = KeptEvent::missed(Some(since));
            dialogs.iter().for_each(|dialog| dialog.take_own(&self.context, gap.clone()));
            let (context, application, fence) =
                (Arc::clone(&self.context), application.clone(), fence.clone());
            self.spawn(&application.clone(), async move {
                resync::run(&context, &application, &fence).await;
            });
        }
    }

    fn disconnected(&mut self, applications: &[String]) {
        let served = self.context.applications.served();
        for application in applications.iter().filter(|application| served.contains(application)) {
            let gap = self.gaps.entry(application.clone()).or_default();
            if gap.since.is_none() {
                gap.since = Some(OffsetDateTime::now_utc());
                self.context.metrics.count_of(Metric::Gaps, application);
            }
            let (context, name) = (Arc::clone(&self.context), application.clone());
            self.spawn(application, async move { resync::while_deaf(&context, &name).await });
        }
    }

    fn failed(&mut self, away: bool) {
        self.context.rest.set_away(away);
    }

    fn event(&mut self, header: &Header<'_>, text: &Utf8Bytes) {
        self.context.metrics.event(&header.application, &header.kind);
        // Nothing is held for most of a process's life, and nobody held up.
        let mut settling = self.context.settling();
        // Under the lock: whoever removes an application does not meet a call that is just beginning.
        if !self.is_ours(&header.application) {
            // Those of an application without dialogs are for the stream alone, and an Asterisk that dials in decides itself
            // which come.
            self.context.metrics.count(Metric::EventsWithoutDialog);
            return;
        }
        self.route(&mut settling, header, text);
    }

    fn broken_frame(&mut self) {
        self.context.metrics.count(Metric::BrokenFrames);
    }
}
