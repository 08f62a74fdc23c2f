//! `ari-testbed`: the testbed's servers for a person, to try things by hand.

use std::future::Future;
use std::process::ExitCode;

use ari_testbed::{Asterisk, AsteriskOptions, Nats, RabbitMq, Release, Result, Root};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

/// Starts a real Asterisk, NATS and RabbitMQ to try things with.
///
/// They are Debian's, from a root folder that the first run makes with debootstrap: a minute or two, 800 MB, in
/// $ARI_TESTBED_CACHE or else ~/.cache/ari-proxy/testbed. Nothing is installed on this machine besides
/// debootstrap itself. It must be run as root.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  sudo -E ari-testbed up                 all three, until ctrl-c
  sudo -E ari-testbed up asterisk nats   these two
  sudo -E ari-testbed up asterisk --asterisk-from bullseye   an old one
  sudo -E ari-testbed clean              removes the cache folder

Environment:
  ARI_TESTBED_CACHE    the cache folder
  ARI_TESTBED_MIRROR   a Debian mirror, if this machine's own apt is set to none
  ARI_TESTBED_KEEP     if set, the servers' folders stay below run/ari in the root, with their logs"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts servers on free ports, prints where they are, and stops them at ctrl-c.
    Up {
        /// Which servers; all of them if none is named.
        servers: Vec<Name>,
        /// The application that calls to a number enter.
        #[arg(long, value_name = "NAME", default_value = "hello")]
        application: String,
        /// The Debian release whose Asterisk it is.
        #[arg(long, value_name = "RELEASE", default_value = "forky")]
        asterisk_from: Release,
    },
    /// Makes a root folder if it is not there yet, and prints where it is.
    Prepare {
        /// Of which Debian release.
        #[arg(default_value = "forky")]
        release: Release,
    },
    /// Removes the cache folder with the roots and all that servers left in them.
    Clean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Asterisk,
    Nats,
    Rabbitmq,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Up { servers, application, asterisk_from } => {
            up(&servers, &application, asterisk_from).await
        }
        Command::Prepare { release } => {
            Root::prepare(release).map(|root| println!("{}", root.path().display()))
        }
        Command::Clean => Root::clean(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ari-testbed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn up(servers: &[Name], application: &str, release: Release) -> Result<()> {
    let wanted = |name| servers.is_empty() || servers.contains(&name);
    let options = AsteriskOptions::new().application(application).release(release);
    // One after the other if the root has to be made first; at once after that.
    let (asterisk, nats, rabbitmq) = tokio::try_join!(
        only_if(wanted(Name::Asterisk), Asterisk::start(options)),
        only_if(wanted(Name::Nats), Nats::start()),
        only_if(wanted(Name::Rabbitmq), RabbitMq::start()),
    )?;

    if let Some(asterisk) = &asterisk {
        println!("Asterisk");
        println!("  ARI        {}", asterisk.ari_url());
        println!("  events     {}?app={application}", asterisk.websocket_url());
        println!("  user       {} (or {}, who may only read)", asterisk.user(), asterisk.read_only_user());
        println!("  password   {}", asterisk.password());
        println!("  AMI        {}, the same user and password", asterisk.ami_address());
        println!("  SIP        {} over UDP; a number enters {application}", asterisk.sip_address());
        println!("  log        {}", asterisk.log_path().display());
    }
    if let Some(nats) = &nats {
        println!("NATS");
        println!("  URL        {}", nats.url());
        println!("  monitoring http://127.0.0.1:{}", nats.monitoring_port());
        println!("  log        {}", nats.log_path().display());
    }
    if let Some(rabbitmq) = &rabbitmq {
        println!("RabbitMQ");
        println!("  URL        {}", rabbitmq.url());
        println!("  log        {}", rabbitmq.log_path().display());
    }
    // Before it is announced: whoever reads the line may press ctrl-c at once.
    let mut interrupt = signal(SignalKind::interrupt())
        .map_err(|source| ari_testbed::Error::System { doing: "listen for ctrl-c".to_owned(), source })?;
    println!("Running. Press ctrl-c to stop.");
    interrupt.recv().await;
    if let Some(asterisk) = asterisk {
        asterisk.stop().await?;
    }
    if let Some(nats) = nats {
        nats.stop().await?;
    }
    if let Some(rabbitmq) = rabbitmq {
        rabbitmq.stop().await?;
    }
    Ok(())
}

async fn only_if<T>(wanted: bool, start: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    if wanted { start.await.map(Some) } else { Ok(None) }
}
