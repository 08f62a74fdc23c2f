//! Bridges, with two channels.

use std::time::Duration;

use ari_client::{
    Result,
    ari::{Event, bridges, channels},
};

use super::bench::Bench;

pub(crate) async fn all(bench: &Bench) -> Result {
    let (first, second) = (bench.leg("park").await?, bench.leg("chat").await?);
    let other =
        bench.run(bridges::CreateWithId::new(format!("other-{}", bench.own())).kind("holding")).await?;
    let bridge = bench.run(bridges::Create::new().kind("mixing").name("whole")).await?.id;
    assert!(bench.run(bridges::List::new()).await?.iter().any(|one| one.id == bridge));
    bench.run(bridges::AddChannel::new(&bridge, [&first, &second])).await?;
    bench
        .find("both in the bridge", |event| match event {
            Event::ChannelEnteredBridge(one) if one.bridge.id == bridge && one.bridge.channels.len() == 2 => {
                Some(())
            }
            _ => None,
        })
        .await;
    assert_eq!(bench.run(bridges::Get::new(&bridge)).await?.channels.len(), 2);

    bench.run(bridges::SetBridgeVar::new(&bridge, "ONE").value("1").report_events(true)).await?;
    assert_eq!(bench.run(bridges::GetBridgeVar::new(&bridge, "ONE")).await?.value, "1");
    bench.run(bridges::SetBridgeVars::new(&bridge, [("TWO", "2")])).await?;
    let read = bench.run(bridges::GetBridgeVars::new(&bridge, ["ONE", "TWO"])).await?;
    assert_eq!((&read.variables["ONE"], &read.variables["TWO"]), (&"1".into(), &"2".into()));

    bench.run(bridges::SetVideoSource::new(&bridge, &first)).await?;
    bench.run(bridges::ClearVideoSource::new(&bridge)).await?;
    bench.run(bridges::StartMoh::new(&bridge)).await?;
    bench.run(bridges::StopMoh::new(&bridge)).await?;

    let name = format!("bridge-{bridge}");
    let record = bridges::Record::new(&bridge, &name, "wav").max_duration(Duration::from_secs(1));
    bench.run(record).await?;
    bench.run(bridges::Play::new(&bridge, ["sound:hello-world"])).await?;
    let played = bench.run(bridges::PlayWithId::new(&bridge, format!("p-{bridge}"), ["digits:1"])).await?;
    bench
        .find("the playback's end", |event| match event {
            Event::PlaybackFinished(ended) if ended.playback.id == played.id => Some(()),
            _ => None,
        })
        .await;
    bench
        .find("the recording's end", |event| match event {
            Event::RecordingFinished(ended) if ended.recording.name == name.as_str() => Some(()),
            _ => None,
        })
        .await;
    bench.run(bridges::RemoveChannel::new(&bridge, [&first, &second])).await?;
    bench.run(bridges::Destroy::new(&bridge)).await?;
    bench.run(bridges::Destroy::new(&other.id)).await?;
    for leg in [first, second] {
        bench.run(channels::Hangup::new(&leg)).await?;
    }
    bench.hang_up().await
}
