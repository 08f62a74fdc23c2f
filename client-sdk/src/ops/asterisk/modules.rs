//! The modules of Asterisk.

use super::Asterisk;
use crate::{
    Call, Result,
    ari::{self, asterisk},
};

/// A module of Asterisk, such as `res_musiconhold.so`.
///
/// **To load, unload or reload one concerns every call of that Asterisk**: unloading what calls use may end them.
///
/// Errors are those of any [command](crate::CommandError): `NotFound` when there is no such module, `Conflict` when it is not loaded or
/// cannot be now, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct Module {
    call: Call,
    name: String,
}

impl Asterisk {
    /// A handle to a module, by its name, such as `res_musiconhold.so`.
    #[must_use]
    pub fn module(&self, name: impl Into<String>) -> Module {
        Module { call: self.call.clone(), name: name.into() }
    }
}

impl Module {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, whether it runs, and how many use it.
    ///
    /// # Errors
    /// See [`Module`].
    pub async fn snapshot(&self) -> Result<ari::Module> {
        self.call.run(asterisk::GetModule::new(self)).await
    }

    /// Loads it.
    ///
    /// # Errors
    /// See [`Module`]; `Conflict` when it is loaded already, or refuses to be.
    pub async fn load(&self) -> Result {
        self.call.run(asterisk::LoadModule::new(self)).await
    }

    /// Unloads it. Calls that use it may end.
    ///
    /// # Errors
    /// See [`Module`]; `Conflict` when it is in use.
    pub async fn unload(&self) -> Result {
        self.call.run(asterisk::UnloadModule::new(self)).await
    }

    /// Has it read its configuration again.
    ///
    /// # Errors
    /// See [`Module`]; `Conflict` when it cannot, or does so already.
    pub async fn reload(&self) -> Result {
        self.call.run(asterisk::ReloadModule::new(self)).await
    }
}
