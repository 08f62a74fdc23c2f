//! The one error type of the bus: what went wrong, and whether trying again makes sense.

/// What kind of failure a [`BusError`] is; match on this, not on the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BusErrorKind {
    /// The broker is away, or the connection was lost during the operation.
    Unavailable,
    /// The broker did not answer within the operation's deadline.
    Timeout,
    /// A payload is larger than the bus carries.
    TooLarge,
    /// The broker does not allow it: permissions, credentials, a queue declared differently.
    Refused,
    /// The topic, URL or option cannot be used on this bus.
    Invalid,
    /// [`crate::Bus::close`] was called.
    Closed,
}

/// An operation on the bus that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct BusError {
    kind: BusErrorKind,
    message: String,
}

impl BusError {
    /// Makes an error of a kind with a text for people, which must not hold a secret.
    pub fn new(kind: BusErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> BusErrorKind {
        self.kind
    }

    /// Whether the same operation may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, BusErrorKind::Unavailable | BusErrorKind::Timeout)
    }
}
