//! Channels: what only a phone's can do, and what any can.

use std::time::Duration;

use ari_client::{
    Result,
    ari::{ChannelId, Direction, Encapsulation, Event, HangupReason, SnoopDirection, channels},
};

use super::bench::Bench;

pub(crate) async fn of_a_phone(bench: &Bench) -> Result {
    let own = bench.own();
    bench.run(channels::Ring::new(&own)).await?;
    bench.run(channels::RingStop::new(&own)).await?;
    bench.run(channels::Progress::new(&own)).await?;
    bench.run(channels::Answer::new(&own)).await?;
    bench.run(channels::RtpStatistics::new(&own)).await?;
    bench.run(channels::SendDtmf::new(&own).dtmf("1").duration(Duration::from_millis(100))).await?;
    bench.run(channels::Mute::new(&own).direction(Direction::In)).await?;
    bench.run(channels::Unmute::new(&own).direction(Direction::In)).await?;
    variables(bench, &own).await?;
    made(bench, &own).await?;
    heard(bench).await?;
    left(bench).await?;
    bench.run(channels::Hangup::new(&own).reason(HangupReason::Normal)).await
}

/// A phone that holds, comes back and presses a key, when it is told to by one.
pub(crate) async fn of_a_phone_that_holds(bench: &Bench) -> Result {
    let own = bench.own();
    bench.run(channels::Answer::new(&own)).await?;
    bench.run(channels::SendDtmf::new(&own).dtmf("1")).await?;
    let pressed = bench.find("the key", |event| match event {
        Event::ChannelDtmfReceived(key) if key.channel.id == own => Some(key.digit.clone()),
        _ => None,
    });
    assert_eq!(pressed.await, "5");
    bench.hang_up().await
}

async fn variables(bench: &Bench, own: &ChannelId) -> Result {
    bench.run(channels::SetChannelVar::new(own, "ONE").value("1").report_events(true)).await?;
    assert_eq!(bench.run(channels::GetChannelVar::new(own, "ONE")).await?.value, "1");
    bench.run(channels::SetChannelVars::new(own, [("TWO", "2")])).await?;
    let read = bench.run(channels::GetChannelVars::new(own, ["ONE", "TWO"])).await?;
    assert_eq!((&read.variables["ONE"], &read.variables["TWO"]), (&"1".into(), &"2".into()));
    Ok(())
}

/// Channels that the call makes.
async fn made(bench: &Bench, own: &ChannelId) -> Result {
    let app = bench.call.application();
    let create = channels::Create::new("Local/park@default/n", app).originator(own);
    let created = bench.run(create).await?.id;
    bench.enters(&created).await;
    bench.run(channels::Dial::new(&created).caller(own).timeout(Duration::from_secs(60))).await?;
    bench
        .find("the answer of whom was dialled", |event| match event {
            Event::Dial(dial) if dial.peer.id == created && dial.dialstatus == "ANSWER" => Some(()),
            _ => None,
        })
        .await;
    assert!(bench.run(channels::List::new()).await?.iter().any(|channel| channel.id == created));
    assert_eq!(bench.run(channels::Get::new(&created)).await?.id, created);

    let park = channels::OriginateWithId::new(format!("with-{own}"), "Local/park@default/n");
    let apart = bench.run(park.context("default").extension("park").priority(1)).await?.id;
    let snoop = bench.run(channels::SnoopChannel::new(own, app).spy(SnoopDirection::Both)).await?.id;
    let second = channels::SnoopChannelWithId::new(own, format!("snoop-{own}"), app).spy(SnoopDirection::In);
    let second = bench.run(second).await?.id;
    let media = channels::ExternalMedia::new(app, "ulaw").external_host("127.0.0.1:4000");
    let media = bench.run(media.encapsulation(Encapsulation::Rtp)).await?.id;
    for channel in [&snoop, &second, &media] {
        bench.enters(channel).await;
    }
    for channel in [created, apart, snoop, second, media] {
        bench.run(channels::Hangup::new(&channel)).await?;
    }
    Ok(())
}

/// What is done to the sound of a channel, whose other half talks.
async fn heard(bench: &Bench) -> Result {
    let chat = bench.leg("chat").await?;
    bench.run(channels::SetChannelVar::new(&chat, "TALK_DETECT(set)").value("100")).await?;
    bench
        .find("the end of talking", |event| match event {
            Event::ChannelTalkingFinished(quiet) if quiet.channel.id == chat => Some(()),
            _ => None,
        })
        .await;
    bench.run(channels::Hold::new(&chat)).await?;
    bench.run(channels::Unhold::new(&chat)).await?;
    bench.run(channels::StartMoh::new(&chat)).await?;
    bench.run(channels::StopMoh::new(&chat)).await?;
    bench.run(channels::StartSilence::new(&chat)).await?;
    bench.run(channels::StopSilence::new(&chat)).await?;
    bench.run(channels::Hangup::new(&chat)).await
}

/// Channels that go elsewhere, or try to.
async fn left(bench: &Bench) -> Result {
    let leg = bench.leg("park").await?;
    bench.run(channels::SetChannelVar::new(&leg, "CALLERID(num)").value("77")).await?;
    bench.run(channels::SetChannelVar::new(&leg, "CONNECTEDLINE(num)").value("88")).await?;
    bench.run(channels::Move::new(&leg, "nobody-has-this")).await?;
    bench
        .find("the failed move", |event| match event {
            Event::ApplicationMoveFailed(failed) if failed.channel.id == leg => Some(()),
            _ => None,
        })
        .await;
    let park = channels::ContinueInDialplan::new(&leg).context("default").extension("park").priority(1);
    bench.run(park).await?;
    bench
        .find("the end of its stay", |event| match event {
            Event::StasisEnd(end) if end.channel.id == leg => Some(()),
            _ => None,
        })
        .await;
    bench.run(channels::Hangup::new(&leg)).await
}
