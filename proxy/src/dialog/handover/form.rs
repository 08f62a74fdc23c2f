//! What a process tells the next one of a dialog, as JSON: in parts that the bus carries.
//!
//! Version 1 of this form. Fields may be added; a process that gets an unknown version refuses all.

use std::time::Duration;

use ari_bus::protocol::{Answer, Bodies, Command, Object};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::OffsetDateTime;

use super::super::{
    kept::{Dropped, KeptEvent},
    registry::{Found, Presence},
};
use crate::asterisk::request::Request;

/// The size at which a message of parts is full, in bytes.
const MESSAGE: usize = 128 << 10;

/// The version of this form.
pub(crate) const VERSION: u32 = 1;

/// One message of a handover.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub(crate) enum Part {
    /// A dialog; what else belongs to it follows.
    Dialog(Box<DialogForm>),
    /// An event that nobody has acknowledged, in order.
    Event { root: String, event: EventForm },
    /// A command that was run or waits, or whose answer is not kept any more.
    Recorded { root: String, entry: RecordedForm },
    /// A command that waits for its turn, in order.
    Job { root: String, job: JobForm },
    /// A message to a dialog that was not read, in order.
    Mail(MailForm),
}

/// A dialog.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DialogForm {
    pub(crate) root: String,
    pub(crate) application: String,
    /// Its first channel and the StasisStart of that, where there was any.
    pub(crate) channel: Option<String>,
    pub(crate) start: Option<String>,
    pub(crate) saved: Option<String>,
    /// The first term whose commands are not void.
    pub(crate) valid: u64,
    pub(crate) terms: TermsForm,
    /// Its owner, or the last one.
    pub(crate) owner: Option<OwnerForm>,
    pub(crate) stage: Stage,
    pub(crate) delivery: DeliveryForm,
    pub(crate) objects: Vec<BindingForm>,
}

/// Where in its life a dialog is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// It is offered; whether it had an owner before.
    Offered { resumes: bool },
    /// Its last owner has it.
    Owned {
        /// The next `cmd_seq`.
        next: u64,
        /// Commands that came before their turn.
        early: Vec<(u64, WishForm)>,
    },
}

/// The terms of a dialog.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TermsForm {
    pub(crate) open: u64,
    pub(crate) before: u64,
    pub(crate) terms: Vec<TermForm>,
}

/// One term.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TermForm {
    pub(crate) number: u64,
    pub(crate) dialog_id: String,
    pub(crate) kept: bool,
    pub(crate) version_1: bool,
}

/// A worker that has a dialog, or had it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OwnerForm {
    pub(crate) term: u64,
    pub(crate) dialog_id: String,
    pub(crate) bodies: Bodies,
    pub(crate) version_1: bool,
    pub(crate) events: String,
    pub(crate) responses: String,
    pub(crate) worker_id: Option<String>,
    /// Whether it sends heartbeats.
    pub(crate) beats: bool,
}

/// How far a dialog's events have come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryForm {
    /// The position of the first event that is kept.
    pub(crate) base: u64,
    pub(crate) dropped: Option<DroppedForm>,
    pub(crate) closed: bool,
    pub(crate) begun: bool,
    pub(crate) number: u64,
    pub(crate) version_1: bool,
    pub(crate) origin: u64,
    pub(crate) opening: Option<EventForm>,
    pub(crate) cursor: u64,
    pub(crate) window: Option<u64>,
    pub(crate) reached: u64,
    pub(crate) settled: u64,
    pub(crate) acknowledged: u64,
    pub(crate) acknowledges: bool,
    pub(crate) reports: bool,
}

/// Events that were dropped.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct DroppedForm {
    pub(crate) events: u64,
    pub(crate) since: Moment,
    pub(crate) until: Moment,
}

/// An event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventForm {
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) at: Moment,
    pub(crate) synthetic: bool,
}

/// An object of a dialog.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BindingForm {
    pub(crate) object: Object,
    pub(crate) presence: Presence,
    pub(crate) found: Option<Found>,
    /// The dialog to which its next StasisEnd belongs.
    pub(crate) before: Option<String>,
}

/// A command that is remembered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecordedForm {
    pub(crate) unique_id: String,
    pub(crate) digest: u64,
    /// The term on whose behalf it waits; it was answered where this is absent.
    pub(crate) waits: Option<u64>,
    pub(crate) answer: Option<AnswerForm>,
}

/// A command that waits for its turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobForm {
    /// Whoever wants it.
    pub(crate) by: OwnerForm,
    pub(crate) unique_id: String,
    pub(crate) task: TaskForm,
    /// For how long it has waited, in milliseconds.
    pub(crate) waited: u64,
}

/// What is to be done for a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskForm {
    Send(RequestForm),
    Answer(AnswerForm),
}

/// A command that came before its turn.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WishForm {
    pub(crate) unique_id: String,
    pub(crate) task: TaskForm,
    /// What tells it from another of the same id, where it is to be sent.
    pub(crate) digest: u64,
}

/// A request to Asterisk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RequestForm {
    method: String,
    url: String,
    body: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AnswerForm {
    status: u16,
    body: Binary,
}

/// A message to a dialog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MailForm {
    /// The last token of the topic, which names the offer.
    pub(crate) offer: String,
    pub(crate) version_1: bool,
    pub(crate) payload: Binary,
}

/// Any bytes, as base64.
#[derive(Debug, Clone)]
pub(crate) struct Binary(pub(crate) Bytes);

/// A moment, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) OffsetDateTime);

impl Part {
    /// Parts as messages of this size at most, as few as may be; `None` where one is too large whatever is left out of it.
    pub(crate) fn encode(parts: Vec<Self>, largest: usize) -> Option<Vec<Bytes>> {
        let usual = largest.min(MESSAGE);
        let (mut messages, mut message) = (Vec::new(), Vec::new());
        for mut part in parts {
            let bytes = part.fit(largest)?;
            if !message.is_empty() && message.len() + bytes.len() > usual {
                messages.push(std::mem::take(&mut message).into());
            }
            message.extend(bytes);
        }
        if !message.is_empty() {
            messages.push(message.into());
        }
        Some(messages)
    }

    /// The parts of a message.
    pub(crate) fn read(message: &[u8]) -> serde_json::Result<Vec<Self>> {
        serde_json::Deserializer::from_slice(message).into_iter().collect()
    }

    /// As JSON of this size at most: what is too large leaves out what can be done without.
    fn fit(&mut self, largest: usize) -> Option<Vec<u8>> {
        // Strings and numbers always serialize.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        if bytes.len() > largest {
            match self {
                // Whoever repeats the command is told that its answer is not kept any more.
                Self::Recorded { entry, .. } => entry.answer = None,
                // The bus would not have carried it to a worker either.
                Self::Event { event, .. } => event.leave_out(largest),
                Self::Dialog(_) | Self::Job { .. } | Self::Mail(_) => {}
            }
            bytes = serde_json::to_vec(self).unwrap_or_default();
        }
        (bytes.len() <= largest).then_some(bytes)
    }
}

impl From<&KeptEvent> for EventForm {
    fn from(event: &KeptEvent) -> Self {
        let KeptEvent { kind, body, at, synthetic } = event;
        let (kind, body) = (kind.as_ref().to_owned(), body.as_str().to_owned());
        Self { kind, body, at: Moment(*at), synthetic: *synthetic }
    }
}

impl EventForm {
    fn leave_out(&mut self, largest: usize) {
        let event = KeptEvent { at: self.at.0, ..KeptEvent::new(&self.kind, "".into()) };
        *self = (&event.too_large(self.body.len(), largest)).into();
    }
}

impl From<EventForm> for KeptEvent {
    fn from(EventForm { kind, body, at, synthetic }: EventForm) -> Self {
        Self { kind: kind.into(), body: body.into(), at: at.0, synthetic }
    }
}

impl From<Dropped> for DroppedForm {
    fn from(Dropped { events, since, until }: Dropped) -> Self {
        Self { events, since: Moment(since), until: Moment(until) }
    }
}

impl From<DroppedForm> for Dropped {
    fn from(DroppedForm { events, since, until }: DroppedForm) -> Self {
        Self { events, since: since.0, until: until.0 }
    }
}

impl From<&Answer> for AnswerForm {
    fn from(Answer { status, body }: &Answer) -> Self {
        Self { status: *status, body: Binary(body.clone()) }
    }
}

impl From<AnswerForm> for Answer {
    fn from(AnswerForm { status, body }: AnswerForm) -> Self {
        Self { status, body: body.0 }
    }
}

impl From<&Request> for RequestForm {
    fn from(Request { method, url, body }: &Request) -> Self {
        Self { method: method.to_string(), url: url.clone(), body: body.clone() }
    }
}

impl TryFrom<RequestForm> for Request {
    type Error = String;

    fn try_from(RequestForm { method, url, body }: RequestForm) -> Result<Self, String> {
        // As strictly as a worker's own.
        let (method, url, body) =
            (method.as_str().into(), url.as_str().into(), body.as_deref().map(Into::into));
        let command = Command { unique_id: "".into(), method, url, body, cmd_seq: None };
        Self::check(&command).map_err(|refused| refused.message)
    }
}

/// How long something has lasted, in whole milliseconds.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(|bytes| Self(bytes.into())).map_err(D::Error::custom)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(i64::try_from(self.0.unix_timestamp_nanos()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanoseconds = i64::deserialize(deserializer)?;
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(size: usize) -> Part {
        let event = EventForm {
            kind: "X".to_owned(),
            body: "x".repeat(size),
            at: Moment(OffsetDateTime::UNIX_EPOCH),
            synthetic: false,
        };
        Part::Event { root: "root".to_owned(), event }
    }

    #[test]
    fn parts_come_out_as_they_went_in_and_what_is_too_large_says_so() {
        let sizes = [1, MESSAGE / 2, MESSAGE / 2, MESSAGE * 2, 1];
        let messages = Part::encode(sizes.map(event).into(), MESSAGE + 100).unwrap();
        assert!(messages.iter().all(|message| message.len() <= MESSAGE + 100));
        let parts = messages.iter().flat_map(|message| Part::read(message).unwrap());
        let read = parts.map(|part| match part {
            Part::Event { event, .. } => (event.kind, event.body.len()),
            other => panic!("{other:?}"),
        });
        let read: Vec<_> = read.collect();
        assert_eq!(read.len(), sizes.len());
        assert_eq!((read[3].0.as_str(), read[1].1), ("ProxyGap", MESSAGE / 2));
        let huge = Part::Mail(MailForm {
            offer: "x".repeat(MESSAGE),
            version_1: false,
            payload: Binary(Bytes::new()),
        });
        assert!(Part::encode(vec![huge], MESSAGE).is_none(), "nothing of it can be left out");
    }
}
