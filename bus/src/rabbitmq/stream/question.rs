//! A message that asks whether one may publish: no broker takes it, but it says why not.

use bytes::Bytes;
use lapin::BasicProperties;

use crate::rabbitmq::publisher::{Batch, Outgoing};

/// For an exchange of this name. RabbitMQ looks at the permission first, and then refuses the message for an expiration that is
/// no number, before it is anybody's.
#[derive(Debug)]
pub(super) struct Question<'a>(pub(super) &'a str);

impl Batch for Question<'_> {
    fn target(&self) -> String {
        format!("the exchange {}", self.0)
    }

    fn len(&self) -> usize {
        1
    }

    fn size(&self, _index: usize) -> usize {
        0
    }

    fn message(&self, _index: usize) -> Outgoing {
        Outgoing {
            exchange: self.0.into(),
            key: "".into(),
            properties: BasicProperties::default().with_expiration("never".into()),
            payload: Bytes::new(),
        }
    }
}
