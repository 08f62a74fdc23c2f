//! What the test worker does with its calls, and what it writes down of it.

mod diary;
mod keeping;
mod steps;

pub use diary::{Diary, Entry, What};

use ari_client::Call;

/// The variable that a step sets in Asterisk: its value is the number of the step's event. Whoever repeats the step sends
/// the same, which is how the SDK and the proxy know it again.
pub const STEP: &str = "STEP";
/// The variable by which a worker signs: its value is `number.worker.term` (0 when it begins), so that no
/// other sends the same.
pub const SIGN: &str = "SIGN";
/// The argument of `Stasis()` for [`Handler::Panics`].
pub const PANIC: &str = "panic";

/// Which of them a worker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handler {
    /// Signs when it begins, takes one step for each numbered event and saves after each; hangs up after the last.
    Steps,
    /// The same, and signs before each step, so that a late command of a worker is known as such.
    Signs,
    /// As `Steps`, and never saves.
    Unsaved,
    /// As `Steps`, and panics at the third event of a call that entered with the argument [`PANIC`].
    Panics,
    /// Has the call until somebody else ends it.
    Holds,
}

impl Handler {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Steps, "steps"),
        (Self::Signs, "signs"),
        (Self::Unsaved, "unsaved"),
        (Self::Panics, "panics"),
        (Self::Holds, "holds"),
    ];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(handler, _)| *handler == self).map_or("", |(_, name)| name)
    }

    /// The handler of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, of)| *of == name).map(|(handler, _)| *handler)
    }

    /// Serves a call.
    ///
    /// # Errors
    /// When a command fails that nothing can be made of.
    ///
    /// # Panics
    /// Where [`Panics`](Self::Panics) is to.
    pub async fn serve(self, call: Call, diary: Diary) -> ari_client::Result {
        match self {
            Self::Steps | Self::Signs | Self::Unsaved | Self::Panics => {
                steps::serve(self, &call, &diary.of(&call)).await
            }
            Self::Holds => {
                let page = diary.of(&call);
                page.write(What::Began { resumed: None });
                page.write(What::Ended { why: format!("{:?}", call.ended().await) });
                Ok(())
            }
        }
    }
}
