//! What carries messages, with nothing of calls in it: each bus by its contract, RabbitMQ by its own dangers, and what the event
//! stream is published with.

mod contract;
mod rabbitmq;
mod stream_sink;
