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
    /// Those that were taken and are to be taken back.
    back: BTreeSet<String>,
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
        self.state.send_modify(|state| state.back.extend(state.handed.iter().cloned()));
    }

    /// An application that another program has is to be taken back, or is left to it after all.
    pub(crate) fn want_back(&self, application: &str, wanted: bool) {
        self.state.send_modify(|state| {
            if !wanted {
                state.back.remove(application);
            } else if state.taken.contains(application) {
                state.back.insert(application.to_owned());
            }
        });
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
                state.back.clear();
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
    /// Whether an application is left to another program.
    pub(super) fn leaves(&self, application: &str) -> bool {
        self.taken.contains(application) && !self.back.contains(application)
    }

    fn has_back(&mut self, applications: &[String]) {
        for application in applications {
            self.taken.remove(application);
            self.handed.remove(application);
            self.back.remove(application);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_left_to_others_unless_it_is_wanted_back() {
        let status = Status::without(["a".to_owned(), "b".to_owned()]);
        let left = || ["a", "b"].map(|name| status.now().leaves(name));
        assert_eq!(left(), [true, true]);
        status.want_back("a", true);
        assert_eq!(left(), [false, true]);
        status.want_back("a", false);
        assert_eq!(left(), [true, true]);

        status.want_back("a", true);
        status.connected(&["a".to_owned()]);
        status.taken("a");
        assert_eq!(left(), [true, true], "it was had back, and taken again");

        // Nobody has it: there is nothing that could be taken again.
        status.given_back(&["b".to_owned()]);
        status.want_back("b", true);
        status.taken("b");
        assert_eq!(left(), [true, true]);
    }

    #[test]
    fn what_a_failed_handover_has_cost_is_wanted_back() {
        let status = Status::without(["others".to_owned()]);
        for _ in 0..2 {
            status.expect_handover(true);
            status.taken("ours");
            assert!(status.now().leaves("ours"), "the other process has it for now");
            status.take_back();
            status.expect_handover(false);
            let now = status.now();
            assert_eq!((now.leaves("ours"), now.leaves("others")), (false, true));
        }
    }
}
