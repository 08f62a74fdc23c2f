//! A stream of records on RabbitMQ: persistent messages to one durable exchange, confirmed, on a connection of its own.
//!
//! The `keeper` keeps one `outlet` open: a connection on which the `exchange` is there; `records` are what goes through it.

mod exchange;
mod keeper;
mod outlet;
mod question;
mod records;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use self::{keeper::Shared, records::Records};
use super::{
    address::Address,
    fault::timed_out,
    limits::{GOODBYE_DEADLINE, LARGEST_MESSAGE},
    supervisor::left,
};
use crate::{
    BusError, BusErrorKind, LinkState,
    stream::{Record, Rejected, Sink, SinkOptions},
};

/// Publishes records to RabbitMQ.
#[derive(Debug)]
pub(crate) struct RabbitmqSink {
    shared: Arc<Shared>,
}

impl RabbitmqSink {
    /// Begins to connect.
    pub(crate) fn open(url: &str, options: SinkOptions) -> Result<Self, BusError> {
        let address = Address::parse(url, &options.connection.security)?;
        exchange::check(&options.exchange)?;
        if Handle::try_current().is_err() {
            return Err(BusError::new(BusErrorKind::Invalid, "RabbitMQ is used within a Tokio runtime"));
        }
        let shared = Arc::new(Shared::new(address, options));
        shared.tasks.spawn(keeper::keep(Arc::clone(&shared)));
        Ok(Self { shared })
    }
}

#[async_trait]
impl Sink for RabbitmqSink {
    fn largest_message(&self) -> usize {
        LARGEST_MESSAGE
    }

    fn link(&self) -> LinkState {
        self.shared.current.link()
    }

    async fn publish(&self, records: &[Record]) -> Result<Vec<Rejected>, BusError> {
        let outlet = self.shared.current.get()?;
        let (records, mut rejected) = Records::new(&self.shared.exchange, records);
        let doing = format!("publishing to the exchange {}", self.shared.exchange.name);
        let publishing = timeout(self.shared.connection.deadline, outlet.publish(&records));
        rejected.extend(publishing.await.unwrap_or_else(|_| Err(timed_out(&doing)))?);
        Ok(rejected)
    }

    async fn may_publish(&self) -> Result<(), BusError> {
        let outlet = self.shared.current.get()?;
        let name = &self.shared.exchange.name;
        let asking = timeout(self.shared.connection.deadline, outlet.may_publish(name));
        asking.await.unwrap_or_else(|_| Err(timed_out(&format!("asking for the exchange {name}"))))
    }

    async fn close(&self) {
        let shared = &self.shared;
        let until = Instant::now() + shared.connection.deadline;
        if let Some(outlet) = shared.current.close() {
            // What is not confirmed by then, nobody can say of whether it arrived.
            let _ = timeout_at(until, outlet.drained()).await;
        }
        shared.closing.cancel();
        shared.tasks.close();
        let _ = timeout(left(until).max(GOODBYE_DEADLINE), shared.tasks.wait()).await;
        shared.current.closed();
    }
}

impl Drop for RabbitmqSink {
    fn drop(&mut self) {
        if let Some(outlet) = self.shared.current.close() {
            outlet.cut();
        }
        self.shared.closing.cancel();
        self.shared.tasks.close();
        self.shared.current.closed();
    }
}
