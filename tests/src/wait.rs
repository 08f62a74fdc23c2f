//! Waiting for a condition under a deadline that only a broken system reaches.

use std::{fmt::Debug, time::Duration};

use tokio::time::{Instant, sleep};

/// Far longer than anything here takes on a busy machine: no test asserts a timing with it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(5);

/// Waits until a condition holds.
///
/// # Panics
/// When it still does not hold at the deadline; the text says what was waited for.
pub async fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) {
    let until = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < until, "never came: {what}");
        sleep(POLL).await;
    }
}

/// Waits for a future.
///
/// # Panics
/// When it is not ready at the deadline.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("never came: {what}"),
    }
}

/// Unwraps a result, showing the error.
///
/// # Panics
/// On an error.
#[track_caller]
pub fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error:?}"),
    }
}
