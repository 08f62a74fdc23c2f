//! Reading an event as what its type says.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event that this crate has no type for, or that does not fit its type.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawEvent {
    /// Its type.
    pub kind: String,
    /// The whole event as JSON text, byte for byte as it came.
    pub body: String,
    /// Why it does not fit its type; `None` for a type that is not known.
    pub problem: Option<String>,
}

impl RawEvent {
    pub(crate) fn unknown(kind: &str, body: &str) -> Self {
        Self { kind: kind.to_owned(), body: body.to_owned(), problem: None }
    }

    /// The event, parsed; `Null` where it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("kind", &self.kind)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// Reads an event of a known type.
pub(crate) fn read<T: DeserializeOwned>(kind: &str, body: &str) -> Result<Box<T>, RawEvent> {
    serde_json::from_str(body)
        .map(Box::new)
        .map_err(|error| RawEvent { problem: Some(error.to_string()), ..RawEvent::unknown(kind, body) })
}

/// Makes the enum of all events.
macro_rules! events {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])* $variant(Box<$variant>),)*
            /// One that this crate has no type for, or that does not fit its type.
            Other(RawEvent),
        }

        impl $name {
            /// The types that it knows.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($variant)),*];

            /// Reads an event of this type. What is not known, or is not as it should be, is [`Other`](Self::Other).
            #[must_use]
            pub fn read(kind: &str, body: &str) -> Self {
                match kind {
                    $(stringify!($variant) => read(kind, body).map_or_else(Self::Other, Self::$variant),)*
                    _ => Self::Other(RawEvent::unknown(kind, body)),
                }
            }

            /// The type, such as `StasisStart`.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)*
                    Self::Other(raw) => &raw.kind,
                }
            }

            /// The application that it was sent to.
            #[must_use]
            pub fn application(&self) -> Option<&ApplicationName> {
                match self {
                    $(Self::$variant(event) => Some(&event.application),)*
                    Self::Other(_) => None,
                }
            }

            /// When it happened, by Asterisk's clock.
            #[must_use]
            pub fn timestamp(&self) -> Option<time::OffsetDateTime> {
                match self {
                    $(Self::$variant(event) => Some(event.timestamp),)*
                    Self::Other(_) => None,
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(to),)*
                    Self::Other(raw) => raw.json().serialize(to),
                }
            }
        }
    };
}

pub(crate) use events;
