//! A handler that takes no call.

use crate::{Call, CommandErrorKind, Handler, Handling, Offer};

/// A handler that leaves every call to other workers, for a [`Router`](crate::Router)'s entry that is an exception from a
/// larger one:
///
/// ```
/// # use ari_client::{Call, Decline, PatternError, Router};
/// # async fn outbound(_: Call) -> ari_client::Result { Ok(()) }
/// # fn example() -> Result<Router, PatternError> {
/// Router::new().pattern("_1NXXNXXXXXX", outbound)?.pattern("_1900NXXXXXX", Decline::because("premium rate"))
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Decline(String);

impl Decline {
    /// For this reason, which goes into logs.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Handler for Decline {
    fn handle(&self, call: Call) -> Handling {
        // Nobody asked whether it wants the call.
        Box::pin(async move {
            match call.channel().continue_in_dialplan().await {
                Err(error) if error.kind() == CommandErrorKind::NotFound => Ok(()),
                result => result.map_err(Into::into),
            }
        })
    }

    fn declines(&self, _offer: &Offer) -> Option<String> {
        Some(self.0.clone())
    }
}
