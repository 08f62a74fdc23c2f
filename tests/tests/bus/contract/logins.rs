//! Logins: a refused one is told without its password and does not hammer the broker.

use std::time::Duration;

use ari_bus::{BusErrorKind, Link};

use super::{
    brokers::{Broker, PASSWORD, USER},
    closing::all_fail,
    support::{options, until, up, within},
};

/// How long attempts are counted.
const OBSERVED: Duration = Duration::from_secs(3);
/// Attempts in that time which are no spinning: that would make thousands.
const FEW: usize = 100;

pub(crate) async fn a_refused_login_is_told_and_does_not_spin<B: Broker>() {
    let broker = B::start_with_login().await;
    let bus = broker.connect_as(USER, "wr0ng-s3cr3t", options());
    let before = bus.link().now();
    until("the refusal is told", async || broker.refused_logins() > 0 && bus.link().now() != before).await;
    let Link::Down(told) = bus.link().now() else { panic!("{:?}", bus.link()) };
    assert!(!told.is_empty() && !told.contains("wr0ng"), "{told}");
    all_fail(&*bus, BusErrorKind::Unavailable).await;

    until("it tries again", async || broker.refused_logins() >= 2).await;
    let before = broker.refused_logins();
    tokio::time::sleep(OBSERVED).await;
    let attempts = broker.refused_logins() - before;
    assert!(attempts < FEW, "{attempts} attempts in {OBSERVED:?}");
    assert!(!bus.link().is_up());
    within("the close", bus.close()).await;
}

pub(crate) async fn a_password_of_any_letters_logs_in<B: Broker>() {
    let broker = B::start_with_login().await;
    let encoded: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let bus = broker.connect_as(USER, &encoded, options());
    up(&*bus).await;
    assert_eq!(broker.refused_logins(), 0);
}
