//! The events of a dialog, and how far they have come, as another process goes on with them.

use std::sync::Mutex;

use tokio::sync::{Notify, watch};

use super::{
    super::{
        handover::form::{DeliveryForm, EventForm},
        kept::{Budget, Kept, KeptEvent},
    },
    Delivery, State, Term,
};

impl Delivery {
    /// All of it: how far the events have come, and those that are kept.
    pub(in super::super) fn hand_over(&self) -> (DeliveryForm, Vec<EventForm>) {
        let state = self.state();
        let State { kept, closed, begun, term } = &*state;
        let form = DeliveryForm {
            base: kept.first(),
            dropped: kept.dropped().map(Into::into),
            closed: *closed,
            begun: *begun,
            number: term.number,
            version_1: term.version_1,
            origin: term.origin,
            opening: term.opening.as_ref().map(Into::into),
            cursor: term.cursor,
            window: term.window,
            reached: term.reached,
            settled: term.settled,
            acknowledged: term.acknowledged,
            acknowledges: term.acknowledges,
            reports: term.reports,
        };
        (form, kept.from(kept.first()).map(|(_, event)| event.into()).collect())
    }

    /// Whether the positions that another process has handed over go together, with so many events.
    pub(in super::super) fn fits(form: &DeliveryForm, events: usize) -> bool {
        let Some(end) = form.base.checked_add(events as u64) else { return false };
        let places = [form.cursor, form.reached, form.settled, form.acknowledged];
        form.base > 0 && places.iter().all(|place| (form.origin..=end).contains(place))
    }

    /// What another process has handed over, which fits.
    pub(in super::super) fn take_over(form: DeliveryForm, events: Vec<EventForm>, budget: Budget) -> Self {
        let events = events.into_iter().map(KeptEvent::from);
        let kept = Kept::take_over(form.base, form.dropped.map(Into::into), events, budget);
        let term = Term {
            number: form.number,
            version_1: form.version_1,
            origin: form.origin,
            opening: form.opening.map(Into::into),
            cursor: form.cursor,
            window: form.window,
            reached: form.reached,
            settled: form.settled,
            acknowledged: form.acknowledged,
            acknowledges: form.acknowledges,
            reports: form.reports,
        };
        let acknowledged = watch::Sender::new(form.acknowledged);
        let state = State { kept, closed: form.closed, begun: form.begun, term };
        Self { state: Mutex::new(state), changed: Notify::new(), acknowledged }
    }
}
