//! The link to Asterisk: its websocket of events, its REST interface and its manager interface. Nothing here knows of the bus.

pub(crate) mod ami;
pub(crate) mod chosen;
pub(crate) mod dial_in;
pub(crate) mod event;
mod headers;
mod limits;
pub(crate) mod request;
pub(crate) mod rest;
mod said;
pub(crate) mod sizes;
pub(crate) mod websocket;
