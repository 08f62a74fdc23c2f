//! Each number has a handler of its own.

use ari_testbed::{AsteriskOptions, CONTINUED, Scenario, Sipp, SippOptions};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    wait::ok,
    worlds::Real,
};
use serde_json::json;

use super::{
    CALL, Stage, hang_up,
    phone::{BELL, Phone},
    start, until_logged,
};

on_both_buses!(each_number_goes_to_its_handler);

/// The file that the example comes with.
const ROUTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-sdk/examples/routes.json");

async fn each_number_goes_to_its_handler(kind: Kind) {
    let options = AsteriskOptions::new().configuration(BELL.0, BELL.1);
    // A call that is declined by all goes on in the dialplan after this.
    let soon = |config: &mut serde_json::Value| config["dialog"] = json!({ "offer_deadline": "5s" });
    let world = Real::with(Broker::shared(kind).await, options, soon).await;
    let example = start(&world, &world.application, "router", &[ROUTES]).await;
    let stage = Stage { world, example };
    let asterisk = stage.asterisk();

    Phone::calls(asterisk, "alice", "100", "").finish(1).await;
    until_logged(asterisk, "Playing 'hello-world").await;

    let bob = Phone::calls(asterisk, "bob", "12125551234", "7");
    bob.press(asterisk).await;
    until_logged(asterisk, "Playing 'digits/7").await;
    hang_up(asterisk, &bob.channel_id(asterisk).await).await;
    bob.finish(1).await;

    assert!(!asterisk.log().contains(CONTINUED));
    Phone::calls(asterisk, "carol", "19005551234", "").finish(1).await;
    until_logged(asterisk, CONTINUED).await;

    let refused = Scenario::Xml(include_str!("../unanswered/refused.xml").replace("STATUS", "503"));
    let options = SippOptions::new().number("777").timeout(CALL);
    let report = ok(Sipp::call(asterisk, &refused, &options).await);
    assert!(report.all_went_well(1), "{report:#?}");
    stage.stop().await;
}
