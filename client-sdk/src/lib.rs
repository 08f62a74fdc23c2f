//! Workers for ari-proxy.
mod call;
mod error;
mod event;
mod inbox;
pub mod limits;
mod ops;
mod version1;
mod worker;

pub use call::{Call, CallEnd, EventStream, Method, Party, Request, Response, path};
pub use error::{CommandError, CommandErrorKind, Result, WorkerError};
pub use event::Event;
pub use ops::{Bridge, Channel, LiveRecording, Originate, Playback, Record, Recorded};
pub use worker::Worker;

pub use ari_bus::{Bus, BusError, BusErrorKind};
