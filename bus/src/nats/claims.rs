//! Claimed names, where the server has JetStream: each is a key, and whoever wrote it last has the name.
//!
//! A key is written under the condition that nobody else has written it since it was read. So of two who want a name at the
//! same time one gets it, and a holder that stood still finds out when it writes again.

use async_nats::jetstream::{
    self, ErrorCode,
    context::AccountErrorKind,
    kv::{Config, CreateErrorKind, Operation, Store, UpdateError, UpdateErrorKind},
    stream::StorageType,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use tokio::time::timeout;

use super::{limits::JETSTREAM_TOLD, session::Session};
use crate::{BusError, BusErrorKind, Claimed, Rival};

/// The bucket of all claims. Whoever wants it elsewhere than in one server's memory creates it before.
const BUCKET: &str = "ari-proxy-claims";

impl Session {
    /// Takes or keeps a name.
    pub(super) async fn claim(
        &self,
        name: &str,
        holder: &str,
        over: Option<&Rival>,
    ) -> Result<Claimed, BusError> {
        let Some(store) = self.claims().await? else { return Ok(Claimed::NotKept) };
        let (key, value) = (key(name), Bytes::copy_from_slice(holder.as_bytes()));
        let entry = store.entry(&key).await.map_err(|error| failed(&error))?;
        let Some(entry) = entry.filter(|entry| entry.operation == Operation::Put) else {
            return match store.create(&key, value).await {
                Ok(_) => Ok(Claimed::Ours),
                // In this moment; the next question tells by whom.
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => Ok(theirs()),
                Err(error) => Err(failed(&error)),
            };
        };
        let rival =
            Rival { holder: Some(String::from_utf8_lossy(&entry.value).into_owned()), mark: entry.revision };
        if entry.value != value && over != Some(&rival) {
            return Ok(Claimed::Theirs(rival));
        }
        match store.update(&key, value, entry.revision).await {
            Ok(_) => Ok(Claimed::Ours),
            Err(error) if is_too_late(&error) => Ok(theirs()),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Gives a name up.
    pub(super) async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError> {
        let Some(store) = self.claims().await? else { return Ok(()) };
        let key = key(name);
        let entry = store.entry(&key).await.map_err(|error| failed(&error))?;
        if let Some(entry) = entry.filter(|entry| entry.value == holder.as_bytes()) {
            match store.delete_expect_revision(&key, Some(entry.revision)).await {
                Err(error) if !is_too_late(&error) => return Err(failed(&error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Where claims are kept; `None` where this server keeps nothing, or not for us.
    async fn claims(&self) -> Result<Option<&Store>, BusError> {
        self.claims
            .get_or_try_init(|| async { open(jetstream::new(self.client().clone())).await })
            .await
            .map(Option::as_ref)
    }
}

async fn open(jetstream: jetstream::Context) -> Result<Option<Store>, BusError> {
    match timeout(JETSTREAM_TOLD, jetstream.query_account()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => match error.kind() {
            AccountErrorKind::JetStreamUnavailable => return Ok(None),
            AccountErrorKind::JetStream(why)
                if matches!(
                    why.error_code(),
                    ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
                ) =>
            {
                return Ok(None);
            }
            // It has none at the moment, as while a cluster chooses its leader.
            _ => return Err(failed(&error)),
        },
        Err(_) => {
            tracing::warn!(
                "NATS does not say whether it has JetStream (may this login publish to $JS.API.INFO?): processes of one server ask each other which of them acts"
            );
            return Ok(None);
        }
    }
    if let Ok(store) = jetstream.get_key_value(BUCKET).await {
        return Ok(Some(store));
    }
    // Nothing that must outlive the server: who holds a name says so again and again.
    let config =
        Config { bucket: BUCKET.to_owned(), history: 1, storage: StorageType::Memory, ..Config::default() };
    match jetstream.create_key_value(config).await {
        Ok(store) => Ok(Some(store)),
        Err(error) => match jetstream.get_key_value(BUCKET).await {
            // Another process was faster.
            Ok(store) => Ok(Some(store)),
            Err(_) => {
                tracing::warn!(%error, "the key-value bucket {BUCKET} cannot be used: processes of one server ask each other which of them acts");
                Ok(None)
            }
        },
    }
}

/// Somebody else has it, since a moment ago.
fn theirs() -> Claimed {
    Claimed::Theirs(Rival::default())
}

fn is_too_late(error: &UpdateError) -> bool {
    error.kind() == UpdateErrorKind::WrongLastRevision
}

/// A name as a key, which carries fewer characters than a topic.
fn key(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn failed(error: &dyn std::error::Error) -> BusError {
    BusError::new(BusErrorKind::Unavailable, format!("JetStream: {error}"))
}
