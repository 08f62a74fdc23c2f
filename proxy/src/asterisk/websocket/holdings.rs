//! Which of the applications are ours: the newest websocket that names one has it, and another program may have opened that.
//!
//! Whoever takes it back at once makes two programs fight for ever. So it is left to the other until it is free, or until a
//! person says so.

use std::collections::BTreeSet;

use reqwest::Method;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::super::{
    limits::{FREE_LOOK, FREE_PATIENCE},
    request::Request,
    rest::Rest,
};
use super::status::Status;
use crate::applications::Applications;

/// The applications of this proxy, and who has them.
#[derive(Debug)]
pub(super) struct Holdings<'a> {
    all: &'a Applications,
    status: &'a Status,
}

impl<'a> Holdings<'a> {
    /// These are wanted.
    pub(super) fn new(all: &'a Applications, status: &'a Status) -> Self {
        Self { all, status }
    }

    /// Those that are ours, or nobody's, or to be taken back.
    pub(super) fn ours(&self) -> Vec<String> {
        let now = self.status.now();
        let mut all = self.all.all();
        all.retain(|application| !now.leaves(application));
        all
    }

    /// Resolves when others are to be ours than these.
    pub(super) async fn differ(&self, had: &[String]) {
        let had: BTreeSet<&String> = had.iter().collect();
        let (mut all, mut held) = (self.all.follow(), self.status.follow());
        loop {
            all.mark_unchanged();
            held.mark_unchanged();
            if self.ours().iter().collect::<BTreeSet<_>>() != had {
                return;
            }
            // The senders live as long as `self`: neither can fail.
            tokio::select! {
                _ = all.changed() => {}
                _ = held.changed() => {}
            }
        }
    }

    /// Another program has taken one.
    pub(super) fn take(&self, application: &str) {
        if self.status.now().handing_over {
            info!(application, "Asterisk has changed over to the process that takes over");
        } else {
            warn!(
                application,
                "another program took over this application: its calls and events go there. They come here again when it is free, or when this process gets a SIGHUP"
            );
        }
        self.status.taken(application);
    }

    /// These are ours again.
    pub(super) fn give_back(&self, applications: &[String]) {
        self.status.given_back(applications);
    }

    /// Resolves with applications that are free again, or all that were taken once somebody says so.
    pub(super) async fn free(&self, rest: &Rest, told: &Notify, stop: &CancellationToken) -> Vec<String> {
        while self.status.now().taken.is_empty() {
            // What was said when there was nothing to take back must not count later.
            tokio::select! {
                () = told.notified() => {}
                () = self.status.until(|now| !now.taken.is_empty()) => {}
            }
        }
        loop {
            tokio::select! {
                () = told.notified() => {
                    let taken = Vec::from_iter(self.status.now().taken);
                    info!(applications = ?taken, "told to take applications back");
                    return taken;
                }
                () = tokio::time::sleep(FREE_LOOK) => {}
            }
            let mut free = Vec::new();
            for application in &self.status.now().taken {
                let question = Request::own(Method::GET, &["applications", application]);
                // One that has channels is known to Asterisk even if nobody has it: that cannot be told from here.
                if rest.ask(&question, FREE_PATIENCE, stop).await.is_some_and(|answer| answer.status == 404) {
                    free.push(application.clone());
                }
            }
            if !free.is_empty() {
                info!(applications = ?free, "nobody has these applications any more: taking them back");
                return free;
            }
        }
    }
}
