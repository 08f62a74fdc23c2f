//! Audio to a program and back, over a websocket.

use ari_testbed::{AsteriskOptions, free_tcp_port};
use ari_tests::{
    brokers::Kind,
    on_both_buses,
    wait::{eventually, ok},
};

use super::{HEARD, Stage, hang_up, list, phone::Phone, sound, until_talks};

on_both_buses!(a_caller_hears_what_the_bot_says);

async fn a_caller_hears_what_the_bot_says(kind: Kind) {
    let address = format!("127.0.0.1:{}", ok(free_tcp_port()));
    let client = format!(
        "[voice-bot]\ntype = websocket_client\nconnection_type = per_call_config\nuri = ws://{address}/media\nprotocols = media"
    );
    let options = AsteriskOptions::new().configuration("websocket_client.conf", &client).extensions(HEARD);
    let stage = Stage::new(kind, options, "voice_bot", &[&address]).await;
    let asterisk = stage.asterisk();
    let alice = Phone::calls(asterisk, "alice", "2000", "");
    let alices = alice.channel_id(asterisk).await;
    until_talks(asterisk, &alices).await;
    // Her own voice: it is to be heard by her because the bot sends it back.
    let heard = asterisk.spool().join("monitor/heard-alice.wav");
    let hears = async || std::fs::read(&heard).is_ok_and(|file| sound::is_voice(&sound::wav(&file)));
    eventually("the bot heard by alice", hears).await;
    hang_up(asterisk, &alices).await;
    alice.finish(1).await;
    eventually("nothing left", async || {
        list(asterisk, "/channels").await.is_empty() && list(asterisk, "/bridges").await.is_empty()
    })
    .await;
    stage.stop().await;
}
