//! The variables of a channel.

use serde_json::{Map, Value};

use super::Channel;
use crate::{Command, Result, ari::channels};

impl Channel {
    /// The value of a channel variable or dialplan function, such as `CHANNEL(language)`.
    ///
    /// # Errors
    /// See [`Channel`]; `NotFound` also when there is no such variable.
    pub async fn get_variable(&self, name: impl Into<String> + Send) -> Result<String> {
        Ok(self.call().run(channels::GetChannelVar::new(self, name)).await?.value)
    }

    /// The values of several variables or functions, by their names.
    ///
    /// # Errors
    /// See [`Channel`]; `BadRequest` for a name with a comma.
    pub async fn get_variables<N: Into<String>>(
        &self,
        names: impl IntoIterator<Item = N> + Send,
    ) -> Result<Map<String, Value>> {
        let operation = channels::GetChannelVars::new(self, names);
        Ok(self.call().run(operation).await?.variables)
    }

    /// Sets a channel variable or dialplan function. See [`channels::SetChannelVar`].
    pub fn set_variable(
        &self,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
    ) -> Command<channels::SetChannelVar> {
        let operation = channels::SetChannelVar::new(self, name.as_ref()).value(value.as_ref());
        Command::new(self.call(), operation)
    }

    /// Sets several variables or functions.
    ///
    /// # Errors
    /// See [`Channel`].
    pub async fn set_variables<N: Into<String>, V: Into<String>>(
        &self,
        variables: impl IntoIterator<Item = (N, V)> + Send,
    ) -> Result {
        let operation = channels::SetChannelVars::new(self, variables);
        self.call().run(operation).await
    }
}
