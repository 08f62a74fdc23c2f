//! What an operator asks of dialogs from outside: which there are, and commands in the place of their workers.

use std::sync::{Arc, atomic::Ordering};

use ari_bus::protocol::Answer;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    Context, Dialog,
    commands::{Turn, Wanted},
    watchers::is_called,
};
use crate::asterisk::request::Request;

/// A dialog, for a list of them.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    dialog: String,
    application: String,
    /// Its first channel.
    channel: Option<String>,
    state: &'static str,
    /// How many channels it has.
    channels: usize,
    /// The term of its worker, or of the last one.
    term: Option<u64>,
    /// The worker's process, if it has told a name.
    worker: Option<String>,
}

/// Why a command was not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRun {
    /// There is no such dialog.
    #[error("there is no such dialog here")]
    Unknown,
    /// It is not clear which is meant.
    #[error("several dialogs have an id that ends so: write more of it")]
    Ambiguous,
    /// So many commands wait already.
    #[error("too many commands of this dialog wait already")]
    Busy,
    /// The dialog ended, or went to another process, before its turn came.
    #[error(
        "the dialog ended or went to another process before the command's turn came; whether it was run is not known"
    )]
    Gone,
}

impl Context {
    /// All dialogs, the oldest first.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let dialogs: Vec<Arc<Dialog>> = self.dialogs().values().cloned().collect();
        let mut listed: Vec<_> = dialogs.iter().map(|dialog| dialog.listed()).collect();
        // Their ids begin with the time.
        listed.sort_by(|one, other| one.dialog.cmp(&other.dialog));
        listed
    }

    /// Runs a command of an operator in a dialog, as a worker's: in its turn, with the dialog's policy, and what it makes belongs
    /// to the dialog.
    ///
    /// # Errors
    /// When it was not run, or nobody knows.
    pub(crate) async fn operate(&self, name: &str, request: Request) -> Result<Answer, NotRun> {
        let dialog = self.called(name)?;
        let (answers, answer) = oneshot::channel();
        let turn = Turn::Operator(Box::new(Wanted { request, answers }));
        dialog.turns.get().ok_or(NotRun::Gone)?.try_send(turn).map_err(|_| NotRun::Busy)?;
        answer.await.map_err(|_| NotRun::Gone)
    }

    /// The dialog that a person means.
    fn called(&self, name: &str) -> Result<Arc<Dialog>, NotRun> {
        let dialogs = self.dialogs();
        if let Some(dialog) = dialogs.get(name) {
            return Ok(Arc::clone(dialog));
        }
        let mut found = dialogs.values().filter(|dialog| is_called(&dialog.root, dialog.channel(), name));
        match (found.next(), found.next()) {
            (Some(dialog), None) => Ok(Arc::clone(dialog)),
            (None, _) => Err(NotRun::Unknown),
            (Some(_), Some(_)) => Err(NotRun::Ambiguous),
        }
    }
}

impl Dialog {
    fn listed(&self) -> Listed {
        let (owner, channels) = (self.owner().clone(), *self.channels.borrow());
        let state = match (self.owned.load(Ordering::Relaxed), channels) {
            (false, _) => "offered",
            (true, 0) => "lingering",
            (true, _) => "active",
        };
        Listed {
            dialog: self.root.clone(),
            application: self.application.clone(),
            channel: self.channel().map(str::to_owned),
            state,
            channels,
            term: owner.as_ref().map(|owner| owner.term),
            worker: owner.and_then(|owner| owner.lease().map(|lease| lease.worker_id().to_owned())),
        }
    }
}
