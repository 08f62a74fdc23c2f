//! Every metric that there is: its name, its kind, its labels, and what it tells.

use super::label::Label::{self, Application, Code, Loss, Operation, Outcome, Process, Rule, State, Type};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows. Its name ends in `_total`.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// How long things took, in seconds. Its name ends in `_seconds`.
    Histogram,
}

/// What a metric counts, where it is not a number of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// What there is to know of a metric before anything was counted.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name without what is common to all ([`PREFIX`]) and without the endings that kind and unit ask for.
    pub(super) stem: &'static str,
    /// Whether it grows, moves, or tells times.
    pub kind: Kind,
    /// What it is measured in, if it is no number of things.
    pub unit: Option<Unit>,
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// By what it is told apart, beside `server_id`.
    pub labels: &'static [Label],
}

/// What every name begins with.
pub const PREFIX: &str = "ari_proxy";

const fn counter(stem: &'static str, labels: &'static [Label]) -> Definition {
    Definition { stem, kind: Kind::Counter, unit: None, help: "", labels }
}

const fn gauge(stem: &'static str, labels: &'static [Label]) -> Definition {
    Definition { stem, kind: Kind::Gauge, unit: None, help: "", labels }
}

const fn bytes(stem: &'static str) -> Definition {
    Definition { stem, kind: Kind::Gauge, unit: Some(Unit::Bytes), help: "", labels: &[] }
}

const fn seconds(stem: &'static str, labels: &'static [Label]) -> Definition {
    Definition { stem, kind: Kind::Histogram, unit: Some(Unit::Seconds), help: "", labels }
}

/// The enum and its table, from one list.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $metric:ident = $definition:expr;)+) => {
        /// A metric of a proxy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Metric { $($(#[doc = $help])+ $metric,)+ }

        impl Metric {
            /// All of them, in the order in which they are told.
            pub const ALL: &'static [Self] = &[$(Self::$metric,)+];

            /// What there is to know of it.
            #[must_use]
            pub const fn definition(self) -> Definition {
                match self {
                    $(Self::$metric => Definition { help: concat!($($help),+), ..$definition },)+
                }
            }
        }
    };
}

metrics! {
    /// Dialogs opened, by StasisStart or by a worker.
    DialogsOpened = counter("dialogs_opened", &[Application]);
    /// Dialogs that a worker accepted, each time that one did.
    DialogsAccepted = counter("dialogs_accepted", &[Application]);
    /// Dialogs offered again because their worker was silent or gave them back.
    DialogsResumed = counter("dialogs_resumed", &[Application]);
    /// Dialogs that no worker took in time.
    DialogsUnwanted = counter("dialogs_unwanted", &[Application]);
    /// Dialogs that there are now.
    Dialogs = gauge("dialogs", &[State]);
    /// Offers published, repeated ones included.
    Offers = counter("offers", &[Application]);
    /// From the StasisStart of a call to the first offer that a worker could hear.
    OfferDuration = seconds("offer_duration", &[Application]);
    /// From the first offer that a worker could hear to the accept.
    AcceptDuration = seconds("accept_duration", &[Application]);
    /// Events received from Asterisk.
    EventsReceived = counter("events_received", &[Application, Type]);
    /// Events that belong to no dialog, or to none any more.
    EventsWithoutDialog = counter("events_without_dialog", &[]);
    /// Events published for the workers of their dialogs, repeated ones included.
    EventsSent = counter("events_sent", &[]);
    /// Events published again to the same worker, because it asked, said nothing, or the bus was away.
    EventsResent = counter("events_resent", &[]);
    /// Events that stand in for what was missed while Asterisk could not be heard.
    EventsSynthetic = counter("events_synthetic", &[]);
    /// Events dropped that a worker should have had.
    EventsLost = counter("events_lost", &[Loss]);
    /// Frames from Asterisk that are no events.
    BrokenFrames = counter("broken_frames", &[]);
    /// Events that were not yet sent to the worker of the moment, of all dialogs.
    EventsWaiting = gauge("events_waiting", &[]);
    /// What the events take that are kept until they are acknowledged, of all dialogs.
    EventsKept = bytes("events_kept");
    /// From a command to the answer of Asterisk, or to the end of the wait for it.
    CommandDuration = seconds("command_duration", &[Operation, Outcome]);
    /// What a command waits in its dialog before it is sent to Asterisk.
    CommandWait = seconds("command_wait", &[]);
    /// Commands that wait for their turn, of all dialogs.
    CommandsWaiting = gauge("commands_waiting", &[]);
    /// Commands answered with an error of the proxy itself.
    CommandsRefused = counter("commands_refused", &[Code]);
    /// Commands that the policy of their application does not allow.
    PolicyRefusals = counter("policy_refusals", &[Application, Rule]);
    /// Answers that could not be delivered, and commands whose dialog ended before they were answered.
    AnswersLost = counter("answers_lost", &[]);
    /// Requests to Asterisk that are under way.
    RequestsInFlight = gauge("requests_in_flight", &[]);
    /// Messages of workers that wait to be read by their dialogs.
    MailWaiting = gauge("mail_waiting", &[]);
    /// Messages on commands topics that could not be answered: no JSON, no command, for no dialog.
    Noise = counter("noise", &[]);
    /// Processes of workers that are known, with a live lease or silent.
    Workers = gauge("workers", &[Process]);
    /// Leases lost: a worker was silent for too long.
    LeasesLost = counter("worker_leases_lost", &[]);
    /// Whether the bus is connected: 1 or 0.
    BusConnected = gauge("bus_connected", &[]);
    /// Connections to the bus that were made anew.
    BusReconnects = counter("bus_reconnects", &[]);
    /// Events given to the bus and not yet taken by it.
    BusQueue = gauge("bus_queue", &[]);
    /// How long the bus takes for a batch of events.
    BusPublishDuration = seconds("bus_publish_duration", &[]);
    /// Batches of events that the bus did not take.
    BusPublishFailures = counter("bus_publish_failures", &[]);
    /// Whether the events of an application come to this process: 1 or 0.
    AsteriskConnected = gauge("asterisk_connected", &[Application]);
    /// Connections to Asterisk that were made anew.
    AsteriskReconnects = counter("asterisk_reconnects", &[]);
    /// Times in which the events of an application could not be heard.
    Gaps = counter("gaps", &[Application]);
    /// Events of the manager interface that were too large to be kept.
    AmiEventsDropped = counter("ami_events_dropped", &[]);
    /// Events of the stream that the broker has taken.
    StreamPublished = counter("stream_published", &[]);
    /// Events of the stream dropped because the broker did not take them in time.
    StreamLost = counter("stream_lost", &[]);
    /// Events of the stream dropped because the broker never would take them.
    StreamRejected = counter("stream_rejected", &[]);
    /// What the events of the stream take that the broker has not taken.
    StreamBuffer = bytes("stream_buffer");
    /// Whether this process acts for its server: 1, or 0 while it stands by.
    Acting = gauge("acting", &[]);
}

impl Metric {
    /// The whole name, as Prometheus knows it. The series of a histogram add `_bucket`, `_sum` and `_count`.
    #[must_use]
    pub fn name(self) -> String {
        let Definition { stem, kind, unit, .. } = self.definition();
        let unit = match unit {
            Some(Unit::Seconds) => "_seconds",
            Some(Unit::Bytes) => "_bytes",
            None => "",
        };
        let total = if kind == Kind::Counter { "_total" } else { "" };
        format!("{PREFIX}_{stem}{unit}{total}")
    }
}
