//! Prints what happens to a call, which goes on in the dialplan meanwhile.

use ari_testbed::{AsteriskOptions, CONTINUED};
use ari_tests::{brokers::Kind, on_both_buses, wait::eventually};

use super::{Stage, phone::Phone, until_logged};

on_both_buses!(the_events_of_a_call_are_printed);

async fn the_events_of_a_call_are_printed(kind: Kind) {
    let stage = Stage::new(kind, AsteriskOptions::new(), "echo_events", &[]).await;
    Phone::calls(stage.asterisk(), "alice", "1000", "").finish(1).await;
    until_logged(stage.asterisk(), CONTINUED).await;
    // The last line is about the end of the call.
    eventually("all events printed", async || stage.example.output().contains(" Some(Ended)\n")).await;
    let output = stage.example.output();
    assert!(output.contains(" StasisStart ") && output.contains(" StasisEnd "), "{output}");
    stage.stop().await;
}
