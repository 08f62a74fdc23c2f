//! What lapin's errors mean here.

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
};

use super::address::Address;
use crate::{BusError, BusErrorKind, security::explain};

/// The classes of failure that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 404: no such queue; or, for a declaration, its home node is down.
    NotFound,
    /// 405: another connection holds the queue exclusively.
    Locked,
    /// 406: the queue exists with other properties.
    Mismatch,
    /// 403 or 530: no permission, wrong credentials, no such vhost.
    Denied,
    /// Anything else: the connection or channel is gone, the broker is shutting down.
    Lost,
    /// There was no answer in time; it may still come.
    Late,
}

impl Fault {
    /// Whether it is the broker's word about one queue, which ends the channel that it was asked on.
    pub(super) fn is_an_answer(self) -> bool {
        !matches!(self, Self::Lost | Self::Late)
    }
}

/// Classifies an error.
pub(super) fn fault(error: &lapin::Error) -> Fault {
    let ErrorKind::ProtocolError(error) = error.kind() else { return Fault::Lost };
    match error.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Fault::NotFound,
        AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED) => Fault::Locked,
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Fault::Mismatch,
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Fault::Denied,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => Fault::Denied,
        AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => Fault::Lost,
    }
}

/// An error for the caller: what was being done, what the broker said, and what to do about it. lapin's texts hold
/// no credentials.
pub(super) fn bus_error(doing: &str, error: &lapin::Error) -> BusError {
    let kind = match fault(error) {
        Fault::Mismatch | Fault::Denied => BusErrorKind::Refused,
        Fault::NotFound | Fault::Locked | Fault::Lost | Fault::Late => BusErrorKind::Unavailable,
    };
    let said = match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        _ => error.to_string(),
    };
    BusError::new(kind, format!("{doing}: {said}"))
}

/// Why there is no connection, in one line that says what to do.
pub(super) fn no_connection(address: &Address, error: &lapin::Error) -> String {
    let doing = format!("connecting to {address}");
    let explained = match error.kind() {
        ErrorKind::IOError(error) | ErrorKind::RuntimeShutdownError(error) => explain(&**error, address.handshake()),
        // An answer that is no AMQP at all.
        ErrorKind::ParsingError(_) if address.tls.is_none() => {
            Some("it does not speak AMQP on this port; if this is its port for TLS, let the URL begin with amqps://".to_owned())
        }
        _ => None,
    };
    match explained {
        Some(explained) => format!("{doing}: {explained}"),
        None => format!("{}{}", bus_error(&doing, error), advice(address, error)),
    }
}

/// What to do when the broker lets us come but not in.
fn advice(address: &Address, error: &lapin::Error) -> &'static str {
    match (fault(error), error.kind()) {
        (Fault::Denied, ErrorKind::ProtocolError(error))
            if error.kind() == &AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) =>
        {
            "; compare the vhost in the URL, and the user's permissions, with RabbitMQ's"
        }
        (Fault::Denied, _) if address.is_external() => {
            "; RabbitMQ must have the plugin rabbitmq_auth_mechanism_ssl and a user of the certificate's name"
        }
        (Fault::Denied, _) => "; compare user and password with RabbitMQ's",
        _ => "",
    }
}

/// The error for a queue that somebody declared with other properties.
pub(super) fn mismatch(queue: &str, error: &lapin::Error) -> BusError {
    let advice = "somebody declared this queue differently; delete it in RabbitMQ, or make whoever declares it \
                  declare it durable, not exclusive, not auto-delete, without arguments (a policy can set the rest)";
    let error = bus_error(&format!("declaring the queue {queue}"), error);
    BusError::new(BusErrorKind::Refused, format!("{error}; {advice}"))
}

/// The error for an operation whose deadline passed.
pub(super) fn timed_out(doing: &str) -> BusError {
    BusError::new(BusErrorKind::Timeout, format!("{doing}: the broker did not answer in time"))
}
