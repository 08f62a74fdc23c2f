//! The simulator as a program, to try an ARI client without an Asterisk.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use asterisk_sim::{LoadPlan, Simulator, SimulatorOptions};
use clap::Parser;

/// A fake Asterisk: ARI over websocket and REST, no audio.
///
/// Start it, point an ARI client at it, and it places calls as soon as the client has registered the
/// application:
///
///     asterisk-sim --application hello --calls-per-second 2
///
/// The client connects to ws://127.0.0.1:8088/ari/events?app=hello and sends its commands
/// to http://127.0.0.1:8088/ari, both with the user and password given here. Each call
/// enters Stasis, sends what a call sends, and is hung up by its caller if nobody did
/// after --hang-up-after seconds.
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Options {
    /// Where to listen; port 0 takes a free one and prints it
    #[arg(long, default_value = "127.0.0.1:8088", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The ARI user, as in Asterisk's ari.conf
    #[arg(long, default_value = "ari")]
    user: String,
    /// That user's password
    #[arg(long, default_value = "secret")]
    password: String,
    /// The application that calls enter; without it no calls are placed
    #[arg(long)]
    application: Option<String>,
    /// How many calls are placed a second
    #[arg(long, default_value_t = 1.0, value_name = "RATE")]
    calls_per_second: f64,
    /// How many calls are placed in all; 0 goes on until Ctrl-C
    #[arg(long, default_value_t = 0)]
    calls: u64,
    /// Numbered user events that each call sends at once, for load
    #[arg(long, default_value_t = 0, value_name = "EVENTS")]
    events_per_call: u64,
    /// Seconds after which a caller gives up
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    hang_up_after: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    anyhow::ensure!(options.calls_per_second > 0.0, "--calls-per-second must be more than 0");
    let hang_up_after = Duration::try_from_secs_f64(options.hang_up_after).context("--hang-up-after")?;
    let sim = Simulator::start(SimulatorOptions {
        address: options.listen,
        user: options.user,
        password: options.password,
        // Nobody asks a program for what it recorded.
        record_requests: false,
        ..SimulatorOptions::default()
    })
    .await
    .with_context(|| format!("cannot listen on {}", options.listen))?;
    println!("REST      {}", sim.ari_url());
    println!("websocket {}", sim.websocket_url());
    let plan = options.application.map(|application| LoadPlan {
        application,
        rate: options.calls_per_second,
        calls: options.calls,
        events_per_call: options.events_per_call,
        hang_up_after: Some(hang_up_after),
        ..LoadPlan::default()
    });
    tokio::select! {
        () = place_calls(&sim, plan) => {}
        result = tokio::signal::ctrl_c() => result.context("cannot wait for Ctrl-C")?,
    }
    sim.stop().await;
    Ok(())
}

async fn place_calls(sim: &Simulator, plan: Option<LoadPlan>) {
    let Some(plan) = plan else { return std::future::pending().await };
    println!("waiting for somebody to register {}", plan.application);
    sim.wait_registered(&plan.application).await;
    println!("placing {} calls a second", plan.rate);
    let report = sim.load(plan).wait_ended().await;
    println!("{} calls were placed and have ended", report.calls.len());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Options::command().debug_assert();
    }
}
