//! The first call and a move on the oldest Asterisk that is supported, Debian bullseye's 16.28.

use ari_testbed::{AsteriskOptions, Release};
use ari_tests::{brokers::Kind, on_both_buses, wait::ok, worlds::start_asterisk};

use super::{hello_world, phone::Phone, reception, until_logged};

on_both_buses!(
    #[ignore = "may make a root with another Asterisk, which takes minutes: tests/run --long"]
    the_caller_hears_a_greeting_and_digits_and_is_held,
    #[ignore = "may make a root with another Asterisk, which takes minutes: tests/run --long"]
    a_caller_is_moved_to_the_application_that_is_there,
);

async fn the_caller_hears_a_greeting_and_digits_and_is_held(kind: Kind) {
    hello_world::greets_and_holds(kind, oldest()).await;
}

async fn a_caller_is_moved_to_the_application_that_is_there(kind: Kind) {
    let (stage, sales) = reception::beside_sales(kind, oldest()).await;
    let asterisk = stage.asterisk();
    // In a hurry, because this Asterisk cannot be made to tell a phone when to press.
    Phone::hurries(asterisk, "alice", "1000", "21").finish(1).await;
    let sounds = ["Playing 'all-circuits-busy-now", "Playing 'hello-world"];
    until_logged(asterisk, sounds[1]).await;
    let heard = sounds.map(|sound| asterisk.log().find(sound));
    assert!(heard[0].is_some() && heard.is_sorted(), "{}", asterisk.log());
    sales.stop().await;
    stage.stop().await;
}

#[tokio::test]
#[ignore = "may make a root with another Asterisk, which takes minutes: tests/run --long"]
async fn it_is_16_28() {
    let asterisk = start_asterisk(oldest()).await;
    let (_, info) = ok(asterisk.ari("GET", "/asterisk/info").await);
    let version = info["system"]["version"].as_str().unwrap_or_default();
    assert!(version.starts_with("16.28."), "{info}");
    println!("Asterisk {version}");
}

fn oldest() -> AsteriskOptions {
    AsteriskOptions::new().release(Release::Bullseye)
}
