//! One message of a stream, and what no broker carries of it.

use bytes::Bytes;

use super::LARGEST_HEADERS;
use crate::{BusError, BusErrorKind};

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The routing key (RabbitMQ) or the subject (NATS), whole.
    pub key: String,
    /// RabbitMQ: headers of the message; NATS: headers of the same names.
    pub headers: Vec<(&'static str, String)>,
    /// The message itself: JSON in UTF-8.
    pub body: Bytes,
    /// Its own id, the same whenever it is sent again: `message_id` on RabbitMQ, `Nats-Msg-Id` on NATS.
    pub id: String,
}

/// The longest key and the longest id, in bytes: AMQP has one byte for their length.
const LONGEST: usize = 255;

/// The longest part of a wrong key or id that an error repeats, in characters.
const SHOWN: usize = 80;

impl Record {
    /// Refuses what no broker carries.
    pub(crate) fn check(&self, largest_message: usize) -> Result<(), BusError> {
        if self.key.len() > LONGEST {
            let text =
                format!("the key {} has {} bytes, more than {LONGEST}", shown(&self.key), self.key.len());
            return Err(BusError::new(BusErrorKind::Invalid, text));
        }
        if self.id.len() > LONGEST {
            let text = format!("the id {} has {} bytes, more than {LONGEST}", shown(&self.id), self.id.len());
            return Err(BusError::new(BusErrorKind::Invalid, text));
        }
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if headers + self.id.len() > LARGEST_HEADERS {
            let text = format!("the headers of {} are larger than {LARGEST_HEADERS} bytes", shown(&self.key));
            return Err(BusError::new(BusErrorKind::TooLarge, text));
        }
        if self.body.len() > largest_message {
            let text = format!(
                "the message under {} has {} bytes, more than the {largest_message} that the broker takes",
                shown(&self.key),
                self.body.len()
            );
            return Err(BusError::new(BusErrorKind::TooLarge, text));
        }
        Ok(())
    }
}

/// A text from outside, as it may stand in an error: quoted, and not whole if it is long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            key: "stasis.app.hello".to_owned(),
            headers: vec![("name", "StasisStart".to_owned())],
            body: Bytes::from_static(b"{}"),
            id: "1".to_owned(),
        }
    }

    fn kind(record: &Record) -> Option<BusErrorKind> {
        record.check(100).err().map(|error| error.kind())
    }

    #[test]
    fn what_fits_passes_and_one_byte_more_does_not() {
        assert_eq!(kind(&record()), None);
        let largest = Record {
            key: "k".repeat(255),
            id: "i".repeat(255),
            headers: vec![("name", "v".repeat(LARGEST_HEADERS - 255 - 4))],
            body: Bytes::from(vec![b' '; 100]),
        };
        assert_eq!(kind(&largest), None);
        let more = |change: fn(&mut Record)| {
            let mut record = largest.clone();
            change(&mut record);
            kind(&record)
        };
        assert_eq!(more(|record| record.key.push('k')), Some(BusErrorKind::Invalid));
        assert_eq!(more(|record| record.id.push('i')), Some(BusErrorKind::Invalid));
        assert_eq!(more(|record| record.headers[0].1.push('v')), Some(BusErrorKind::TooLarge));
        assert_eq!(more(|record| record.body = Bytes::from(vec![b' '; 101])), Some(BusErrorKind::TooLarge));
    }

    #[test]
    fn an_error_names_a_long_key_and_stays_short() {
        let error = Record { key: "ä\n".repeat(1000), ..record() }.check(100).expect_err("too long");
        assert!(error.to_string().contains("ä\\n") && error.to_string().len() < 400, "{error}");
    }
}
