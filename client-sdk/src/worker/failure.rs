//! What becomes of a call whose handler does not come to its end, and how that is told.

use std::{any::Any, fmt, time::Duration};

use futures_util::future::join_all;
use tracing::{error, info, warn};

use super::handler::BoxError;
use crate::{Call, CommandErrorKind, Method, limits::HANG_UP_DEADLINE, path};

/// What becomes of a call whose handler returned an error or panicked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// Every channel of the call is hung up.
    #[default]
    HangUp,
    /// The channel that entered the application goes on in the dialplan, after the `Stasis()` that it came from; if it
    /// cannot, it is hung up. The channels that the call had beside it are hung up.
    Continue,
}

/// How a handler failed.
pub(super) enum Failure {
    Error(BoxError),
    Panic(String),
    /// It went on for longer than this after the end of its call.
    Overdue(Duration),
    Cancelled,
}

/// What became of a channel, or of all: the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Gone,
    HungUp,
    Continues,
    Left,
}

impl Failure {
    /// From what a panic carries.
    pub(super) fn panic(panic: &(dyn Any + Send)) -> Self {
        Self::Panic(text_of(panic).to_owned())
    }

    /// Reports it, with what became of its call. A caller who hangs up is no failure, and is told quietly.
    pub(super) fn report(self, call: Outcome) {
        match self {
            Self::Error(error) if call == Outcome::Gone => {
                info!(%error, "the call went before its handler was through");
            }
            Self::Error(error) => warn!(%error, %call, "a call's handler returned an error"),
            Self::Panic(panic) => error!(panic, %call, "a call's handler panicked"),
            Self::Overdue(longest) => {
                warn!(?longest, "a call's handler was cancelled: it did not end after its call");
            }
            Self::Cancelled => warn!(%call, "a call was cancelled"),
        }
    }
}

/// Ends what is left of a call: none of its channels shall stay in silence.
pub(super) async fn end(call: &Call, how: OnFailure) -> Outcome {
    let main = call.channel().id().to_owned();
    let ending = call.dialog().legs.left().into_iter().map(|channel| {
        // One that rings cannot go on anywhere.
        let goes_on = how == OnFailure::Continue && channel == main && call.dialog().legs.is_in(&channel);
        async move {
            match goes_on {
                true => let_go(call, &channel).await,
                false => hang_up(call, &channel, HANG_UP_DEADLINE).await,
            }
        }
    });
    join_all(ending).await.into_iter().max().unwrap_or(Outcome::Gone)
}

async fn let_go(call: &Call, channel: &str) -> Outcome {
    let request = call.command(Method::Post, path(&["channels", channel, "continue"]));
    // Half of it is for hanging up.
    let within = HANG_UP_DEADLINE / 2;
    match request.timeout(within).await {
        Ok(_) => Outcome::Continues,
        // It has left the application: somebody else has it.
        Err(error) if is_elsewhere(error.kind()) => Outcome::Gone,
        Err(error) => {
            warn!(%error, "a channel of a call cannot go on in the dialplan");
            hang_up(call, channel, within).await
        }
    }
}

async fn hang_up(call: &Call, channel: &str, within: Duration) -> Outcome {
    let request = call.command(Method::Delete, path(&["channels", channel]));
    match request.timeout(within).await {
        Ok(_) => Outcome::HungUp,
        Err(error) if is_gone(error.kind()) => {
            // Its end may have been missed, or it never was.
            call.dialog().legs.remove(channel);
            Outcome::Gone
        }
        Err(error) => {
            warn!(%error, "a channel of a call could not be hung up");
            Outcome::Left
        }
    }
}

/// Whether it is not in the application any more, wherever it is.
fn is_elsewhere(kind: CommandErrorKind) -> bool {
    is_gone(kind) || matches!(kind, CommandErrorKind::NotInStasis | CommandErrorKind::Conflict)
}

fn is_gone(kind: CommandErrorKind) -> bool {
    matches!(kind, CommandErrorKind::NotFound | CommandErrorKind::Gone)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "had gone already",
            Self::HungUp => "hung up",
            Self::Continues => "goes on in the dialplan",
            Self::Left => "not hung up",
        })
    }
}

/// What a panic said.
pub(super) fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
