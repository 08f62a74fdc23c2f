//! An endpoint: a phone or a line.

use super::Command;
use crate::{
    Call, Result,
    ari::{self, EndpointState, endpoints},
};

/// An endpoint of the Asterisk of a call, such as `alice` of `PJSIP`.
///
/// Its errors are those of any [command](crate::CommandError): `NotFound` when there is no such endpoint, `Gone` when the call is
/// over.
#[derive(Debug, Clone)]
pub struct Endpoint {
    call: Call,
    technology: String,
    name: String,
}

impl Call {
    /// A handle to an endpoint, by its technology, such as `PJSIP`, and its name in that.
    #[must_use]
    pub fn endpoint(&self, technology: impl Into<String>, name: impl Into<String>) -> Endpoint {
        Endpoint { call: self.clone(), technology: technology.into(), name: name.into() }
    }
}

impl Endpoint {
    /// Its technology.
    #[must_use]
    pub fn technology(&self) -> &str {
        &self.technology
    }

    /// Its name in its technology.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The endpoint as Asterisk describes it now, with the ids of its channels.
    ///
    /// # Errors
    /// See [`Endpoint`].
    pub async fn snapshot(&self) -> Result<ari::Endpoint> {
        self.call.run(endpoints::Get::new(&self.technology, &self.name)).await
    }

    /// Whether it can be reached now; `Unknown` where its technology does not say.
    ///
    /// # Errors
    /// See [`Endpoint`].
    pub async fn state(&self) -> Result<EndpointState> {
        Ok(self.snapshot().await?.state.unwrap_or(EndpointState::Unknown))
    }

    /// Sends it a text message, which is [told](Command::with). `from` is a URI, such as `sip:alice@example.com`. See
    /// [`endpoints::SendMessageToEndpoint`].
    pub fn send_message(&self, from: impl Into<String>) -> Command<endpoints::SendMessageToEndpoint> {
        let operation = endpoints::SendMessageToEndpoint::new(&self.technology, &self.name, from);
        Command::new(&self.call, operation)
    }

    /// Asks it to call somebody: `refer_to` is what it is to call. See [`endpoints::ReferToEndpoint`].
    pub fn refer(
        &self,
        from: impl Into<String>,
        refer_to: impl Into<String>,
    ) -> Command<endpoints::ReferToEndpoint> {
        let operation = endpoints::ReferToEndpoint::new(&self.technology, &self.name, from, refer_to);
        Command::new(&self.call, operation)
    }
}
