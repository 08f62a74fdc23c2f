//! The exchange: made if it is missing, or found.

use lapin::{options::ExchangeDeclareOptions, types::FieldTable};

use crate::{
    BusError, BusErrorKind,
    rabbitmq::{
        fault::{Fault, bus_error, fault},
        own::close,
        wire::Wire,
    },
    stream::{Exchange, ExchangeKind, shown},
};

/// Refuses a name that no exchange can have.
pub(super) fn check(exchange: &Exchange) -> Result<(), BusError> {
    let name = &exchange.name;
    if name.is_empty() || name.len() > 255 || name.contains(char::is_control) {
        let text =
            format!("{} is no name for an exchange: 1 to 255 bytes, no control characters", shown(name));
        return Err(BusError::new(BusErrorKind::Invalid, text));
    }
    Ok(())
}

/// Sees to it that the exchange is there.
pub(super) async fn prepare(wire: &Wire, exchange: &Exchange) -> Result<(), BusError> {
    let Exchange { name, kind, declare } = exchange;
    let kind_there = match kind {
        ExchangeKind::Topic => lapin::ExchangeKind::Topic,
        ExchangeKind::Headers => lapin::ExchangeKind::Headers,
    };
    let doing = format!("{} the exchange {name}", if *declare { "declaring" } else { "looking for" });
    let channel = wire.channel().await.map_err(|error| bus_error(&doing, &error))?;
    // Without `declare` it is asked for by its name alone.
    let options =
        ExchangeDeclareOptions { durable: true, passive: !declare, ..ExchangeDeclareOptions::default() };
    let declared =
        channel.exchange_declare(name.as_str().into(), kind_there, options, FieldTable::default()).await;
    close(&channel).await;
    let Err(error) = declared else { return Ok(()) };
    let advice = match fault(&error) {
        Fault::Mismatch => format!(
            "there is one of that name which is not a durable one of type {}: make exchange_type what it is, or exchange another \
             name, or delete it in RabbitMQ",
            kind.name()
        ),
        Fault::Denied if *declare => {
            "let this login configure it, or make it by hand and do not have it declared (declare_exchange)"
                .to_owned()
        }
        Fault::NotFound => "make it, or have it declared (declare_exchange)".to_owned(),
        _ => return Err(bus_error(&doing, &error)),
    };
    Err(BusError::new(BusErrorKind::Refused, format!("{}; {advice}", bus_error(&doing, &error))))
}
