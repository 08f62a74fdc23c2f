//! An operation of ARI on behalf of a call: what the methods of the handles return where there is more to say.

use std::{fmt, future::IntoFuture, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};
use serde::Deserialize;

use super::run::Prepared;
use crate::{Call, Operation, Result};

/// A command about to be sent: awaiting it sends it.
///
/// What an operation can do without is said by [`with`](Self::with), through which the operation's own methods are reached: those of
/// the type `O`.
///
/// ```no_run
/// # async fn example(call: ari_client::Call) -> ari_client::Result {
/// use ari_client::ari::{Direction, SnoopDirection};
///
/// let channel = call.channel();
/// channel.mute().await?;
/// channel.unmute().with(|unmute| unmute.direction(Direction::In)).await?;
/// let spy = channel.snoop().with(|snoop| snoop.spy(SnoopDirection::Both)).await?;
/// println!("{} hears it", spy.id());
/// # Ok(())
/// # }
/// ```
///
/// Where a future is asked for, such as by `tokio::spawn`, it is [`into_future`](IntoFuture::into_future).
#[must_use = "a command is sent when it is awaited"]
pub struct Command<O: Operation, T = <O as Operation>::Answer> {
    call: Call,
    operation: O,
    deadline: Option<Duration>,
    carry_out: CarryOut<T>,
}

/// Sends an operation and makes of its answer what the command yields.
pub(super) type CarryOut<T> = fn(Prepared) -> BoxFuture<'static, Result<T>>;

impl<O: Operation + 'static> Command<O> {
    /// One that yields what the operation answers.
    pub(super) fn new(call: &Call, operation: O) -> Self {
        Self::yielding(call, operation, |prepared| async move { O::answer(&prepared.send().await?) }.boxed())
    }
}

impl<O: Operation, T> Command<O, T> {
    /// One that yields something else.
    pub(super) fn yielding(call: &Call, operation: O, carry_out: CarryOut<T>) -> Self {
        Self { call: call.clone(), operation, deadline: None, carry_out }
    }

    /// Says what the operation can do without, by the operation's own methods.
    pub fn with(self, set: impl FnOnce(O) -> O) -> Self {
        Self { operation: set(self.operation), ..self }
    }

    /// Waits this long for the answer instead of what the worker is set to.
    pub fn timeout(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }
}

impl<O: Operation, T: 'static> IntoFuture for Command<O, T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        match Prepared::new(&self.call, self.operation) {
            Ok(prepared) => (self.carry_out)(prepared.within(self.deadline)),
            Err(error) => async { Err(error) }.boxed(),
        }
    }
}

impl<O: Operation, T> fmt::Debug for Command<O, T> {
    /// Without the parameters, which may not belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("method", &O::INFO.method)
            .field("path", &O::INFO.path)
            .finish_non_exhaustive()
    }
}

/// Sends what makes an object, and yields its id.
pub(super) async fn made(prepared: Prepared) -> Result<String> {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    let known = prepared.id().map(str::to_owned);
    let response = prepared.send().await?;
    // What goes to another application is not this call's, and Asterisk chose its id.
    known.map_or_else(|| response.json::<Made>().map(|made| made.id), Ok)
}
