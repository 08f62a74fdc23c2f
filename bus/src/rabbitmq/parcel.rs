//! Messages to one queue.

use std::time::Duration;

use bytes::Bytes;
use lapin::{BasicProperties, types::ShortString};

use super::{
    limits::{LARGEST_MESSAGE, LONGEST_EXPIRY_MS},
    publisher::{Batch, Outgoing},
};
use crate::{BusError, BusErrorKind};

/// What to publish to one queue.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) queue: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) payloads: Vec<Bytes>,
}

impl Parcel {
    /// Lets its messages expire if nobody has taken them by then.
    pub(super) fn expiring(mut self, after: Duration) -> Self {
        let after = after.as_millis().min(u128::from(LONGEST_EXPIRY_MS));
        self.properties = self.properties.with_expiration(after.to_string().into());
        self
    }

    /// Lets its messages survive a restart of the broker.
    pub(super) fn persistent(mut self) -> Self {
        self.properties = self.properties.with_delivery_mode(2);
        self
    }

    /// Refuses payloads that no message carries.
    pub(super) fn check(&self) -> Result<(), BusError> {
        let Some(large) = self.payloads.iter().find(|payload| payload.len() > LARGEST_MESSAGE) else {
            return Ok(());
        };
        let text =
            format!("{} bytes are more than the {LARGEST_MESSAGE} that a message carries", large.len());
        Err(BusError::new(BusErrorKind::TooLarge, text))
    }
}

impl Batch for Parcel {
    fn target(&self) -> String {
        self.queue.to_string()
    }

    fn len(&self) -> usize {
        self.payloads.len()
    }

    fn size(&self, index: usize) -> usize {
        self.payloads[index].len()
    }

    fn message(&self, index: usize) -> Outgoing {
        Outgoing {
            exchange: ShortString::default(),
            key: self.queue.clone(),
            properties: self.properties.clone(),
            payload: self.payloads[index].clone(),
        }
    }
}
