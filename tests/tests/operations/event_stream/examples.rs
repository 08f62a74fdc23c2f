//! The examples that print a live log of calls, in Rust and in Python, as their users run them.

use std::path::Path;

use ari_testbed::{AsteriskOptions, Program};
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    phones::Phones,
    programs,
    programs::Running,
    proxies::Ari,
    python::python,
    wait::{eventually, ok},
    worlds::{Real, until_registered},
};
use serde_json::json;

on_both_buses!(each_example_logs_a_call);

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-sdk/examples/python");

async fn each_example_logs_a_call(kind: Kind) {
    let broker = Broker::start(kind).await;
    let name = match kind {
        Kind::Nats => "call_log_nats",
        Kind::Rabbitmq => "call_log_rabbitmq",
    };
    let rust = Running::example(programs!(), name, &[&broker.url()], &[]);
    let script = format!("{PYTHON}/{name}.py");
    let variables = [("BUS_URL", broker.url()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())];
    let python = ok(Program::start("a Python example", Path::new(&python().await), &[&script], &variables));
    let both: [&Program; 2] = [&rust, &python];
    for program in both {
        eventually("a program that listens", async || program.output().contains("listening for calls")).await;
    }
    let world = Real::with(&broker, AsteriskOptions::new(), |config| {
        config["stream"] = json!({"channels": true});
    })
    .await;
    until_registered(&world.asterisk, &format!("ari-proxy-stream-{}", world.application)).await;
    let phones = Phones::to(Ari::from(&world.asterisk));
    phones.call("logged").await;
    for program in both {
        let answered = async || {
            let output = program.output();
            ["begins", "answered"].iter().all(|word| output.contains(word))
        };
        eventually("the call in the log", answered).await;
    }
    phones.hang_up("logged").await;
    for program in both {
        let is_over = async || {
            program.output().lines().any(|line| line.contains("over") && line.contains("Local/park"))
        };
        eventually("the end in the log", is_over).await;
    }
    let lines = |program: &Program| {
        let output = program.output();
        let mut lines: Vec<String> =
            output.lines().filter(|line| line.contains("Local/")).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    eventually("the same lines of both", async || lines(&rust) == lines(&python)).await;
    println!("{kind:?}:\n{}", rust.output());
    world.proxy.stop().await;
    ok(python.kill().await);
    ok(rust.kill().await);
}
