//! No secret leaves the daemon: not in what any of its commands says, whatever is logged, and not in any answer over HTTP.

use ari_testbed::free_tcp_port;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::Desk,
    operator::Operator,
    programs,
    programs::Running,
    secrets::leaks,
    wait::{DEADLINE, eventually, ok},
    worlds::{start_simulator, until_connected},
};
use reqwest::Method;
use serde_json::json;

use super::{
    check::{asterisk, config},
    run,
};

const TOKEN: &str = "t0ken/of+the=listener";
const AMI: &str = "s3cret of the manager";
const ARI: &str = "p@ssword:of/ari";
/// The bus's password, and as it stands in a URL.
const BUS: &str = "p4ss/of the bus";
const BUS_ENCODED: &str = "p4ss%2Fof%20the%20bus";

/// The paths of the listener, those that do not exist and those that want another method among them.
const PATHS: [&str; 9] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/dialogs",
    "/ari/amqp",
    "/log",
    "/nothing",
    "/dialogs/x/commands",
    "/watch?x=1",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_daemon_says_holds_a_secret() {
    for kind in [Kind::Nats, Kind::Rabbitmq] {
        let (mut config, application) = config(kind).await;
        let (simulator, broker) = (start_simulator().await, Broker::shared(kind).await);
        let operator = Operator::of(&mut config, Some(TOKEN));
        config["websocket_url"] = simulator.websocket_url().into();
        config["stasis_url"] = simulator.ari_url().into();
        config["ws_user"] = simulator.user().into();
        config["ws_password"] = simulator.password().into();
        let manager = asterisk().await.ami_address().to_string();
        config["stream"]["ami"] = json!({ "address": manager, "user": "ari", "secret": AMI });
        if kind == Kind::Rabbitmq {
            config["stream"]["exchange"] = application.clone().into();
        }
        config["log"] = "trace,async_nats=trace,lapin=trace".into();
        let mut said = String::new();

        // Some that cannot get in, at Asterisk or at the bus, and say so.
        let (mut at_asterisk, mut at_bus) = (config.clone(), config.clone());
        at_asterisk["ws_password"] = ARI.into();
        let place = match kind {
            // It asks for no login.
            Kind::Nats => format!("nats://somebody:{BUS_ENCODED}@127.0.0.1:{}", ok(free_tcp_port())),
            Kind::Rabbitmq => format!("amqp://somebody:{BUS_ENCODED}@127.0.0.1:{}/%2f", broker.port()),
        };
        at_bus["bus_config"]["url"] = place.into();
        for (stranger, says) in [(&at_asterisk, "cannot connect to"), (&at_bus, "the bus is away")] {
            for arguments in [
                &["check"][..],
                &["check", "--json"],
                &["config"],
                &["config", "--json"],
                &["watch"],
                &["send", "x", "GET", "/channels"],
            ] {
                said += &run(stranger, arguments).await.1;
            }
            let refused = Running::daemon(programs!(), stranger, &[]);
            eventually(says, async || refused.output().contains(says)).await;
            ok(refused.kill().await);
            said += &refused.output();
        }

        // One that gets in everywhere but at the manager interface, and has a call.
        let daemon = Running::daemon(programs!(), &config, &[]);
        until_connected(&simulator, &application).await;
        let desk = Desk::open(broker.connect("a worker").await).await;
        let mut pool = desk.join(&application).await;
        let watching = Running::daemon(programs!(), &config, &["watch"]);
        eventually("a watcher", async || watching.output().contains("watching ")).await;
        let call = simulator.call(&application).place();
        let owned = desk.accept(&pool.offer().await).await;
        owned.event("StasisStart").await;
        let channel = call.channel_id().to_owned();
        for arguments in [
            &["send", &channel, "GET", &format!("/channels/{channel}")][..],
            &["send", &channel, "GET", "/asterisk/info"],
            &["check"],
            &["check", "--json"],
            &["config"],
            &["log"],
            &["log", "trace"],
        ] {
            said += &run(&config, arguments).await.1;
        }
        for showing in [Some(TOKEN), Some("another-token"), None] {
            for (method, path) in PATHS.iter().flat_map(|path| [(Method::GET, path), (Method::POST, path)]) {
                let answer = ok(operator.showing(showing).request(method, path).send().await);
                said += &format!("{:?}\n", answer.headers());
                if !path.starts_with("/watch") {
                    said += &String::from_utf8_lossy(&ok(answer.bytes().await));
                }
            }
        }
        eventually("the end of the call", async || {
            call.hangup();
            watching.output().contains("StasisEnd")
        })
        .await;
        ok(daemon.terminate());
        ok(daemon.ended(DEADLINE).await);
        ok(watching.ended(DEADLINE).await);
        said = said + &daemon.output() + &watching.output();

        // What is searched is what was said.
        for shown in ["TRACE", "\"ok\":", "ari_proxy_", "***", "StasisStart"] {
            assert!(said.contains(shown), "nothing said {shown}");
        }
        assert!(!leaks(&said, &application).is_empty(), "what is said everywhere is not found");
        for secret in [TOKEN, AMI, ARI, BUS] {
            let leaks = leaks(&said, secret);
            assert!(leaks.is_empty(), "{kind:?}: {secret:?} got out: {leaks:#?}");
        }
    }
}
