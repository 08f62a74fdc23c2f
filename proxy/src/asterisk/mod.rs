//! The link to Asterisk: its websocket of events and its REST interface. Nothing here knows of the bus.

pub(crate) mod chosen;
pub(crate) mod dial_in;
pub(crate) mod event;
mod headers;
mod limits;
pub(crate) mod request;
pub(crate) mod rest;
pub(crate) mod sizes;
pub(crate) mod websocket;
