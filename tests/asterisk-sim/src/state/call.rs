//! How a test follows a call: what happened to it, kept outside the state so that it can be waited for.

use std::sync::Arc;

use tokio::sync::watch;

/// How a call ended, as far as ARI is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// `DELETE /channels/{id}`.
    HungUpByAri {
        /// The cause it gave.
        cause: u16,
    },
    /// The caller, or the far end, hung up.
    HungUpByCaller,
    /// `POST /channels/{id}/continue`: it went on in the dialplan.
    Continued {
        /// Where to; empty for where it was.
        context: String,
        /// The extension; empty for the one it was in.
        extension: String,
        /// The priority.
        priority: i64,
    },
    /// Nobody had registered the application: Stasis() failed and the dialplan went on.
    StasisFailed {
        /// The application.
        application: String,
    },
    /// The simulator was stopped or restarted under it.
    AsteriskGone,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallState {
    /// Somebody answered it.
    pub answered: bool,
    /// The application it is in.
    pub application: Option<String>,
    /// How it ended, once it has.
    pub end: Option<CallEnd>,
}

/// The state's end of the watch on a call.
#[derive(Clone)]
pub(crate) struct CallWatch(Arc<watch::Sender<CallState>>);

impl CallWatch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(CallState { answered: false, application: None, end: None })))
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<CallState> {
        self.0.subscribe()
    }

    pub(crate) fn answered(&self) {
        self.0.send_modify(|state| state.answered = true);
    }

    pub(crate) fn entered(&self, application: &str) {
        self.0.send_modify(|state| state.application = Some(application.to_owned()));
    }

    /// The first end counts: a call that continued in the dialplan is hung up there later.
    pub(crate) fn end(&self, end: CallEnd) {
        self.0.send_modify(|state| {
            state.application = None;
            state.end.get_or_insert(end);
        });
    }
}
