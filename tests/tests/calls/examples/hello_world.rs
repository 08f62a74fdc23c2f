//! Greets, sends digits, holds and takes off hold.

use ari_testbed::{AsteriskOptions, Scenario, Sipp, SippOptions};
use ari_tests::{brokers::Kind, on_both_buses, wait::ok};

use super::{CALL, Stage};

on_both_buses!(the_caller_hears_a_greeting_and_digits_and_is_held);

async fn the_caller_hears_a_greeting_and_digits_and_is_held(kind: Kind) {
    greets_and_holds(kind, AsteriskOptions::new()).await;
}

/// The whole call, on any Asterisk.
pub(crate) async fn greets_and_holds(kind: Kind, options: AsteriskOptions) {
    let stage = Stage::new(kind, options, "hello_world", &[]).await;
    let options = SippOptions::new().timeout(CALL);
    // The scenario insists on digits, hold, its end and the hangup, in this order.
    let report = ok(Sipp::call(stage.asterisk(), &Scenario::HoldAndDtmf, &options).await);
    assert!(report.all_went_well(1), "{report:#?}");
    for digit in 1..=4 {
        assert!(report.messages.contains(&format!("Signal={digit}")), "{}", report.messages);
    }
    let log = stage.asterisk().log();
    assert!(log.contains("Playing 'hello-world"), "{log}");
    stage.stop().await;
}
