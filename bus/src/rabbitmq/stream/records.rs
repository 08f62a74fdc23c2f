//! Records as messages to an exchange.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{
    rabbitmq::{
        limits::LARGEST_MESSAGE,
        publisher::{Batch, Outgoing},
    },
    stream::{Exchange, Record, Rejected},
};

/// Those of some records that can be sent.
#[derive(Debug)]
pub(super) struct Records<'a> {
    exchange: ShortString,
    /// Each with its place among all.
    ready: Vec<(usize, &'a Record)>,
}

impl<'a> Records<'a> {
    /// The records, and those that cannot be sent.
    pub(super) fn new(exchange: &Exchange, records: &'a [Record]) -> (Self, Vec<Rejected>) {
        let (mut ready, mut rejected) = (Vec::with_capacity(records.len()), Vec::new());
        for (index, record) in records.iter().enumerate() {
            match record.check(LARGEST_MESSAGE) {
                Ok(()) => ready.push((index, record)),
                Err(error) => rejected.push(Rejected { index, error }),
            }
        }
        (Self { exchange: exchange.name.as_str().into(), ready }, rejected)
    }

    /// Among all records: the place and the key of one that can be sent.
    pub(super) fn place(&self, index: usize) -> (usize, &'a str) {
        let (place, record) = self.ready[index];
        (place, &record.key)
    }
}

impl Batch for Records<'_> {
    fn target(&self) -> String {
        format!("the exchange {}", self.exchange)
    }

    fn len(&self) -> usize {
        self.ready.len()
    }

    fn size(&self, index: usize) -> usize {
        self.ready[index].1.body.len()
    }

    fn message(&self, index: usize) -> Outgoing {
        let record = self.ready[index].1;
        let mut headers = FieldTable::default();
        for (name, value) in &record.headers {
            headers.insert((*name).into(), AMQPValue::LongString(value.as_bytes().into()));
        }
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(2)
            .with_headers(headers)
            .with_message_id(record.id.as_str().into());
        Outgoing {
            exchange: self.exchange.clone(),
            key: record.key.as_str().into(),
            properties,
            payload: record.body.clone(),
        }
    }
}
