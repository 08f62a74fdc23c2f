//! What a handler leaves for the next one. The only lines of the tests that use the SDK's `save` and `resumed`.

use ari_client::Call;
use serde::{Deserialize, Serialize};

/// Where a handler is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct State {
    /// The number of the next event.
    pub(super) next: u64,
}

/// Saves the state.
pub(super) async fn save(call: &Call, state: State) -> ari_client::Result {
    call.save(&state).await
}

/// What was saved by whoever had the call before.
pub(super) fn resumed(call: &Call) -> Option<State> {
    // A state that cannot be read is told as one that was lost.
    call.resumed()?.state().ok().flatten()
}
