//! Playbacks and recordings.

use std::time::Duration;

use ari_client::{
    Result,
    ari::{ChannelId, Event, PlaybackOperation, RecordingName, channels, playbacks, recordings},
};
use ari_tests::wait::soon;
use tokio::time::sleep;

use super::bench::Bench;

/// How often a file is looked for.
const POLL: Duration = Duration::from_millis(10);

pub(crate) async fn all(bench: &Bench) -> Result {
    let chat = bench.leg("chat").await?;
    played(bench, &chat).await?;
    stored(bench, &chat).await?;
    live(bench, &chat).await?;
    bench.run(channels::Hangup::new(&chat)).await?;
    bench.hang_up().await
}

async fn played(bench: &Bench, channel: &ChannelId) -> Result {
    let two = ["sound:beep", "sound:vm-goodbye"];
    let playback = bench.run(channels::Play::new(channel, two).lang("en")).await?.id;
    bench
        .find("the second sound", |event| match event {
            Event::PlaybackContinuing(on) if on.playback.id == playback => Some(()),
            _ => None,
        })
        .await;
    let id = format!("long-{channel}");
    let long = bench.run(channels::PlayWithId::new(channel, &id, ["tone:440/60000"])).await?.id;
    bench
        .find("the tone", |event| match event {
            Event::PlaybackStarted(begun) if begun.playback.id == long => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(bench.run(playbacks::Get::new(&long)).await?.id, long);
    bench.run(playbacks::Control::new(&long, PlaybackOperation::Pause)).await?;
    bench.run(playbacks::Stop::new(&long)).await
}

async fn begun(bench: &Bench, channel: &ChannelId, record: channels::Record, name: &RecordingName) -> Result {
    assert_eq!(bench.run(record).await?.target_uri, format!("channel:{channel}"));
    bench
        .find("the recording", |event| match event {
            Event::RecordingStarted(begun) if begun.recording.name == *name => Some(()),
            _ => None,
        })
        .await;
    Ok(())
}

async fn stored(bench: &Bench, channel: &ChannelId) -> Result {
    let name = RecordingName::from(format!("stored-{channel}"));
    let record = channels::Record::new(channel, &name, "wav").max_duration(Duration::from_secs(1));
    begun(bench, channel, record, &name).await?;
    bench
        .find("the recording's end", |event| match event {
            Event::RecordingFinished(ended) if ended.recording.name == name => Some(()),
            _ => None,
        })
        .await;
    let stored = bench.run(recordings::GetStored::new(&name)).await?;
    assert!(bench.run(recordings::ListStored::new()).await?.contains(&stored));
    let file = bench.run(recordings::GetStoredFile::new(&name)).await?;
    assert!(file.starts_with(b"RIFF"), "{} bytes", file.len());
    let copy = bench.run(recordings::CopyStored::new(&name, format!("copy-{channel}"))).await?;
    bench.run(recordings::DeleteStored::new(&copy.name)).await
}

async fn live(bench: &Bench, channel: &ChannelId) -> Result {
    let stopped = RecordingName::from(format!("stopped-{channel}"));
    begun(bench, channel, channels::Record::new(channel, &stopped, "wav"), &stopped).await?;
    assert_eq!(bench.run(recordings::GetLive::new(&stopped)).await?.name, stopped);
    bench.run(recordings::Mute::new(&stopped)).await?;
    bench.run(recordings::Unmute::new(&stopped)).await?;
    bench.run(recordings::Pause::new(&stopped)).await?;
    bench.run(recordings::Unpause::new(&stopped)).await?;
    bench.run(recordings::Stop::new(&stopped)).await?;
    let cancelled = RecordingName::from(format!("cancelled-{channel}"));
    begun(bench, channel, channels::Record::new(channel, &cancelled, "wav"), &cancelled).await?;
    // Asterisk says RecordingStarted before it makes the file, and answers 500 to a cancelling that finds no file to delete.
    soon("the file of a recording", async {
        while bench.call.run(recordings::GetStored::new(&cancelled)).await.is_err() {
            sleep(POLL).await;
        }
    })
    .await;
    bench.run(recordings::Cancel::new(&cancelled)).await
}
