//! What Asterisk logs, and where to.

use super::Asterisk;
use crate::{Call, Result, ari::asterisk};

/// A log of Asterisk: a file, or what else its logger writes to.
///
/// **It is the log of the whole Asterisk**: one that is deleted is missed by whoever reads it, and one that says much fills the disk.
///
/// Errors are those of any [command](crate::CommandError): `NotFound` when there is no such log, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct LogChannel {
    call: Call,
    name: String,
}

impl Asterisk {
    /// A handle to a log, by its name, which is that of its file.
    #[must_use]
    pub fn log_channel(&self, name: impl Into<String>) -> LogChannel {
        LogChannel { call: self.call.clone(), name: name.into() }
    }
}

impl LogChannel {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins it, with these levels: `notice,warning,error`. It lasts until Asterisk reads its configuration again.
    ///
    /// # Errors
    /// See [`LogChannel`]; `Conflict` when there is one of this name, `BadRequest` for a name that cannot be.
    pub async fn add(&self, levels: impl Into<String> + Send) -> Result {
        self.call.run(asterisk::AddLog::new(self, levels)).await
    }

    /// Ends it.
    ///
    /// # Errors
    /// See [`LogChannel`].
    pub async fn delete(&self) -> Result {
        self.call.run(asterisk::DeleteLog::new(self)).await
    }

    /// Puts its file aside and begins a new one. Asterisk reads its configuration again for that, so a log that was
    /// [added](Self::add) ends with it.
    ///
    /// # Errors
    /// See [`LogChannel`].
    pub async fn rotate(&self) -> Result {
        self.call.run(asterisk::RotateLog::new(self)).await
    }
}
