//! From a URL to a sink.

use std::sync::Arc;

use super::{Sink, SinkOptions};
use crate::{BusError, connect::Scheme, link::report, nats::NatsSink, rabbitmq::RabbitmqSink};

/// Begins to connect to the broker that `url` names, as [`connect`](crate::connect) does, with a connection that nothing else
/// uses: dialogs feel nothing of a stream.
///
/// Returns at once: whether the broker is there yet is for [`Sink::link`] to tell. To be called within a Tokio runtime.
///
/// # Errors
/// `Invalid` for a URL that names no known bus, and for options that cannot be used on it.
pub fn open(url: &str, options: SinkOptions) -> Result<Arc<dyn Sink>, BusError> {
    let (name, sink): (_, Arc<dyn Sink>) = match Scheme::of(url)? {
        Scheme::Nats => ("NATS (event stream)", Arc::new(NatsSink::open(url, options)?)),
        Scheme::Rabbitmq => ("RabbitMQ (event stream)", Arc::new(RabbitmqSink::open(url, options)?)),
    };
    // Ends when the sink is closed or dropped.
    tokio::spawn(report(name, sink.link()));
    Ok(sink)
}
