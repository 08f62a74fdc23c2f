//! Asterisk as a whole.

mod config;
mod lists;
mod logging;
mod modules;

pub use config::ConfigObject;
pub use logging::LogChannel;
pub use modules::Module;

use super::Command;
use crate::{
    Call, Result,
    ari::{AsteriskPing, asterisk, endpoints},
};

/// The Asterisk of a call, as a whole.
///
/// What its [modules](Self::module), its [logs](Self::log_channel), its [configuration](Self::config) and its
/// [global variables](Self::set_variable) are changed to holds for every call of that Asterisk, and outlives this one. A proxy's policy
/// may forbid it.
///
/// Errors are those of any [command](crate::CommandError): `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Asterisk {
    call: Call,
}

impl Call {
    /// The Asterisk that this call is on.
    #[must_use]
    pub fn asterisk(&self) -> Asterisk {
        Asterisk { call: self.clone() }
    }
}

impl Asterisk {
    /// What it is: its version, how it was built, how it is configured. See [`asterisk::GetInfo`].
    pub fn info(&self) -> Command<asterisk::GetInfo> {
        Command::new(&self.call, asterisk::GetInfo::new())
    }

    /// Whether it is there, and what time it is by its clock.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn ping(&self) -> Result<AsteriskPing> {
        self.call.run(asterisk::Ping::new()).await
    }

    /// The value of a global variable, or of a dialplan function that needs no channel.
    ///
    /// # Errors
    /// See [`Asterisk`]. A variable that is not set has the value ``.
    pub async fn get_variable(&self, name: impl Into<String> + Send) -> Result<String> {
        Ok(self.call.run(asterisk::GetGlobalVar::new(name)).await?.value)
    }

    /// Sets a global variable, which every call of that Asterisk sees.
    ///
    /// # Errors
    /// See [`Asterisk`].
    pub async fn set_variable(
        &self,
        name: impl Into<String> + Send,
        value: impl Into<String> + Send,
    ) -> Result {
        self.call.run(asterisk::SetGlobalVar::new(name).value(value)).await
    }

    /// Sends a text message, which is [told](Command::with), to a URI, such as `pjsip:alice` or `sip:alice@example.com`. See
    /// [`endpoints::SendMessage`]; [`Endpoint::send_message`](crate::Endpoint::send_message) sends one to an endpoint.
    pub fn send_message(
        &self,
        to: impl Into<String>,
        from: impl Into<String>,
    ) -> Command<endpoints::SendMessage> {
        Command::new(&self.call, endpoints::SendMessage::new(to, from))
    }

    /// Asks a URI to call somebody: `refer_to` is what it is to call. See [`endpoints::Refer`];
    /// [`Endpoint::refer`](crate::Endpoint::refer) asks an endpoint.
    pub fn refer(
        &self,
        to: impl Into<String>,
        from: impl Into<String>,
        refer_to: impl Into<String>,
    ) -> Command<endpoints::Refer> {
        Command::new(&self.call, endpoints::Refer::new(to, from, refer_to))
    }
}
