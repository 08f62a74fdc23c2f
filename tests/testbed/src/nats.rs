//! A real nats-server.

use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;

use crate::http::Http;
use crate::process::InRoot;
use crate::root::{Instance, Release};
use crate::server::{CONSOLE, Kind, Launch, Server};
use crate::{Error, Result, ports};

const KIND: Kind = Kind {
    name: "nats-server",
    folder: "nats",
    log: CONSOLE,
    ready: "Server is ready",
    // It takes 50 ms; the rest is for a machine busy with compiling.
    start_deadline: Duration::from_secs(20),
};

/// A real nats-server; [`Server`] tells its life: `kill`, `start_again`, `pause` and so on.
#[derive(Debug)]
pub struct Nats {
    server: Server,
    setup: Setup,
}

#[derive(Debug)]
struct Setup {
    port: u16,
    monitoring_port: u16,
    monitoring: Http,
}

impl Deref for Nats {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Nats {
    /// Starts one with nats-server's defaults.
    pub async fn start() -> Result<Nats> {
        Nats::start_with("").await
    }

    /// Starts one with more configuration, in the language of nats-server's own file. A place on disk of
    /// its own is `$TESTBED_DATA`: `jetstream { store_dir: $TESTBED_DATA }`.
    pub async fn start_with(configuration: &str) -> Result<Nats> {
        let (server, setup) =
            Server::start(&KIND, Release::default(), |instance| configure(instance, configuration)).await?;
        Ok(Nats { server, setup })
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.setup.port)
    }

    /// Its port for clients.
    pub fn port(&self) -> u16 {
        self.setup.port
    }

    /// The port of its monitoring pages.
    pub fn monitoring_port(&self) -> u16 {
        self.setup.monitoring_port
    }

    /// The subjects its clients are subscribed to now, one entry for each subscription; those of the
    /// server's own system account are not among them.
    pub async fn subscriptions(&self) -> Result<Vec<String>> {
        let connections = self.connection_list().await?;
        let subjects =
            connections.iter().filter_map(|connection| connection["subscriptions_list"].as_array());
        Ok(subjects.flatten().filter_map(|subject| subject.as_str().map(str::to_owned)).collect())
    }

    /// How many clients are connected now.
    pub async fn connections(&self) -> Result<usize> {
        Ok(self.connection_list().await?.len())
    }

    /// The clients as nats-server's `/connz` shows them: `name`, `pending_bytes`, `in_msgs` and so on.
    pub async fn connection_list(&self) -> Result<Vec<Value>> {
        // Its own limit is 1,024 clients.
        let question = "/connz?subs=1&limit=100000";
        let mut answer = self.monitor(question).await?;
        match answer["connections"].take() {
            Value::Array(connections) => Ok(connections),
            _ => Err(self.unusable(question, &answer)),
        }
    }

    /// Any of its monitoring pages, such as `/varz`.
    pub async fn monitor(&self, page: &str) -> Result<Value> {
        let (status, body) = self.setup.monitoring.get(page).await?;
        if status == 200 { Ok(body) } else { Err(self.unusable(page, &body)) }
    }

    fn unusable(&self, question: &str, answer: &Value) -> Error {
        Error::Answer { server: KIND.name, question: question.to_owned(), answer: answer.to_string() }
    }
}

fn configure(instance: &Instance, configuration: &str) -> Result<(Launch, Setup)> {
    let (port, monitoring_port) = (ports::tcp()?, ports::tcp()?);
    let name = instance.name();
    let text = format!(
        "host: 127.0.0.1\nport: {port}\nhttp: \"127.0.0.1:{monitoring_port}\"\nserver_name: \"{name}\"\n\
         {configuration}\n"
    );
    instance.write("nats.conf", &text)?;
    let folder = instance.inside();
    let command = InRoot::new(["/usr/sbin/nats-server", "--config", &format!("{folder}/nats.conf")])
        .variable("TESTBED_DATA", format!("{folder}/data"));
    let monitoring = Http::new(format!("http://127.0.0.1:{monitoring_port}"), None)?;
    Ok((Launch { command, probe: None }, Setup { port, monitoring_port, monitoring }))
}
