//! What a running proxy tells of itself to whoever asks: its part in its server, its links, and since when they are as they are.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use ari_bus::{Link, LinkState};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{
    applications::Applications,
    asterisk::websocket::{Held, Status},
    dialog::Context,
    metrics::Metrics,
};

/// A proxy as others of the process see it; it lives as long as the process, whatever becomes of the proxy.
pub(crate) struct State {
    server_id: String,
    /// What is measured of it.
    pub(super) metrics: Arc<Metrics>,
    applications: Arc<Applications>,
    /// Whether Asterisk dials in.
    dials_in: AtomicBool,
    now: Mutex<Now>,
}

/// As it is at one moment.
#[derive(Clone)]
pub(crate) struct Now {
    /// Which part this process has among those of its server.
    pub(crate) role: Since<Role>,
    /// Whether the bus is there.
    pub(crate) bus: Since<bool>,
    /// Who has each of the applications in Asterisk.
    pub(crate) asterisk: BTreeMap<String, Since<Holder>>,
    /// All that this process has for its server, while it acts.
    context: Option<Arc<Context>>,
}

/// A value, and since when it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since<T> {
    pub(crate) value: T,
    pub(crate) since: OffsetDateTime,
}

/// The part of a process among those of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It does not know yet whether another one acts.
    Starting,
    /// Another process acts, and this one takes its place when that is gone.
    Standby,
    /// It acts.
    Acting,
    /// It ends.
    Stopping,
}

/// Who has an application in Asterisk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// This process: its events come.
    Ours,
    /// Another program has taken it.
    Others,
    /// Nobody, as far as is known: there is no connection.
    Nobody,
}

impl<T: PartialEq> Since<T> {
    fn new(value: T) -> Self {
        Self { value, since: OffsetDateTime::now_utc() }
    }

    /// The same value again changes nothing.
    fn set(&mut self, value: T) {
        if self.value != value {
            *self = Self::new(value);
        }
    }
}

impl State {
    /// A proxy that has not begun.
    pub(super) fn new(server_id: &str, applications: &Arc<Applications>, metrics: Arc<Metrics>) -> Arc<Self> {
        let nobody = |name: String| (name, Since::new(Holder::Nobody));
        let now = Now {
            role: Since::new(Role::Starting),
            bus: Since::new(false),
            asterisk: applications.all().into_iter().map(nobody).collect(),
            context: None,
        };
        Arc::new(Self {
            server_id: server_id.to_owned(),
            applications: Arc::clone(applications),
            dials_in: AtomicBool::new(false),
            metrics,
            now: Mutex::new(now),
        })
    }

    /// The name of its server.
    pub(crate) fn server_id(&self) -> &str {
        &self.server_id
    }

    /// Its applications.
    pub(crate) fn applications(&self) -> &Applications {
        &self.applications
    }

    /// Its Asterisk dials in.
    pub(super) fn dials_in(&self) {
        self.dials_in.store(true, Ordering::Relaxed);
    }

    /// Whether its Asterisk dials in, and decides itself which applications there are.
    pub(crate) fn is_dialled(&self) -> bool {
        self.dials_in.load(Ordering::Relaxed)
    }

    /// As it is now.
    pub(crate) fn now(&self) -> Now {
        self.lock().clone()
    }

    /// What the dialogs of its server share, if it acts.
    pub(crate) fn context(&self) -> Option<Arc<Context>> {
        self.lock().context.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // Each method under it leaves it whole.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It does not act, or not any more.
    pub(super) fn waits(&self, role: Role) {
        let mut now = self.lock();
        now.context = None;
        now.takes(role);
        now.asterisk.values_mut().for_each(|holder| holder.set(Holder::Nobody));
    }

    /// It acts from now on.
    pub(super) fn acts(&self, context: &Arc<Context>) {
        let mut now = self.lock();
        now.context = Some(Arc::clone(context));
        now.takes(Role::Acting);
    }

    /// Notes how the bus comes and goes, and the stop.
    pub(super) async fn follow_bus(&self, mut link: LinkState, stop: CancellationToken) {
        self.lock().bus.set(link.is_up());
        loop {
            tokio::select! {
                link = link.changed() => {
                    self.lock().bus.set(link == Link::Up);
                    if link == Link::Closed {
                        // Nothing changes any more.
                        stop.cancelled().await;
                    }
                }
                () = stop.cancelled() => return self.lock().takes(Role::Stopping),
            }
        }
    }

    /// Notes who has the applications, while this process acts.
    pub(super) async fn follow_asterisk(&self, status: &Status) {
        let (mut changes, mut wanted) = (status.follow(), self.applications.follow());
        loop {
            let held = changes.borrow_and_update().clone();
            let all = self.applications.all();
            self.lock().holders(&all, &held);
            let ended = tokio::select! {
                change = changes.changed() => change.is_err(),
                change = wanted.changed() => change.is_err(),
            };
            if ended {
                return;
            }
        }
    }
}

impl Now {
    /// A process that ends does nothing else any more.
    fn takes(&mut self, role: Role) {
        if self.role.value != Role::Stopping {
            self.role.set(role);
        }
    }

    fn holders(&mut self, applications: &[String], held: &Held) {
        self.asterisk.retain(|name, _| applications.contains(name));
        for name in applications {
            let holder = match name {
                name if held.ours.contains(name) => Holder::Ours,
                name if held.taken.contains(name) => Holder::Others,
                _ => Holder::Nobody,
            };
            self.asterisk.entry(name.clone()).or_insert_with(|| Since::new(holder)).set(holder);
        }
    }

    /// Whether it does its part: who acts has the bus and each application, who stands by has the bus.
    pub(crate) fn is_ready(&self) -> bool {
        let asterisk = || self.asterisk.values().all(|holder| holder.value == Holder::Ours);
        self.bus.value
            && match self.role.value {
                Role::Acting => asterisk(),
                Role::Standby => true,
                Role::Starting | Role::Stopping => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acting() -> Now {
        let names = ["a".to_owned(), "b".to_owned()];
        let metrics = Arc::new(Metrics::new("pbx-1", &names));
        let state = State::new("pbx-1", &Arc::new(Applications::fixed(&names)), metrics);
        state.lock().takes(Role::Acting);
        state.lock().bus.set(true);
        state.now()
    }

    #[test]
    fn who_acts_is_ready_with_the_bus_and_every_application() {
        let mut now = acting();
        let names = ["a".to_owned(), "b".to_owned()];
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let has = |ours: &[&str], taken: &[&str]| {
            let mut held = Held::default();
            (held.ours, held.taken) = (set(ours), set(taken));
            held
        };
        for (held, ready) in [
            (has(&[], &[]), false),
            (has(&["a"], &[]), false),
            (has(&["a"], &["b"]), false),
            (has(&["a", "b"], &[]), true),
        ] {
            now.holders(&names, &held);
            assert_eq!(now.is_ready(), ready, "{held:?}");
        }
        now.bus.set(false);
        assert!(!now.is_ready());
    }

    #[test]
    fn who_stands_by_needs_the_bus_alone_and_who_stops_is_never_ready() {
        let mut now = acting();
        now.role.set(Role::Standby);
        assert!(now.is_ready());
        now.takes(Role::Stopping);
        assert!(!now.is_ready());
        now.takes(Role::Acting);
        assert_eq!(now.role.value, Role::Stopping);
    }

    #[test]
    fn what_stays_as_it_is_keeps_its_time() {
        let mut bus = Since { value: true, since: OffsetDateTime::UNIX_EPOCH };
        bus.set(true);
        assert_eq!(bus.since, OffsetDateTime::UNIX_EPOCH);
        bus.set(false);
        assert!(bus.since > OffsetDateTime::UNIX_EPOCH);
    }
}
