//! The configuration of Asterisk, as far as it can be changed while it runs.

use super::Asterisk;
use crate::{
    Call, Result,
    ari::{ConfigTuple, asterisk},
};

/// An object of Asterisk's configuration, such as the endpoint `alice` of `res_pjsip`.
///
/// Asterisk changes those that `sorcery.conf` keeps in a place that can be written to, such as a database or memory. **A change
/// concerns everybody who uses the object**, such as a phone with all its calls.
///
/// Errors are those of any [command](crate::CommandError): `NotFound` when there is no such object, `Forbidden` when it cannot be
/// changed, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct ConfigObject {
    call: Call,
    class: String,
    kind: String,
    id: String,
}

impl Asterisk {
    /// A handle to an object of the configuration: what it is configured by, such as `res_pjsip`, its type, such as `endpoint`,
    /// and its id.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// let auth = call.asterisk().config("res_pjsip", "auth", "alice");
    /// auth.update([("auth_type", "userpass"), ("username", "alice")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn config(
        &self,
        class: impl Into<String>,
        kind: impl Into<String>,
        id: impl Into<String>,
    ) -> ConfigObject {
        let (class, kind, id) = (class.into(), kind.into(), id.into());
        ConfigObject { call: self.call.clone(), class, kind, id }
    }
}

impl ConfigObject {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its fields, with their values.
    ///
    /// # Errors
    /// See [`ConfigObject`].
    pub async fn snapshot(&self) -> Result<Vec<ConfigTuple>> {
        self.call.run(asterisk::GetObject::new(&self.class, &self.kind, &self.id)).await
    }

    /// Makes it, or changes these fields of it. Yields all of them.
    ///
    /// # Errors
    /// See [`ConfigObject`]; `BadRequest` for a field that it cannot have.
    pub async fn update<N: Into<String>, V: Into<String>>(
        &self,
        fields: impl IntoIterator<Item = (N, V)> + Send,
    ) -> Result<Vec<ConfigTuple>> {
        let operation = asterisk::UpdateObject::new(&self.class, &self.kind, &self.id).fields(fields);
        self.call.run(operation).await
    }

    /// Deletes it.
    ///
    /// # Errors
    /// See [`ConfigObject`].
    pub async fn delete(&self) -> Result {
        self.call.run(asterisk::DeleteObject::new(&self.class, &self.kind, &self.id)).await
    }
}
