//! Calls are moved to other applications.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    programs::Running,
    worlds::Real,
};
use serde_json::json;

use super::{
    Stage,
    phone::{BELL, Phone},
    start, until_logged,
};

on_both_buses!(a_caller_is_moved_to_the_application_that_is_there);

async fn a_caller_is_moved_to_the_application_that_is_there(kind: Kind) {
    let options = AsteriskOptions::new().configuration(BELL.0, BELL.1);
    let (stage, sales) = beside_sales(kind, options).await;
    let asterisk = stage.asterisk();
    let alice = Phone::calls(asterisk, "alice", "1000", "21");
    until_logged(asterisk, "Playing 'vm-enter-num-to-call").await;
    alice.press(asterisk).await;
    until_logged(asterisk, "Playing 'all-circuits-busy-now").await;
    assert!(!asterisk.log().contains("Playing 'hello-world"));
    alice.press(asterisk).await;
    alice.finish(1).await;
    until_logged(asterisk, "Playing 'hello-world").await;
    sales.stop().await;
    stage.stop().await;
}

/// The example, and who has `sales`. Nobody has `support`.
pub(crate) async fn beside_sales(kind: Kind, options: AsteriskOptions) -> (Stage, Running) {
    let also_sales = |config: &mut serde_json::Value| {
        let own = config["applications"][0].clone();
        config["applications"] = json!([own, "sales"]);
    };
    let world = Real::with(Broker::shared(kind).await, options, also_sales).await;
    let sales = start(&world, "sales", "hello", &[]).await;
    let example = start(&world, &world.application, "reception", &[]).await;
    (Stage { world, example }, sales)
}
