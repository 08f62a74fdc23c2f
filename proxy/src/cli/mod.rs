//! The command line: what can be said on it, and which command does it.

mod api;
mod check;
mod completions;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod log;
mod logs;
mod run;
mod runtime;
mod send;
mod watch;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};

/// The exit code for a configuration that cannot be used (`EX_USAGE` of sysexits.h).
const BAD_CONFIG: u8 = 64;

/// Puts a message bus between Asterisk and the programs that control its calls.
///
/// Reads config.json, connects to Asterisk's REST Interface (ARI) and to NATS or RabbitMQ, and offers each call that
/// enters one of the configured Stasis applications to the workers on that application's topic.
#[derive(Debug, Parser)]
#[command(name = "ari-proxy", version, after_help = HELP)]
struct Arguments {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = "config.json", global = true)]
    config: PathBuf,

    #[command(flatten)]
    run: run::Options,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "demo")]
    Demo(crate::demo::Options),
    Config(config::Options),
    Check(check::Options),
    Watch(watch::Options),
    Send(send::Options),
    Log(log::Options),
    Completions(completions::Options),
}

const HELP: &str = "\
Examples:
  ari-proxy demo                             one call from end to end, without anything installed
  ari-proxy --config /etc/ari-proxy.json     runs the proxy
  ari-proxy config                           what each key came to, and where that comes from
  ari-proxy check                            are bus and Asterisk there, and allow what is needed?
  ari-proxy watch hello                      what happens to the calls of the application hello
  ari-proxy send CHANNEL DELETE /channels/CHANNEL       hangs up, in the place of the worker
  ari-proxy --take-over                      an upgrade while calls go on

Each key of the configuration can come from the environment as well, with two underscores between the levels:

  ARI_PROXY_WS_PASSWORD=secret ARI_PROXY_BUS_CONFIG__URL=nats://bus:4222 ari-proxy

Of several processes with one server_id one acts; the others stand by and take its place when it is gone. \
With --take-over a new one takes its place at once, without a gap.

SIGTERM or ctrl-c stops it; SIGHUP makes it take back applications that another program has taken over in Asterisk.

Exit status: 0 after SIGTERM or ctrl-c, or after another process took over; 2 for a command line that cannot be used, \
64 for such a configuration, 1 for anything else.";

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let Arguments { config, run, command } = Arguments::parse();
    let Some(command) = command else { return run::run(&config, &run) };
    if run.take_over {
        let text = "--take-over is for running the proxy, and for no other command";
        Arguments::command().error(ErrorKind::ArgumentConflict, text).exit();
    }
    match command {
        #[cfg(feature = "demo")]
        Command::Demo(options) => demo::run(options),
        Command::Config(options) => config::run(&config, &options),
        Command::Check(options) => check::run(&config, &options),
        Command::Watch(options) => watch::run(&config, &options),
        Command::Send(options) => send::run(&config, &options),
        Command::Log(options) => log::run(&config, &options),
        Command::Completions(options) => completions::run(&options, Arguments::command()),
    }
}

/// The exit code of what was done.
fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Ends because of the configuration.
fn bad_config(error: &ari_proxy::config::ConfigError) -> ExitCode {
    say(&error.to_string());
    ExitCode::from(BAD_CONFIG)
}

/// Says why we end. Unlike `eprintln!` it does not panic where stderr cannot be written to.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "ari-proxy: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
