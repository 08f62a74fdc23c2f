//! The stream of JetStream: found or made before the connection is used, and what its answers mean.

use std::{error::Error, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context, ErrorCode,
        context::{
            ContextBuilder, CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind,
            PublishAckFuture, PublishError, PublishErrorKind, RequestError, RequestErrorKind,
        },
        message::PublishMessage,
        stream::{Config, StorageType},
    },
};
use futures_util::{FutureExt as _, future::BoxFuture};

use super::subjects::covers;
use crate::{
    BusError, BusErrorKind,
    nats::{
        limits::{ACKS_UNDER_WAY, JETSTREAM_TOLD},
        session::{FromLibrary, Session},
    },
    stream::{Record, StreamOptions},
};

/// Whether a record is in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    /// No stream listens to its subject.
    Nowhere,
}

impl Session {
    /// Finds the stream, or makes it, and sees that it carries what we have.
    pub(in crate::nats) async fn prepare(
        &self,
        stream: &StreamOptions,
        deadline: Duration,
    ) -> Result<(), BusError> {
        let context = ContextBuilder::new()
            .timeout(deadline)
            .ack_timeout(deadline)
            .max_ack_inflight(ACKS_UNDER_WAY)
            .backpressure_on_inflight(true)
            .build(self.client().clone());
        let mut asking = context.clone();
        asking.set_timeout(JETSTREAM_TOLD);
        let config = match self.find_or_make(&asking, stream).await {
            Err(error) if error.kind() == BusErrorKind::Timeout => {
                // A question that we may not ask is never answered.
                let refusals = self.take_refusals();
                return Err(match refusals.iter().find(|refusal| refusal.contains("$JS.")) {
                    Some(refusal) => BusError::new(
                        BusErrorKind::Refused,
                        format!("the server does not allow this login to use JetStream: {refusal}"),
                    ),
                    None => error,
                });
            }
            result => result?,
        };
        carries(&config, stream)?;
        // Once a connection.
        let _ = self.jetstream.set(context);
        Ok(())
    }

    async fn find_or_make(&self, asking: &Context, stream: &StreamOptions) -> Result<Config, BusError> {
        if let Some(config) = self.find(asking, stream).await? {
            return Ok(config);
        }
        let made = match asking.create_stream(wanted(stream)).await {
            Ok(made) => return Ok(made.cached_info().config.clone()),
            Err(error) => error,
        };
        // Another process may have been faster.
        match self.find(asking, stream).await {
            Ok(Some(config)) => Ok(config),
            _ => Err(not_made(&made, stream)),
        }
    }

    async fn find(&self, asking: &Context, stream: &StreamOptions) -> Result<Option<Config>, BusError> {
        match asking.get_stream(&stream.name).await {
            Ok(found) => Ok(Some(found.cached_info().config.clone())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(not_found(&error)),
        }
    }

    /// Sends a record to the stream; resolves, when it has been handed to the connection, to what tells that it is stored.
    pub(super) async fn store(
        &self,
        context: &Context,
        record: &Record,
        headers: HeaderMap,
    ) -> Result<BoxFuture<'static, Result<Stored, BusError>>, BusError> {
        let message = PublishMessage::build().headers(headers).payload(record.body.clone());
        let ack = self.or_lost(context.send_publish(record.key.clone(), message)).await?;
        Ok(stored(ack).boxed())
    }
}

async fn stored(ack: PublishAckFuture) -> Result<Stored, BusError> {
    match ack.await {
        Ok(_) => Ok(Stored::Yes),
        Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Ok(Stored::Nowhere),
        Err(error) => Err(BusError::from_library(error)),
    }
}

fn wanted(stream: &StreamOptions) -> Config {
    Config {
        name: stream.name.clone(),
        subjects: stream.subjects.clone(),
        // Zero and less is without a limit.
        max_bytes: stream.max_bytes.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or(-1),
        max_age: stream.max_age.unwrap_or_default(),
        num_replicas: stream.replicas,
        duplicate_window: stream.duplicates,
        storage: StorageType::File,
        ..Config::default()
    }
}

/// Whether a stream that was there before is one for us.
fn carries(config: &Config, stream: &StreamOptions) -> Result<(), BusError> {
    let refused = |problem: &str| {
        let name = &config.name;
        let text = format!(
            "the JetStream stream {name} is there already and {problem}; change it, or name another one (jetstream.name)"
        );
        Err(BusError::new(BusErrorKind::Refused, text))
    };
    let missing = |subject: &&String| !config.subjects.iter().any(|wide| covers(wide, subject));
    if let Some(subject) = stream.subjects.iter().find(missing) {
        return refused(&format!(
            "does not carry {subject}: its subjects are {}",
            config.subjects.join(", ")
        ));
    }
    if config.no_ack {
        return refused("acknowledges nothing (no_ack)");
    }
    if config.sealed {
        return refused("is sealed");
    }
    Ok(())
}

/// The server's own words, where it said something.
fn said<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a jetstream::Error> {
    error.source()?.downcast_ref()
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn not_found(error: &GetStreamError) -> BusError {
    match error.kind() {
        GetStreamErrorKind::JetStream(said) => answer("looking for the stream", &said),
        _ => match error
            .source()
            .and_then(|source| source.downcast_ref::<RequestError>())
            .map(RequestError::kind)
        {
            Some(RequestErrorKind::NoResponders) => none_here(),
            Some(RequestErrorKind::TimedOut) => {
                BusError::new(BusErrorKind::Timeout, "JetStream does not answer")
            }
            _ => BusError::new(BusErrorKind::Unavailable, format!("JetStream: {error}")),
        },
    }
}

fn not_made(error: &CreateStreamError, stream: &StreamOptions) -> BusError {
    let doing = format!("making the stream {} for {}", stream.name, stream.subjects.join(", "));
    match error.kind() {
        CreateStreamErrorKind::JetStream(said) => answer(&doing, &said),
        CreateStreamErrorKind::JetStreamUnavailable => none_here(),
        CreateStreamErrorKind::TimedOut => {
            BusError::new(BusErrorKind::Timeout, format!("JetStream: {doing}: no answer"))
        }
        _ => BusError::new(BusErrorKind::Unavailable, format!("JetStream: {doing}: {error}")),
    }
}

fn none_here() -> BusError {
    let text = "this NATS server has no JetStream: switch it on there (jetstream {} in its configuration), or do without a stream \
                (jetstream)";
    BusError::new(BusErrorKind::Refused, text)
}

/// What the server answered, as our error.
fn answer(doing: &str, said: &jetstream::Error) -> BusError {
    let kind = match said.error_code() {
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            return none_here();
        }
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM => {
            BusErrorKind::TooLarge
        }
        // The same id is on its way already.
        ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT => BusErrorKind::Unavailable,
        // Its codes are those of HTTP: 4xx is ours to change, 5xx may pass.
        _ if (400..500).contains(&said.code()) && !matches!(said.code(), 408 | 409 | 429) => {
            BusErrorKind::Refused
        }
        _ => BusErrorKind::Unavailable,
    };
    BusError::new(kind, format!("JetStream: {doing}: {said}"))
}

impl FromLibrary<PublishError> for BusError {
    fn from_library(error: PublishError) -> Self {
        if let Some(said) = said(&error) {
            return answer("publishing", said);
        }
        let kind = match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => BusErrorKind::TooLarge,
            PublishErrorKind::TimedOut => BusErrorKind::Timeout,
            _ => BusErrorKind::Unavailable,
        };
        Self::new(kind, format!("JetStream: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_somebody_else_is_used_if_it_carries_ours() {
        let ours = StreamOptions::default();
        let config = |subjects: &[&str]| Config {
            name: "ARI".to_owned(),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            ..Config::default()
        };
        assert!(carries(&config(&["other", "stasis.>"]), &ours).is_ok());
        assert!(carries(&config(&[">"]), &ours).is_ok());
        for bad in [
            config(&["stasis.app.>"]),
            config(&[]),
            Config { no_ack: true, ..config(&[">"]) },
            Config { sealed: true, ..config(&[">"]) },
        ] {
            let error = carries(&bad, &ours).unwrap_err();
            assert_eq!(error.kind(), BusErrorKind::Refused);
            assert!(error.to_string().contains("jetstream.name"), "{error}");
        }
    }
}
