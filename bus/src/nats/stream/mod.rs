//! A stream of records on NATS, on a connection of its own: each record a message, in a stream of JetStream or to whoever listens.

mod jetstream;
mod message;
mod subjects;

use std::collections::HashSet;

use async_nats::{HeaderMap, jetstream::Context};
use async_trait::async_trait;

use self::{jetstream::Stored, message::headers};
use super::{
    NatsBus,
    limits::{MESSAGES_AT_ONCE, REFUSAL_LOOK},
    session::{Session, refused_publish},
};
use crate::{
    Bus as _, BusError, BusErrorKind, LinkState,
    stream::{LARGEST_HEADERS, Record, Rejected, Sink, SinkOptions},
};

/// Publishes records to NATS.
#[derive(Debug)]
pub(crate) struct NatsSink {
    bus: NatsBus,
}

/// A record that can be sent: its place among the others, itself, its headers.
type Ready<'a> = (usize, &'a Record, HeaderMap);

impl NatsSink {
    /// Begins to connect.
    pub(crate) fn open(url: &str, options: SinkOptions) -> Result<Self, BusError> {
        if let Some(stream) = &options.jetstream {
            stream.check()?;
        }
        let bus = NatsBus::with_stream(url, options.connection, options.jetstream)?;
        Ok(Self { bus })
    }

    /// The record's headers, if it can be sent.
    fn check(&self, record: &Record) -> Result<HeaderMap, BusError> {
        record.check(self.largest_message())?;
        if let Some(stream) = &self.bus.shared.stream
            && !stream.subjects.iter().any(|subject| subjects::covers(subject, &record.key))
        {
            let (key, subjects) = (&record.key, stream.subjects.join(", "));
            let text =
                format!("the subject {key:?} is none of the JetStream stream {}: {subjects}", stream.name);
            return Err(BusError::new(BusErrorKind::Invalid, text));
        }
        headers(record)
    }

    /// Publishes a few records, as many as their refusals are told apart.
    async fn publish_some(
        &self,
        session: &Session,
        ready: Vec<Ready<'_>>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), BusError> {
        match session.jetstream.get() {
            Some(context) => {
                // Boxed: the library's futures are large.
                Box::pin(store(session, context, ready, rejected)).await
            }
            None => tell(session, ready, rejected).await,
        }
    }
}

/// Publishes to whoever listens.
async fn tell(
    session: &Session,
    ready: Vec<Ready<'_>>,
    rejected: &mut Vec<Rejected>,
) -> Result<(), BusError> {
    let mut sent = Vec::with_capacity(ready.len());
    for (index, record, headers) in ready {
        session.publish_with_headers(&record.key, headers, record.body.clone()).await?;
        sent.push((index, record));
    }
    session.fence().await?;
    // The refusals have arrived by now, but the library hands them to another task. Going to the end of the line lets it run, on
    // most occasions; where the server has refused something before, the task is given time.
    tokio::task::yield_now().await;
    if session.is_strict() {
        tokio::time::sleep(REFUSAL_LOOK).await;
    }
    let refused = session.take_refusals();
    let not_taken = sent.into_iter().filter(|(_, record)| refused.contains(&refused_publish(&record.key)));
    rejected.extend(not_taken.map(|(index, record)| Rejected { index, error: not_allowed(record) }));
    Ok(())
}

/// Publishes to the stream, and waits until each record is in it.
async fn store(
    session: &Session,
    context: &Context,
    ready: Vec<Ready<'_>>,
    rejected: &mut Vec<Rejected>,
) -> Result<(), BusError> {
    let mut under_way = Vec::with_capacity(ready.len());
    for (index, record, headers) in ready {
        under_way.push((index, record, session.store(context, record, headers).await?));
    }
    let mut refused = HashSet::new();
    for (index, record, mut stored) in under_way {
        let refusal = refused_publish(&record.key);
        let result = loop {
            tokio::select! {
                biased;
                stored = session.or_lost(&mut stored) => break stored,
                // A record that may not be published is never answered; the refusal comes by itself.
                () = tokio::time::sleep(REFUSAL_LOOK), if !refused.contains(&refusal) => {
                    refused.extend(session.take_refusals());
                }
                () = std::future::ready(()), if refused.contains(&refusal) => break Err(not_allowed(record)),
            }
        };
        match result {
            Ok(Stored::Yes) => {}
            Ok(Stored::Nowhere) => {
                // The stream is gone, since we know that it had this subject: the next connection makes it anew.
                session.lost().cancel();
                let text = "JetStream: no stream took the message; it is looked for again";
                return Err(BusError::new(BusErrorKind::Unavailable, text));
            }
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => rejected.push(Rejected { index, error }),
        }
    }
    Ok(())
}

fn not_allowed(record: &Record) -> BusError {
    let text = format!("the server does not allow this: {}", refused_publish(&record.key));
    BusError::new(BusErrorKind::Refused, text)
}

#[async_trait]
impl Sink for NatsSink {
    fn largest_message(&self) -> usize {
        // The server counts the headers as well.
        self.bus.largest_message().saturating_sub(LARGEST_HEADERS)
    }

    fn link(&self) -> LinkState {
        self.bus.link()
    }

    async fn publish(&self, records: &[Record]) -> Result<Vec<Rejected>, BusError> {
        let session = self.bus.shared.session()?;
        let mut rejected = Vec::new();
        let publishing = async {
            for (some, records) in records.chunks(MESSAGES_AT_ONCE).enumerate() {
                let mut ready = Vec::with_capacity(records.len());
                for (index, record) in records.iter().enumerate() {
                    let index = some * MESSAGES_AT_ONCE + index;
                    match self.check(record) {
                        Ok(headers) => ready.push((index, record, headers)),
                        Err(error) => rejected.push(Rejected { index, error }),
                    }
                }
                self.publish_some(&session, ready, &mut rejected).await?;
            }
            Ok(())
        };
        self.bus.in_time(publishing).await?;
        Ok(rejected)
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}
