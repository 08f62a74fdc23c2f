//! What operations are called, where they are, and what they take.

use crate::{Method, ObjectKind};

/// What an operation is called, where it is, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The resource that it belongs to, such as `channels`.
    pub resource: &'static str,
    /// Its name, which is unique in its resource.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, with its parameters in braces: `/channels/{channelId}/play`.
    pub path: &'static str,
    /// All that it takes, in the order of Asterisk's description.
    pub parameters: &'static [ParameterInfo],
    /// The object that it makes.
    pub makes: Option<Makes>,
    /// Whether it opens a websocket. That is the proxy's to do: no command does it.
    pub websocket: bool,
}

impl OperationInfo {
    /// One without parameters.
    #[must_use]
    pub const fn new(resource: &'static str, name: &'static str, method: Method, path: &'static str) -> Self {
        Self { resource, name, method, path, parameters: &[], makes: None, websocket: false }
    }

    /// Says what it takes.
    #[must_use]
    pub const fn parameters(self, parameters: &'static [ParameterInfo]) -> Self {
        Self { parameters, ..self }
    }

    /// Says that it makes an object, whose id is this parameter.
    #[must_use]
    pub const fn makes(self, kind: ObjectKind, parameter: &'static str) -> Self {
        Self { makes: Some(Makes { kind, parameter }), ..self }
    }

    /// Says that it opens a websocket.
    #[must_use]
    pub const fn websocket(self) -> Self {
        Self { websocket: true, ..self }
    }
}

/// The object that an operation makes, under an id that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Makes {
    /// What it is.
    pub kind: ObjectKind,
    /// The parameter that is its id. Where it is left out, [`Call::run`](crate::Call::run) chooses one.
    pub parameter: &'static str,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query. POST and PUT carry it in the body, where Asterisk reads it as well and it may be longer.
    Query,
    /// In the JSON body.
    Body,
}

/// A parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParameterInfo {
    /// Its name in ARI.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// Whether the operation cannot do without.
    pub required: bool,
    /// Whether it is a list.
    pub list: bool,
    /// All values that it may have, if they are listed.
    pub values: &'static [&'static str],
}

impl ParameterInfo {
    const fn new(name: &'static str, place: Place) -> Self {
        Self { name, place, required: false, list: false, values: &[] }
    }

    /// One in the path, which is always required.
    #[must_use]
    pub const fn path(name: &'static str) -> Self {
        Self::new(name, Place::Path).required()
    }

    /// One in the query.
    #[must_use]
    pub const fn query(name: &'static str) -> Self {
        Self::new(name, Place::Query)
    }

    /// One in the body.
    #[must_use]
    pub const fn body(name: &'static str) -> Self {
        Self::new(name, Place::Body)
    }

    /// The operation cannot do without it.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// It is a list.
    #[must_use]
    pub const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    /// It has one of these values.
    #[must_use]
    pub const fn values(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }
}
