//! What can go wrong: [`CommandError`] for commands of a call, [`WorkerError`] for a worker as a whole.

use std::{fmt, time::Duration};

use ari_bus::{BusError, BusErrorKind};
use serde::Deserialize;

/// What kind of failure a [`CommandError`] is; match on this, not on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// 400 or 422, or this crate sees it itself: a parameter is missing, or has a value that cannot be. An object that a parameter
    /// names, such as the channel that is to enter a bridge, counts as one.
    BadRequest,
    /// 403: the proxy's policy does not allow it, or Asterisk does not, such as changing what its configuration does not let ARI
    /// change.
    Forbidden,
    /// 404: there is no such object (any more). An Asterisk that does not know the operation, or has not loaded its module, answers
    /// the same.
    NotFound,
    /// 409, or 422 where a parameter names it: the channel or bridge is there, but in no Stasis application.
    NotInStasis,
    /// 409 for any other reason: the id or the name is taken, the object is busy with something else (a channel that records enters
    /// no bridge, a playback that has not begun cannot be paused), another application was first, or the object is not this call's.
    Conflict,
    /// 412: the object is not in a state for this, mostly a channel that is being called and was not answered yet.
    InvalidState,
    /// 405 or 501: this Asterisk, or this proxy, cannot do it at all.
    Unsupported,
    /// 500: Asterisk could not, and hardly says why. Of what makes a channel (`Allocation failed`) it mostly means that there is no
    /// such endpoint, or that its phone is not registered; of recording, that the file cannot be written.
    Internal,
    /// 413 or 414, or more than the bus carries: the command was not sent.
    TooLarge,
    /// 503, Asterisk is away or not yet ready; 429, too many commands of this call wait already; or the bus was away, or
    /// this worker cut off from the proxy, so that it was not sent. Nothing was done.
    Unavailable,
    /// No answer in time, or 504, or the [proxy was replaced](crate#when-the-proxy-is-replaced) before it answered: whether the
    /// command was carried out is not known.
    Timeout,
    /// The call is over, or another worker has it.
    Gone,
    /// This worker is to stop, and the call went to another after its last save: the handler returns this, which is no
    /// failure.
    HandedOver,
    /// The command was carried out, and what it started then failed: a playback, a recording.
    Failed,
    /// The bus refused the command; it was not sent.
    Bus,
    /// The command was carried out, but its answer cannot be had: it is not what this operation answers, is larger than
    /// this crate or the proxy (502) takes, or came garbled.
    Decode,
    /// Any other status, which is inside.
    Unexpected(u16),
}

/// A command that failed.
#[derive(Debug, Clone, thiserror::Error)]
pub struct CommandError {
    kind: CommandErrorKind,
    status: Option<u16>,
    message: String,
    command: String,
    #[source]
    source: Option<BusError>,
}

impl CommandError {
    pub(crate) fn new(kind: CommandErrorKind, command: &str, message: impl Into<String>) -> Self {
        // A URL's query may hold what does not belong into logs.
        let command = command.split('?').next().unwrap_or_default().to_owned();
        Self { kind, status: None, message: message.into(), command, source: None }
    }

    /// From an answer whose status is not 2xx.
    pub(crate) fn from_answer(command: &str, status: u16, body: &[u8]) -> Self {
        let message = message_of(body);
        let kind = match status {
            // Asterisk has one status for several reasons, which only its text tells apart.
            409 | 422 if message.to_ascii_lowercase().contains("not in stasis") => {
                CommandErrorKind::NotInStasis
            }
            400 | 422 => CommandErrorKind::BadRequest,
            403 => CommandErrorKind::Forbidden,
            404 => CommandErrorKind::NotFound,
            405 | 501 => CommandErrorKind::Unsupported,
            409 => CommandErrorKind::Conflict,
            412 => CommandErrorKind::InvalidState,
            413 | 414 => CommandErrorKind::TooLarge,
            429 | 503 => CommandErrorKind::Unavailable,
            500 => CommandErrorKind::Internal,
            502 => CommandErrorKind::Decode,
            // The proxy does not know either whether Asterisk acted.
            504 => CommandErrorKind::Timeout,
            other => CommandErrorKind::Unexpected(other),
        };
        Self { status: Some(status), ..Self::new(kind, command, message) }
    }

    /// From an error of the bus that is final: the command was not sent.
    pub(crate) fn from_bus(command: &str, error: BusError) -> Self {
        let kind = match error.kind() {
            BusErrorKind::TooLarge => CommandErrorKind::TooLarge,
            _ => CommandErrorKind::Bus,
        };
        Self { source: Some(error.clone()), ..Self::new(kind, command, format!("bus: {error}")) }
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> CommandErrorKind {
        self.kind
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// What Asterisk or the proxy said, or what this crate says where there was no answer.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Method and path of the command, such as `POST /channels/17.1/answer`.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Whether the command did not even leave this worker.
    pub(crate) fn never_left(&self) -> bool {
        let kinds = [CommandErrorKind::Unavailable, CommandErrorKind::TooLarge, CommandErrorKind::Bus];
        self.status.is_none() && kinds.contains(&self.kind)
    }

    /// Whether the same command was not carried out and may succeed later without anybody changing anything.
    ///
    /// False for [`Timeout`](CommandErrorKind::Timeout): what became of the command is not known, and playing a
    /// greeting twice is for the program to decide.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind == CommandErrorKind::Unavailable
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.command)?;
        match self.status {
            Some(status) => write!(f, "{status} {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Asterisk's errors are `{"message":"…"}`, some of its answers plain text.
fn message_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "error")]
        message: String,
    }
    /// More than this belongs into no log line.
    const LONGEST: usize = 300;
    serde_json::from_slice::<Body>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).trim().to_owned(), |body| body.message)
        .chars()
        .take(LONGEST)
        .collect()
}

/// Why a worker did not start, or had to stop.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// A setting cannot be used; the text names it.
    #[error("{name}: {problem}")]
    Setting {
        /// The environment variable or the builder's method.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The bus did not come up in time.
    #[error(
        "no message bus at {url} within {} s ({reason}): start it, or name the right one in Worker::connect or ARI_WORKER_BUS_URL",
        waited.as_secs()
    )]
    Unreachable {
        /// Where, without a password.
        url: String,
        /// How long was waited.
        waited: Duration,
        /// What the last attempt said.
        reason: String,
    },
    /// The bus refused what a worker cannot do without, or was closed under it.
    #[error("message bus: {0}")]
    Bus(#[from] BusError),
}

impl fmt::Debug for WorkerError {
    /// The text for people: a `main` that returns an error prints it with this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl WorkerError {
    pub(crate) fn setting(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Setting { name: name.into(), problem: problem.into() }
    }
}

/// What the operations of a call return.
pub type Result<T = (), E = CommandError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_says_its_kind_its_message_and_its_command() {
        let error = CommandError::from_answer(
            "POST /channels/1/play?x=y",
            404,
            br#"{"message":"Channel not found"}"#,
        );
        assert_eq!((error.kind(), error.status()), (CommandErrorKind::NotFound, Some(404)));
        assert_eq!(error.to_string(), "POST /channels/1/play: 404 Channel not found");
        assert!(!error.is_retryable());
        assert!(CommandError::from_answer("", 503, b"").is_retryable());
        assert_eq!(CommandError::from_answer("", 418, b"").kind(), CommandErrorKind::Unexpected(418));
    }

    #[test]
    fn of_one_status_the_text_tells_the_reason() {
        let of = |status, text: &str| {
            CommandError::from_answer("", status, json!({ "message": text }).to_string().as_bytes()).kind()
        };
        assert_eq!(of(409, "Channel not in Stasis application"), CommandErrorKind::NotInStasis);
        assert_eq!(of(422, "Channel not in Stasis application"), CommandErrorKind::NotInStasis);
        assert_eq!(of(409, "Recording not in session"), CommandErrorKind::Conflict);
        assert_eq!(of(422, "Channel not in this bridge"), CommandErrorKind::BadRequest);
        assert_eq!(of(500, "Allocation failed"), CommandErrorKind::Internal);
    }

    #[test]
    fn any_body_makes_a_short_message() {
        assert_eq!(message_of(b" plain "), "plain");
        assert_eq!(message_of(br#"{"error":"Invalid parameter"}"#), "Invalid parameter");
        assert_eq!(message_of(&[0xff; 2000]).chars().count(), 300);
    }
}
