//! A call with everything that a phone can hear of, for SIPp's scenario of hold and DTMF.

use ari_client::{Call, Method};

/// Answers, plays, sends a digit, holds, plays music, plays again and hangs up.
///
/// # Errors
/// When a command fails.
pub async fn whole_call(call: Call) -> ari_client::Result {
    let channel = call.channel();
    channel.answer().await?;
    channel.play("sound:hello-world").await?.finished().await?;
    channel.send_dtmf("1").await?;
    channel.hold().await?;
    channel.unhold().await?;
    let music = format!("/channels/{}/moh", channel.id());
    call.command(Method::Post, &music).send().await?;
    call.command(Method::Delete, &music).send().await?;
    // What is played has its turn behind digits and hold, which a hangup overtakes.
    channel.play("sound:hello-world").await?.finished().await?;
    channel.hangup().await
}
