//! What a worker does with its calls.

use std::{future::Future, pin::Pin};

use crate::{Call, Offer};

/// The error of a handler, whatever it was.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A handler at work on one call.
pub type Handling =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// What a worker does with the calls that it is offered: any function from a [`Call`] to a future, such as an
/// `async fn(Call) -> ari_client::Result`; or a [`Router`](crate::Router) of several such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler of calls",
    note = "a handler is an `async fn(Call) -> Result<(), E>`, a closure from `call: Call` to such a future, or a `Router`"
)]
pub trait Handler: Send + Sync + 'static {
    /// Begins with a call that is this worker's now.
    fn handle(&self, call: Call) -> Handling;

    /// Whether to leave a call to other workers, and why: that reason goes into logs. It is asked
    /// [before the call is accepted](crate#routing-calls), in the order of the offers, so it must not block.
    fn declines(&self, offer: &Offer) -> Option<String> {
        let _ = offer;
        None
    }
}

impl<H, F, E> Handler for H
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn handle(&self, call: Call) -> Handling {
        let work = self(call);
        Box::pin(async move { work.await.map_err(Into::into) })
    }
}
