//! Version 1: commands one at a time, because that proxy runs them all at once and does not repeat ids.

use std::time::Duration;

use ari_bus::protocol::Answer;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    answers::Expected,
    commands::{Commands, Request, arrived},
};
use crate::error::CommandError;

/// Whose turn it is: held until its answer is there.
#[derive(Default)]
pub(super) struct Turns(Mutex<Option<Turn>>);

/// A command that was published, and how long its answer may come.
struct Turn {
    expected: Expected,
    since: Instant,
    longest: Duration,
}

impl Turns {
    /// Runs a command when it is its turn. One that was given up keeps its turn, or its answer would be taken for that of
    /// the next.
    pub(super) async fn run(
        &self,
        commands: &Commands,
        name: &str,
        request: &Request,
        unique_id: &str,
    ) -> Result<Answer, CommandError> {
        let mut turn = self.0.lock().await;
        if let Some(Turn { expected, since, longest }) = &mut *turn {
            let _ = timeout(longest.saturating_sub(since.elapsed()), expected.arrived()).await;
        }
        // Gone before the next is there, so that never two wait.
        *turn = None;
        commands.bus().link().up().await;
        let expected = commands.answers.expect(unique_id);
        let longest = request.deadline.unwrap_or_default().max(commands.deadline());
        let current = turn.insert(Turn { expected, since: Instant::now(), longest });
        let result = match commands.publish_once(request, unique_id, name).await {
            Ok(()) => arrived(&mut current.expected, name).await,
            Err(error) => Err(error),
        };
        *turn = None;
        result
    }
}
