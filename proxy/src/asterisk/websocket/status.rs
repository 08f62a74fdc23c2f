//! Which applications' events come on the connection of the moment, and which other programs have.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// The state of the link to Asterisk, for whoever wants to know.
#[derive(Debug, Default)]
pub(crate) struct Status {
    state: watch::Sender<Held>,
}

/// Who has the applications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Those whose events come here.
    pub(crate) ours: BTreeSet<String>,
    /// Those that other programs have taken over.
    pub(crate) taken: BTreeSet<String>,
    /// Whether another process of this server is expected to take them.
    pub(crate) handing_over: bool,
    /// Those that were taken then.
    handed: BTreeSet<String>,
    /// Whether these are to be taken back.
    back: bool,
}

impl Status {
    /// A link that leaves these applications to others.
    pub(crate) fn without(taken: impl IntoIterator<Item = String>) -> Self {
        let taken = taken.into_iter().collect();
        Self { state: watch::Sender::new(Held { taken, ..Held::default() }) }
    }

    /// As it is now.
    pub(crate) fn now(&self) -> Held {
        self.state.borrow().clone()
    }

    /// As it is now and as it changes.
    pub(crate) fn follow(&self) -> watch::Receiver<Held> {
        self.state.subscribe()
    }

    /// Resolves when it is so.
    pub(crate) async fn until(&self, is: impl FnMut(&Held) -> bool) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.state.subscribe().wait_for(is).await;
    }

    /// Another process of this server is about to take the applications, or is not any more.
    pub(crate) fn expect_handover(&self, expected: bool) {
        self.state.send_modify(|state| state.handing_over = expected);
    }

    /// What was taken while that was expected is to be taken back.
    pub(crate) fn take_back(&self) {
        self.state.send_modify(|state| state.back = true);
    }

    /// Resolves with what is to be taken back.
    pub(super) async fn wanted_back(&self) -> Vec<String> {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`: this cannot fail.
        let wanted = state.wait_for(|state| state.back && !state.handed.is_empty()).await;
        wanted.map(|state| state.handed.iter().cloned().collect()).unwrap_or_default()
    }

    pub(in super::super) fn connected(&self, applications: &[String]) {
        self.state.send_modify(|state| {
            state.ours.extend(applications.iter().cloned());
            state.has_back(applications);
        });
    }

    /// This process does not want them any more.
    pub(super) fn given_up(&self, applications: &[String]) {
        self.state.send_modify(|state| {
            state.ours.retain(|application| !applications.contains(application));
            state.has_back(applications);
        });
    }

    pub(in super::super) fn disconnected(&self) {
        self.state.send_modify(|state| state.ours.clear());
    }

    pub(in super::super) fn taken(&self, application: &str) {
        self.state.send_modify(|state| {
            state.ours.remove(application);
            state.taken.insert(application.to_owned());
            if state.handing_over {
                state.back = false;
                state.handed.insert(application.to_owned());
            }
        });
    }

    /// Nobody waits any more until other programs give these up.
    pub(crate) fn given_back(&self, applications: &[String]) {
        self.state.send_modify(|state| {
            state.has_back(applications);
        });
    }
}

impl Held {
    fn has_back(&mut self, applications: &[String]) {
        for application in applications {
            self.taken.remove(application);
            self.handed.remove(application);
        }
    }
}
