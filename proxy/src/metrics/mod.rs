//! What is measured while a proxy runs, and how Prometheus reads it.
//!
//! [`Metric`] lists what there is. To record is one or two steps of atomic numbers that were made beforehand: no lock, no
//! memory, and nothing that comes from outside makes another time series.

mod exposition;
mod family;
mod held;
mod known;
mod label;
mod link;
mod metric;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use family::Family;
use label::{code, rule_of};

pub use exposition::{Format, expose};
pub(crate) use held::Held;
pub use known::{EVENT_TYPES, OPERATIONS};
pub(crate) use label::{Answered, DialogState, Lost, WorkerState};
pub use label::{Label, OTHER};
pub(crate) use link::follow_bus;
pub use metric::{Definition, Kind, Metric, PREFIX, Unit};

/// All numbers of one proxy.
pub struct Metrics {
    server_id: String,
    /// The values of the label `application`, sorted, but for [`OTHER`].
    applications: Vec<String>,
    families: Vec<Family>,
}

impl Metrics {
    /// The numbers of a proxy of these applications, all of them 0.
    #[must_use]
    pub fn new(server_id: &str, applications: &[String]) -> Self {
        let mut applications = applications.to_vec();
        applications.sort();
        applications.dedup();
        let width = |label: &Label| match label {
            Label::Application => applications.len() + 1,
            Label::State | Label::Process | Label::Loss => label.values().len(),
            _ => label.values().len() + 1,
        };
        let family = |metric: &Metric| {
            let definition = metric.definition();
            Family::new(definition.kind, definition.labels.iter().map(width).collect())
        };
        let families = Metric::ALL.iter().map(family).collect();
        Self { server_id: server_id.to_owned(), applications, families }
    }

    /// A metric's number, over all values of its labels; of a histogram, how many times it was observed.
    #[must_use]
    pub fn get(&self, metric: Metric) -> u64 {
        let family = self.family(metric);
        let one = |values: Vec<usize>| match metric.definition().kind {
            Kind::Histogram => family.times(&values).count,
            Kind::Counter | Kind::Gauge => family.get(&values),
        };
        family.combinations().map(one).sum()
    }

    /// Counts one of a metric without labels.
    pub(crate) fn count(&self, metric: Metric) {
        self.add(metric, 1);
    }

    /// Counts several of a metric without labels.
    pub(crate) fn add(&self, metric: Metric, number: usize) {
        self.family(metric).add(&[], number as u64);
    }

    /// Counts one of a metric that is told apart by applications.
    pub(crate) fn count_of(&self, metric: Metric, application: &str) {
        self.family(metric).add(&[self.application(application)], 1);
    }

    /// Notes how long something took, where applications are told apart.
    pub(crate) fn observe_of(&self, metric: Metric, application: &str, time: Duration) {
        self.family(metric).observe(&[self.application(application)], time);
    }

    /// Notes how long something took.
    pub(crate) fn observe(&self, metric: Metric, time: Duration) {
        self.family(metric).observe(&[], time);
    }

    /// An event came from Asterisk.
    pub(crate) fn event(&self, application: &str, kind: &str) {
        let values = [self.application(application), known::event_type(kind)];
        self.family(Metric::EventsReceived).add(&values, 1);
    }

    /// Events were lost.
    pub(crate) fn lost(&self, events: usize, why: Lost) {
        self.family(Metric::EventsLost).add(&[why as usize], events as u64);
    }

    /// A command was refused with this status.
    pub(crate) fn refused(&self, status: u16) {
        self.family(Metric::CommandsRefused).add(&[code(status)], 1);
    }

    /// A command was refused by the policy of an application: by this rule, with this status.
    pub(crate) fn refused_by_policy(&self, application: &str, rule: Option<&str>, status: u16) {
        self.refused(status);
        let values = [self.application(application), rule_of(rule)];
        self.family(Metric::PolicyRefusals).add(&values, 1);
    }

    /// A command was sent to Asterisk, and this came of it.
    pub(crate) fn answered(&self, (method, url): (&str, &str), how: Answered, time: Duration) {
        let values = [known::operation(method, url), how as usize];
        self.family(Metric::CommandDuration).observe(&values, time);
    }

    /// As many are there until what is returned is dropped.
    pub(crate) fn hold(self: &Arc<Self>, metric: Metric, number: usize) -> Held {
        Held::new(self, metric, None, number as u64)
    }

    /// A dialog stands here until what is returned is dropped or says otherwise.
    pub(crate) fn dialog(self: &Arc<Self>, state: DialogState) -> Held {
        Held::new(self, Metric::Dialogs, Some(state as usize), 1)
    }

    /// Sets a gauge.
    pub(crate) fn set(&self, metric: Metric, number: usize) {
        self.family(metric).set(&[], number as u64);
    }

    /// Sets a gauge that is told apart by applications.
    pub(crate) fn set_of(&self, metric: Metric, application: &str, number: usize) {
        self.family(metric).set(&[self.application(application)], number as u64);
    }

    /// Sets how many processes of workers are in a state.
    pub(crate) fn set_workers(&self, state: WorkerState, number: usize) {
        self.family(Metric::Workers).set(&[state as usize], number as u64);
    }

    fn family(&self, metric: Metric) -> &Family {
        &self.families[metric as usize]
    }

    /// The place of an application among the values of its label.
    fn application(&self, application: &str) -> usize {
        self.applications
            .binary_search_by(|ours| ours.as_str().cmp(application))
            .unwrap_or(self.applications.len())
    }

    /// A label's value at a place.
    fn value(&self, label: Label, place: usize) -> &str {
        match label {
            Label::Application => self.applications.get(place).map_or(OTHER, String::as_str),
            _ => label.values().get(place).copied().unwrap_or(OTHER),
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("server_id", &self.server_id).finish_non_exhaustive()
    }
}

/// The counters, for one line of the log.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = Metric::ALL
            .iter()
            .map(|metric| (*metric, metric.definition()))
            .filter(|(_, definition)| definition.kind == Kind::Counter);
        for (index, (metric, definition)) in counters.enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}={}", definition.stem, self.get(metric))?;
        }
        Ok(())
    }
}
