//! A real Asterisk.

mod configuration;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::http::Http;
use crate::process::InRoot;
use crate::root::{Release, Root};
use crate::server::{Kind, Launch, Server};
use crate::{Error, Result};

pub use configuration::AsteriskOptions;
use configuration::Ports;

/// What Asterisk logs when a call goes on in its dialplan behind `Stasis()`: the application gave it back,
/// or was not there to take it.
pub const CONTINUED: &str = "testbed: continued in the dialplan";

const KIND: Kind = Kind {
    name: "Asterisk",
    folder: "asterisk",
    log: "log/full",
    ready: "Asterisk Ready.",
    // It takes half a second; the rest is for a machine busy with compiling.
    start_deadline: Duration::from_secs(30),
};

const USER: &str = "ari";
const READ_ONLY_USER: &str = "reader";
const PASSWORD: &str = "testbed";

/// A real Asterisk with ARI and SIP; [`Server`] tells its life: `kill`, `start_again`, `pause` and so on,
/// and gives its full log.
#[derive(Debug)]
pub struct Asterisk {
    server: Server,
    ports: Ports,
    http: Http,
    phones: Root,
}

impl Deref for Asterisk {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Asterisk {
    /// Starts one. It is ready, that is fully booted, when this returns.
    pub async fn start(options: AsteriskOptions) -> Result<Asterisk> {
        let (server, (ports, http)) = Server::start(&KIND, options.taken_from(), |instance| {
            let ports = options.write(instance)?;
            let configuration = format!("{}/etc/asterisk.conf", instance.inside());
            let command = InRoot::new(["/usr/sbin/asterisk", "-f", "-C", &configuration]);
            let http = Http::new(format!("http://127.0.0.1:{}/ari", ports.http), Some((USER, PASSWORD)))?;
            Ok((Launch { command, probe: Some(http.clone()) }, (ports, http)))
        })
        .await?;
        Ok(Asterisk { server, ports, http, phones: Root::shared(Release::default()).await? })
    }

    /// The root in which its phones live: scenarios are written for one SIPp, whichever Asterisk it calls.
    pub(crate) fn phones(&self) -> &Root {
        &self.phones
    }

    /// `http://127.0.0.1:PORT/ari`.
    pub fn ari_url(&self) -> &str {
        self.http.base()
    }

    /// `ws://127.0.0.1:PORT/ari/events`.
    pub fn websocket_url(&self) -> String {
        format!("ws://127.0.0.1:{}/ari/events", self.ports.http)
    }

    /// Where the manager interface (AMI) is spoken, over TCP.
    pub fn ami_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.ami).into()
    }

    /// The ARI user who may do everything; as a user of the manager interface it may read everything, and send `UserEvent`s.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The ARI user who may only read.
    pub fn read_only_user(&self) -> &'static str {
        READ_ONLY_USER
    }

    /// The password of all users.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Where SIP is spoken, over UDP.
    pub fn sip_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.sip).into()
    }

    /// Sends a request to ARI, such as `("POST", "/channels/17.1/answer")`; answers with its status and its
    /// body, `Null` if it has none.
    pub async fn ari(&self, method: &str, path: &str) -> Result<(u16, Value)> {
        let unknown = |_| self.unusable(path, format!("there is no HTTP method {method}"));
        self.http.request(Method::from_bytes(method.as_bytes()).map_err(unknown)?, path).await
    }

    /// How many channels there are now.
    pub async fn channels(&self) -> Result<usize> {
        let path = "/channels";
        let (_, answer) = self.http.get(path).await?;
        answer.as_array().map(Vec::len).ok_or_else(|| self.unusable(path, answer.to_string()))
    }

    /// The folder in which it keeps recordings (`recording`, `monitor`).
    pub fn spool(&self) -> PathBuf {
        self.instance().path("spool")
    }

    /// What Asterisk's command line answers to a command, such as `core show channels`.
    pub async fn cli(&self, command: &str) -> Result<String> {
        let configuration = format!("{}/etc/asterisk.conf", self.instance().inside());
        let tool = InRoot::new(["/usr/sbin/asterisk", "-C", &configuration, "-rx", command]);
        let mut tool = tokio::process::Command::from(tool.tool(self.root().path()));
        let output = tool.kill_on_drop(true).output().await;
        let output = output.map_err(Error::system("run Asterisk's command line"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() { Ok(said) } else { Err(self.unusable(command, said)) }
    }

    fn unusable(&self, question: &str, answer: String) -> Error {
        Error::Answer { server: KIND.name, question: question.to_owned(), answer }
    }
}
