//! A recording that is stored.

use bytes::Bytes;

use crate::{
    Call, Result,
    ari::{self, RecordingName, recordings},
};

/// A recording that is stored on the Asterisk of a call, in whichever call it was made.
///
/// Its errors are those of any [command](crate::CommandError): `NotFound` when there is no such recording, `Internal` when Asterisk
/// cannot read or write its files, `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct StoredRecording {
    call: Call,
    name: String,
}

impl Call {
    /// A handle to a stored recording, by its name, which may have folders in it.
    #[must_use]
    pub fn stored_recording(&self, name: impl Into<String>) -> StoredRecording {
        StoredRecording { call: self.clone(), name: name.into() }
    }
}

impl StoredRecording {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What Asterisk says of it.
    ///
    /// # Errors
    /// See [`StoredRecording`].
    pub async fn snapshot(&self) -> Result<ari::StoredRecording> {
        self.call.run(recordings::GetStored::new(self)).await
    }

    /// The file, as it is.
    ///
    /// # Errors
    /// See [`StoredRecording`]; `Forbidden` when Asterisk must not read it; `Decode` for one that is larger than what an answer may
    /// be; `Unsupported` where the proxy asks Asterisk by websocket, which has no room for files.
    pub async fn file(&self) -> Result<Bytes> {
        self.call.run(recordings::GetStoredFile::new(self)).await
    }

    /// Copies it to another name, and yields the copy. The name must have no dot: Asterisk 22.10 takes what follows one for the
    /// format, and then finds no recording of that name.
    ///
    /// # Errors
    /// See [`StoredRecording`]; `Conflict` when there is one of that name.
    pub async fn copy_to(&self, name: impl Into<RecordingName> + Send) -> Result<Self> {
        let name = name.into();
        self.call.run(recordings::CopyStored::new(self, &name)).await?;
        Ok(self.call.stored_recording(name))
    }

    /// Deletes it.
    ///
    /// # Errors
    /// See [`StoredRecording`].
    pub async fn delete(&self) -> Result {
        self.call.run(recordings::DeleteStored::new(self)).await
    }
}
