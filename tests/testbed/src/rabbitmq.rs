//! A real RabbitMQ.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::process::InRoot;
use crate::root::{Instance, Release};
use crate::server::{CONSOLE, Kind, Launch, Server};
use crate::{Error, Result, ports};

/// The secret which lets the testbed ask it; there is no harm in it on 127.0.0.1 and for a test.
const COOKIE: &str = "ari-testbed";

/// How long it may take to answer a question about itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

const KIND: Kind = Kind {
    name: "RabbitMQ",
    folder: "rabbitmq",
    log: CONSOLE,
    // Printed, not logged: what RabbitMQ has to log beyond 500 lines a second, it drops.
    ready: "completed with",
    // It takes 3 s of one core; the rest is for a machine busy with compiling.
    start_deadline: Duration::from_secs(60),
};

/// A real RabbitMQ; [`Server`] tells its life: `kill`, `start_again`, `pause` and so on.
#[derive(Debug)]
pub struct RabbitMq {
    server: Server,
    setup: Setup,
}

#[derive(Debug)]
struct Setup {
    port: u16,
    /// Of Erlang's distribution: how it is asked about itself.
    distribution: u16,
}

/// A queue of [`RabbitMq`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// How many messages are in it, delivered and unacknowledged ones included.
    pub messages: u64,
    /// How many consumers it has.
    pub consumers: u64,
}

impl Deref for RabbitMq {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl RabbitMq {
    /// Starts one, without plugins.
    pub async fn start() -> Result<RabbitMq> {
        RabbitMq::start_with("").await
    }

    /// Starts one with more lines of `rabbitmq.conf`.
    pub async fn start_with(configuration: &str) -> Result<RabbitMq> {
        RabbitMq::start_with_plugins(&[], configuration).await
    }

    /// Starts one with these plugins too, such as `rabbitmq_auth_mechanism_ssl`.
    pub async fn start_with_plugins(plugins: &[&str], configuration: &str) -> Result<RabbitMq> {
        let configure = |instance: &Instance| configure(instance, plugins, configuration);
        let (server, setup) = Server::start(&KIND, Release::default(), configure).await?;
        Ok(RabbitMq { server, setup })
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/%2f`.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.setup.port)
    }

    /// Its port for clients.
    pub fn port(&self) -> u16 {
        self.setup.port
    }

    /// Its queues now.
    pub async fn queues(&self) -> Result<Vec<Queue>> {
        // A queue which ends while it is asked is left out.
        let question = "lists:flatmap(fun(Q) -> \
             try [{resource, _, _, Name}, Messages, Consumers] = \
                 [V || {_, V} <- rabbit_amqqueue:info(Q, [name, messages, consumers])], \
                 [#{name => Name, messages => Messages, consumers => Consumers}] \
             catch _:_ -> [] end end, rabbit_amqqueue:list())";
        let answer = self.json(question).await?;
        let queue = |queue: &Value| {
            Some(Queue {
                name: queue["name"].as_str()?.to_owned(),
                messages: queue["messages"].as_u64()?,
                consumers: queue["consumers"].as_u64()?,
            })
        };
        let queues = answer.as_array().and_then(|queues| queues.iter().map(queue).collect());
        queues.ok_or_else(|| unusable(question, answer.to_string()))
    }

    /// How many clients are connected now.
    pub async fn connections(&self) -> Result<usize> {
        let question = "length(rabbit_networking:connections())";
        let answer = self.json(question).await?;
        answer
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| unusable(question, answer.to_string()))
    }

    /// Closes all client connections from its side, as an operator would; they may come back at once.
    pub async fn close_connections(&self) -> Result<()> {
        let close = "rabbit_networking:close_connections(rabbit_networking:connections(), \"testbed\"), true";
        self.json(close).await.map(drop)
    }

    /// Evaluates an Erlang expression in it and answers with the result as JSON. It takes a few
    /// milliseconds, where `rabbitmqctl` takes seconds.
    pub async fn json(&self, expression: &str) -> Result<Value> {
        let address = format!("localhost:{}", self.setup.distribution);
        let timeout = ANSWER_WITHIN.as_secs().to_string();
        // RabbitMQ refuses a second one of the same name, which those that the tool chooses for itself (`-r`) soon have.
        let name = format!("asks{:x}", rand::random::<u64>());
        let words = ["erl_call", "-h", &name, "-address", &address, "-c", COOKIE, "-timeout", &timeout];
        let output = ["-fetch_stdout", "-no_result_term", "-e"];
        let tool = InRoot::new(words.into_iter().chain(output)).tool(self.root().path());
        let mut tool = tokio::process::Command::from(tool);
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);

        let failed = || Error::system("ask RabbitMQ with erl_call");
        let mut child = tool.spawn().map_err(failed())?;
        let program = format!("io:put_chars(json:encode(begin {expression} end)).\n");
        if let Some(mut input) = child.stdin.take() {
            input.write_all(program.as_bytes()).await.map_err(failed())?;
        }
        let output = child.wait_with_output().await.map_err(failed())?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let said = [output.stdout, output.stderr].concat();
            unusable(expression, String::from_utf8_lossy(&said).into_owned())
        })
    }
}

fn unusable(question: &str, answer: String) -> Error {
    Error::Answer { server: KIND.name, question: question.to_owned(), answer }
}

fn configure(instance: &Instance, plugins: &[&str], configuration: &str) -> Result<(Launch, Setup)> {
    let (port, distribution) = (ports::tcp()?, ports::tcp()?);
    // Of Erlang's name server, which RabbitMQ starts and which dies with it.
    let names = ports::tcp()?;
    instance.make_folder("data")?;
    instance.make_folder("log")?;
    instance.write("enabled_plugins", format!("[{}].", plugins.join(",")))?;
    let text = format!("listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\n{configuration}\n");
    instance.write("rabbitmq.conf", &text)?;

    let folder = instance.inside();
    let node = format!("{}@localhost", instance.name());
    // With the node named here, RabbitMQ finds the distribution up and starts no other Erlang to see
    // whether it could be. Two schedulers start faster than one for each core, and leave the rest to
    // the tests; as RabbitMQ advises for a machine that is not its own, they do not spin while they have
    // nothing to do.
    let erlang = format!(
        "-sname {node} -setcookie {COOKIE} -start_epmd false -erl_epmd_port {distribution} \
         -kernel inet_dist_use_interface {{127,0,0,1}} \
         -kernel inet_dist_listen_min {distribution} -kernel inet_dist_listen_max {distribution} \
         +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
    );
    // Without the wrapper that changes to its own user, and as under systemd, which makes the server the
    // one process, without shells around it.
    let command = InRoot::new(["/usr/lib/rabbitmq/bin/rabbitmq-server"])
        .variable("HOME", folder)
        .variable("RUNNING_UNDER_SYSTEMD", "true")
        .variable("ERL_EPMD_PORT", names.to_string())
        .variable("ERL_EPMD_ADDRESS", "127.0.0.1")
        .variable("RABBITMQ_NODENAME", node)
        .variable("RABBITMQ_DIST_PORT", distribution.to_string())
        .variable("RABBITMQ_CONF_ENV_FILE", format!("{folder}/none"))
        .variable("RABBITMQ_CONFIG_FILE", format!("{folder}/rabbitmq.conf"))
        .variable("RABBITMQ_ENABLED_PLUGINS_FILE", format!("{folder}/enabled_plugins"))
        .variable("RABBITMQ_MNESIA_BASE", format!("{folder}/data"))
        .variable("RABBITMQ_LOG_BASE", format!("{folder}/log"))
        .variable("RABBITMQ_LOGS", "-")
        .variable("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang);
    Ok((Launch { command, probe: None }, Setup { port, distribution }))
}
