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

/// The configured applications, and who has them.
#[derive(Debug)]
pub(super) struct Holdings<'a> {
    all: &'a [String],
    /// Those that another program has.
    taken: BTreeSet<String>,
}

impl<'a> Holdings<'a> {
    /// All of them ours.
    pub(super) fn new(all: &'a [String]) -> Self {
        Self { all, taken: BTreeSet::new() }
    }

    /// Those that are ours, or nobody's.
    pub(super) fn ours(&self) -> Vec<String> {
        self.all.iter().filter(|application| !self.taken.contains(*application)).cloned().collect()
    }

    /// Another program has taken one.
    pub(super) fn take(&mut self, application: String) {
        warn!(
            application,
            "another program took over this application: its calls and events go there. They come here again when it is free, or when this process gets a SIGHUP"
        );
        self.taken.insert(application);
    }

    /// These are ours again.
    pub(super) fn give_back(&mut self, applications: &[String]) {
        applications.iter().for_each(|application| {
            self.taken.remove(application);
        });
    }

    /// Resolves with applications that are free again, or all that were taken once somebody says so.
    pub(super) async fn free(&self, rest: &Rest, told: &Notify, stop: &CancellationToken) -> Vec<String> {
        while self.taken.is_empty() {
            // What was said when there was nothing to take back must not count later.
            told.notified().await;
        }
        loop {
            tokio::select! {
                () = told.notified() => {
                    info!(applications = ?self.taken, "told to take applications back");
                    return self.taken.iter().cloned().collect();
                }
                () = tokio::time::sleep(FREE_LOOK) => {}
            }
            let mut free = Vec::new();
            for application in &self.taken {
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
