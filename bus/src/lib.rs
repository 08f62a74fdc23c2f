//! What both ends of the bus agree on.
//!
//! [`protocol`] holds the messages and topic names of the dialog protocol and does no I/O. [`Bus`] is the one
//! trait behind which [NATS](nats), [RabbitMQ](rabbitmq) and [memory] stand; [`connect`] picks one by its URL.
//! [`stream`] is apart from the dialogs: it publishes for everybody.

mod bus;
mod claim;
mod connect;
mod current;
mod error;
mod link;
pub mod memory;
pub mod nats;
pub mod protocol;
pub mod rabbitmq;
pub mod security;
pub mod stream;
mod subscription;

pub use bus::{Bus, Reach, Retention, Topics};
pub use claim::{Claimed, Rival};
pub use connect::{BusOptions, DEADLINE, connect};
pub use error::{BusError, BusErrorKind};
pub use link::{Link, LinkState};
pub use subscription::{Delivery, Message, Subscription};
