//! Transfers that a phone asks for, and one that it is asked for.

use ari_client::{
    Result,
    ari::{ChannelId, Event, bridges, channels},
};

use super::bench::Bench;

/// Answers a phone, and bridges it with somebody; it begins with the transfer at the first key.
async fn bridged(bench: &Bench) -> Result<(ChannelId, ChannelId)> {
    let own = bench.own();
    bench.run(channels::Answer::new(&own)).await?;
    let other = bench.leg("park").await?;
    let bridge = bench.run(bridges::Create::new().kind("mixing")).await?.id;
    bench.run(bridges::AddChannel::new(&bridge, [&own, &other])).await?;
    bench
        .find("both in the bridge", |event| match event {
            Event::ChannelEnteredBridge(one) if one.bridge.id == bridge && one.bridge.channels.len() == 2 => {
                Some(())
            }
            _ => None,
        })
        .await;
    Ok((own, other))
}

/// Waits until the phone has hung up, as phones do after a transfer; whom it has transferred is hung up.
async fn gone(bench: &Bench, phone: &ChannelId, other: &ChannelId) -> Result {
    bench
        .find("the phone's end", |event| match event {
            Event::StasisEnd(end) if end.channel.id == *phone => Some(()),
            _ => None,
        })
        .await;
    bench.run(channels::Hangup::new(other)).await
}

pub(crate) async fn by_asterisk(bench: &Bench) -> Result {
    let (own, other) = bridged(bench).await?;
    bench.run(channels::SendDtmf::new(&own).dtmf("1")).await?;
    let result = bench.find("the transfer", |event| match event {
        Event::BridgeBlindTransfer(transfer) if transfer.channel.id == own => Some(transfer.result.clone()),
        _ => None,
    });
    assert_eq!(result.await, "Success");
    gone(bench, &own, &other).await
}

pub(crate) async fn by_the_worker(bench: &Bench) -> Result {
    let (own, other) = bridged(bench).await?;
    let mode = channels::SetChannelVar::new(&own, "PJSIP_TRANSFER_HANDLING()").value("ari-only");
    bench.run(mode).await?;
    bench.run(channels::SendDtmf::new(&own).dtmf("1")).await?;
    let wanted = bench.find("the wish", |event| match event {
        Event::ChannelTransfer(wish) if wish.referred_by.source_channel.id == own => {
            Some(wish.refer_to.requested_destination.destination.clone())
        }
        _ => None,
    });
    assert_eq!(wanted.await.as_deref(), Some("park"));
    for (state, key) in [("channel_progress", "5"), ("channel_answered", "6")] {
        bench.run(channels::TransferProgress::new(&own, state)).await?;
        bench
            .find("the key that the phone presses when it knows", |event| match event {
                Event::ChannelDtmfReceived(one) if one.channel.id == own && one.digit == key => Some(()),
                _ => None,
            })
            .await;
    }
    bench.run(channels::Hangup::new(&other)).await?;
    bench.hang_up().await
}

pub(crate) async fn after_asking(bench: &Bench) -> Result {
    let (own, other) = bridged(bench).await?;
    bench.run(channels::SendDtmf::new(&own).dtmf("1")).await?;
    let result = bench.find("the transfer", |event| match event {
        Event::BridgeAttendedTransfer(transfer) if transfer.transferer_first_leg.id == own => {
            Some(transfer.result.clone())
        }
        _ => None,
    });
    assert_eq!(result.await, "Success");
    gone(bench, &own, &other).await
}

pub(crate) async fn by_redirection(bench: &Bench) -> Result {
    bench.run(channels::Redirect::new(bench.own(), "PJSIP/sip:elsewhere@127.0.0.1")).await
}
