//! One connection, from its opening to its loss, with the exchange there.

use std::time::Duration;

use super::{exchange, question::Question, records::Records};
use crate::{
    BusError,
    rabbitmq::{
        address::Address,
        fault::{Fault, bus_error, fault, no_connection},
        limits::GOODBYE_DEADLINE,
        publisher::{Batch as _, Publisher, Unconfirmed},
        vitals::Vitals,
        wire::Wire,
    },
    stream::{Exchange, Rejected},
};

/// What the broker says of one routing key that a login may not publish to, where a refusal of the whole exchange reads
/// `access to exchange`. Nothing else tells them apart.
const ABOUT_ONE_KEY: &str = "access to topic";

/// A connection that publishes to the exchange.
#[derive(Debug)]
pub(super) struct Outlet {
    publisher: Publisher,
    pub(super) vitals: Vitals,
}

impl Outlet {
    /// Connects, and sees to it that the exchange is there.
    pub(super) async fn open(address: &Address, name: &str, exchange: &Exchange) -> Result<Self, BusError> {
        let failed = |error| {
            let kind = bus_error("", &error).kind();
            BusError::new(kind, no_connection(address, &error))
        };
        let wire = Wire::open(address, name).await.map_err(failed)?;
        if let Err(error) = exchange::prepare(&wire, exchange).await {
            // It is tried again and again: a broker takes each that is cut off for a fault.
            wire.close(GOODBYE_DEADLINE).await;
            return Err(error);
        }
        let publisher = Publisher::open(wire).await.map_err(failed)?;
        Ok(Self { publisher, vitals: Vitals::default() })
    }

    /// Resolves when the connection is lost or was cut.
    pub(super) async fn lost(&self) {
        let watching = self.vitals.watch(self.publisher.wire());
        self.vitals.broken.run_until_cancelled(watching).await;
    }

    /// Publishes; returns the records that the broker does not take.
    pub(super) async fn publish(&self, records: &Records<'_>) -> Result<Vec<Rejected>, BusError> {
        let about_one_key = |why: &Unconfirmed| {
            why.may_be_another_s()
                && why.failure().is_some_and(|error| error.to_string().contains(ABOUT_ONE_KEY))
        };
        let refused = self.publisher.publish_each(records, about_one_key).await.map_err(|why| {
            if why.failure().map(fault) == Some(Fault::NotFound) {
                // Somebody deleted the exchange: the next connection sees to it.
                self.cut();
            }
            why.error(&records.target())
        })?;
        let rejected = refused.into_iter().map(|(index, why)| {
            let (index, key) = records.place(index);
            Rejected { index, error: why.error(key) }
        });
        Ok(rejected.collect())
    }

    /// Asks whether one may publish there.
    pub(super) async fn may_publish(&self, exchange: &str) -> Result<(), BusError> {
        let question = Question(exchange);
        match self.publisher.publish_each(&question, |_| false).await {
            // The message itself is what it does not take.
            Err(why) if why.failure().map(fault) == Some(Fault::Mismatch) => Ok(()),
            Err(why) => Err(why.error(&question.target())),
            Ok(_) => Ok(()),
        }
    }

    /// Waits until everything that was published is confirmed or has failed.
    pub(super) async fn drained(&self) {
        self.publisher.drained().await;
    }

    /// Says goodbye, within `deadline`.
    pub(super) async fn close(&self, deadline: Duration) {
        self.publisher.wire().close(deadline).await;
    }

    /// Ends the connection at once: everything that waits on it fails.
    pub(super) fn cut(&self) {
        self.vitals.broken.cancel();
        self.publisher.wire().cut();
    }
}
