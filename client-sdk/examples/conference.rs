//! A conference room for each number that is dialled, whatever worker has its callers: 1 mutes, 2 unmutes, # leaves.
//!
//! ```sh
//! cargo run -p ari-client --example conference
//! ```

use ari_client::{Bridge, Call, Channel, CommandErrorKind, Method, Result, Worker, path};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // `RUST_LOG` says what is logged; without it, each call, and not the buses' libraries, whose errors this crate tells.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,async_nats=off,lapin=off".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Worker::from_env().await?.default_application("conference").run(conference).await?;
    Ok(())
}

async fn conference(call: Call) -> Result {
    let channel = call.channel();
    channel.answer().await?;
    channel.play("sound:conf-placeintoconf").await?.finished().await?;
    let room = join(&call, &channel).await?;
    if room.channels().await?.len() == 1 {
        channel.play("sound:conf-onlyperson").await?;
    }
    // When the caller hangs up, it is the end of `talk`; the room must be left all the same.
    let talked = talk(&call, &channel, &room).await;
    if room.channels().await?.is_empty() {
        room.destroy().await?;
    }
    talked?;
    channel.play("sound:vm-goodbye").await?.finished().await?;
    channel.hangup().await
}

/// Enters the room, and makes it where nobody is in it.
async fn join(call: &Call, channel: &Channel) -> Result<Bridge> {
    loop {
        let room = call.shared_bridge(format!("conference-{}", call.dialed()), "mixing").await?;
        match room.add_channel(channel).await {
            // Whoever was in it left it just now, and took it away.
            Err(error) if error.kind() == CommandErrorKind::NotFound => {}
            added => return added.map(|()| room),
        }
    }
}

/// Does what the caller's keys say, until they leave.
async fn talk(call: &Call, channel: &Channel, room: &Bridge) -> Result {
    let mut dtmf = channel.dtmf();
    let mute = path(&["channels", channel.id(), "mute"]);
    loop {
        // What has no method has a command: any ARI request.
        match dtmf.next().await? {
            '1' => drop(call.command(Method::Post, &mute).query("direction", "in").await?),
            '2' => drop(call.command(Method::Delete, &mute).query("direction", "in").await?),
            '#' => return room.remove_channel(channel).await,
            _ => {}
        }
    }
}
