//! Answers on their way to the commands that wait for them: matched by id, put together from parts.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ari_bus::protocol::{Answer, CommandResponse, MAX_ANSWER_PARTS};
use bytes::{Bytes, BytesMut};
use tokio::sync::oneshot;
use tracing::debug;

use crate::limits::LARGEST_ANSWER;

/// An answer, or why there can be none.
pub(crate) type Arrived = Result<Answer, &'static str>;

/// The commands of one call that wait for an answer. Each entry belongs to a future that its program awaits, and goes
/// with it: there are as many as the handler issues at once.
#[derive(Default)]
pub(crate) struct Answers {
    waiting: Mutex<HashMap<String, Waiting>>,
}

struct Waiting {
    sender: oneshot::Sender<Arrived>,
    parts: Parts,
}

/// A command's place among those that wait; dropping it gives the place up.
pub(crate) struct Expected {
    answers: Arc<Answers>,
    unique_id: String,
    receiver: oneshot::Receiver<Arrived>,
}

impl Answers {
    /// Begins to wait for the answer to a command.
    pub(crate) fn expect(self: &Arc<Self>, unique_id: &str) -> Expected {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(unique_id.to_owned(), Waiting { sender, parts: Parts::default() });
        Expected { answers: Arc::clone(self), unique_id: unique_id.to_owned(), receiver }
    }

    /// Takes a message from the responses topic. One without id is meant for the only command that waits
    /// (`sole_takes_anonymous`): version 1 runs one at a time, and its proxy may not repeat the id.
    ///
    /// Returns the id of a command that needs no other answer: this one was whole, or nobody waits for it.
    pub(crate) fn take(&self, payload: &[u8], sole_takes_anonymous: bool) -> Option<String> {
        let message = match CommandResponse::parse(payload) {
            Ok(message) => message,
            Err(error) => {
                debug!(%error, "dropped an answer");
                return None;
            }
        };
        let mut waiting = self.lock();
        let unique_id = if message.unique_id.is_empty() && sole_takes_anonymous && waiting.len() == 1 {
            waiting.keys().next().cloned().unwrap_or_default()
        } else {
            message.unique_id.clone()
        };
        let Some(entry) = waiting.get_mut(&unique_id) else {
            debug!(status = message.status_code, "dropped an answer that no command waits for");
            return Some(unique_id);
        };
        let arrived = entry.parts.add(message)?;
        if let Some(entry) = waiting.remove(&unique_id) {
            // The command may have given up at this very moment.
            let _ = entry.sender.send(arrived);
        }
        Some(unique_id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected {
    /// The answer, which comes once. Cancel-safe.
    pub(crate) async fn arrived(&mut self) -> Arrived {
        (&mut self.receiver).await.unwrap_or(Err("nobody waits for the answer any more"))
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.answers.lock().remove(&self.unique_id);
    }
}

/// The parts of one answer so far.
#[derive(Default)]
struct Parts {
    slices: BTreeMap<u32, Bytes>,
    bytes: usize,
}

impl Parts {
    /// Adds a message; returns the answer once it is whole, or once it is clear that it never will be.
    fn add(&mut self, message: CommandResponse) -> Option<Arrived> {
        let (status, part, parts) = (message.status_code, message.part, message.parts);
        let body = match message.into_body() {
            Ok(body) => body,
            Err(_) => return Some(Err("an answer came whose body is not the base64 that it should be")),
        };
        let (Some(part), Some(parts)) = (part, parts) else {
            return Some(Ok(Answer { status, body }));
        };
        // A part that comes twice, with an answer that was asked for again, is the same part.
        let more = if self.slices.contains_key(&part) { 0 } else { body.len() };
        if parts > MAX_ANSWER_PARTS || self.bytes + more > LARGEST_ANSWER {
            return Some(Err("the answer is larger than this worker takes"));
        }
        if part == 0 || part > parts {
            debug!(part, parts, "dropped a part of an answer that cannot be");
            return None;
        }
        self.bytes += more;
        self.slices.entry(part).or_insert(body);
        if self.slices.len() < parts as usize {
            return None;
        }
        let mut whole = BytesMut::with_capacity(self.bytes);
        self.slices.values().for_each(|slice| whole.extend_from_slice(slice));
        Some(Ok(Answer { status, body: whole.freeze() }))
    }
}

#[cfg(test)]
mod tests {
    use ari_bus::protocol::{Bodies, encode_answer};

    use super::*;

    fn add_all(messages: impl IntoIterator<Item = Bytes>) -> Option<Arrived> {
        let mut parts = Parts::default();
        messages.into_iter().find_map(|message| parts.add(CommandResponse::parse(&message).unwrap()))
    }

    #[test]
    fn parts_in_any_order_and_doubled_make_the_whole() {
        let answer = Answer { status: 200, body: (0..4000u32).map(|n| n as u8).collect::<Vec<_>>().into() };
        let mut messages = encode_answer("u", &answer, Bodies::String, 700, true).unwrap();
        assert!(messages.len() > 3);
        messages.swap(0, 2);
        messages.insert(1, messages[0].clone());
        assert_eq!(add_all(messages), Some(Ok(answer)));
    }

    #[test]
    fn impossible_parts_are_no_answer_and_no_memory() {
        let message =
            |fields: &str| Bytes::from(format!(r#"{{"unique_id":"u","status_code":200,{fields}}}"#));
        assert_eq!(add_all([message(r#""part":0,"parts":2"#), message(r#""part":3,"parts":2"#)]), None);
        assert!(matches!(add_all([message(r#""part":1,"parts":4294967295"#)]), Some(Err(_))));
        let not_base64 = message(r#""part":1,"parts":2,"response_body":"*""#);
        assert!(matches!(add_all([not_base64]), Some(Err(_))));
    }

    #[tokio::test]
    async fn an_answer_without_id_is_for_the_only_command_of_version_1() {
        let answers = Arc::new(Answers::default());
        let anonymous = br#"{"unique_id":"","status_code":204,"response_body":""}"#;
        let mut expected = answers.expect("a");
        answers.take(anonymous, false);
        answers.take(br#"{"unique_id":"b","status_code":200,"response_body":""}"#, true);
        answers.take(b"garbage", true);
        answers.take(anonymous, true);
        assert_eq!(expected.arrived().await, Ok(Answer::empty(204)));
    }

    #[test]
    fn a_command_that_gave_up_leaves_nothing() {
        let answers = Arc::new(Answers::default());
        drop(answers.expect("a"));
        assert!(answers.lock().is_empty());
    }
}
