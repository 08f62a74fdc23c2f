//! The way to a login, and the causes why there is none.

use std::{future::Future, io};

use md5::{Digest as _, Md5};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::spawn_blocking,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::MaybeTlsStream;

use super::{super::limits::AMI_STEP, beginning, blocks::Block, connection::Connection};
use crate::config::Ami;

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    NoAnswer(String),
    #[error("{0}")]
    Failed(String),
    #[error(
        "nothing greets at `stream.ami.address`; if that is the port for TLS, `stream.ami.tls` must be true"
    )]
    Silent,
    #[error("there is no manager interface at `stream.ami.address`: it says {0}")]
    Stranger(String),
    #[error("no TLS at `stream.ami.address` ({0}); is it the port of `tlsbindaddr` in manager.conf?")]
    NoTls(String),
    #[error(
        "the certificate at `stream.ami.address` is not accepted ({0}); it must be for that host, and from an authority of this system or of `stream.ami.ca`"
    )]
    Certificate(String),
    #[error(
        "Asterisk refuses `stream.ami.user` and `stream.ami.secret`; compare them, and that user's permit and deny, with manager.conf"
    )]
    Credentials,
    #[error(
        "`stream.ami.user` is logged in already, and manager.conf says allowmultiplelogin = no; the stream needs a user of its own"
    )]
    InUse,
    #[error("Asterisk refuses the login: {0}")]
    Refused(String),
}

impl ConnectError {
    /// Whether only a person can change it.
    pub(super) fn is_refusal(&self) -> bool {
        // An Asterisk that stands still greets nobody either.
        !matches!(self, Self::NoAnswer(_) | Self::Failed(_) | Self::Silent)
    }

    fn failed(error: &io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Connects and logs in. Events come from then on.
pub(super) async fn login(ami: &Ami) -> Result<Connection<MaybeTlsStream<TcpStream>>, ConnectError> {
    let mut connection = Connection::new(Box::pin(connect(ami)).await?);
    authenticate(&mut connection, ami).await?;
    Ok(connection)
}

async fn connect(ami: &Ami) -> Result<MaybeTlsStream<TcpStream>, ConnectError> {
    let (host, port) = (ami.address.host.as_str(), ami.port());
    let stream = step(TcpStream::connect((host, port))).await?;
    let no_answer = |error| {
        let hint = "is that `bindaddr` and `port` of manager.conf, with `enabled = yes`?";
        ConnectError::NoAnswer(format!("nothing answers at {host}:{port} ({error}); {hint}"))
    };
    let stream = stream.map_err(no_answer)?;
    // Small messages are not to wait for each other.
    let _ = stream.set_nodelay(true);
    if !ami.tls {
        return Ok(MaybeTlsStream::Plain(stream));
    }
    // Read anew for each connection: files may have been replaced. Elsewhere, since it may take a moment.
    let files = ami.tls_files();
    let config = spawn_blocking(move || files.client_config()).await;
    let config = config.map_err(|error| ConnectError::Failed(error.to_string()))?;
    let config = config
        .map_err(|error| ConnectError::Failed(format!("`stream.ami.{}`: {}", error.key, error.problem)))?;
    let name =
        ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Failed(error.to_string()))?;
    let stream = step(TlsConnector::from(config).connect(name, stream)).await?;
    stream.map(MaybeTlsStream::Rustls).map_err(|error| {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => ConnectError::Certificate(why.to_string()),
            Some(error) => ConnectError::NoTls(error.to_string()),
            None => ConnectError::failed(&error),
        }
    })
}

/// The greeting, the challenge, and the answer to that: the secret itself is never sent.
async fn authenticate<S>(connection: &mut Connection<S>, ami: &Ami) -> Result<(), ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let greeting = timeout(AMI_STEP, connection.greeting()).await.map_err(|_| ConnectError::Silent)?;
    let greeting = greeting.map_err(|error| ConnectError::failed(&error))?;
    if !greeting.starts_with(GREETING) {
        return Err(ConnectError::Stranger(quoted(&greeting)));
    }
    let given = ask(connection, &[("Action", "Challenge"), ("AuthType", "MD5")]).await?;
    let Some(challenge) = value(&given, "Challenge") else {
        return Err(ConnectError::Refused(message(&given)));
    };
    let key = hex(&Md5::new().chain_update(challenge).chain_update(ami.secret.expose_secret()).finalize());
    let login =
        [("Action", "Login"), ("AuthType", "MD5"), ("Username", &ami.user), ("Key", &key), ("Events", "on")];
    let answer = ask(connection, &login).await?;
    match (value(&answer, "Response"), value(&answer, "Message").unwrap_or_default()) {
        (Some("Success"), _) => Ok(()),
        (_, "Authentication failed") => Err(ConnectError::Credentials),
        (_, text) if text.to_ascii_lowercase().contains("in use") => Err(ConnectError::InUse),
        _ => Err(ConnectError::Refused(message(&answer))),
    }
}

/// What each version of Asterisk begins with.
const GREETING: &str = "Asterisk Call Manager/";

/// What our questions are told by from what others ask, whose answers Asterisk tells as events.
const ACTION_ID: &str = "ari-proxy";

/// Says an action, and waits for what is answered to it.
async fn ask<S>(connection: &mut Connection<S>, action: &[(&str, &str)]) -> Result<Block, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asking = async {
        connection.say(&[action, &[("ActionID", ACTION_ID)]].concat()).await?;
        loop {
            let block = connection.next().await?;
            if block.is_response() && value(&block, "ActionID") == Some(ACTION_ID) {
                return Ok(block);
            }
        }
    };
    step(asking).await?.map_err(|error: io::Error| ConnectError::failed(&error))
}

async fn step<T>(step: impl Future<Output = T>) -> Result<T, ConnectError> {
    let late = |_| ConnectError::NoAnswer(format!("no answer within {AMI_STEP:?}"));
    timeout(AMI_STEP, step).await.map_err(late)
}

/// The first value of a key.
fn value<'a>(block: &'a Block, key: &str) -> Option<&'a str> {
    block.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// What a refusal says of itself.
fn message(block: &Block) -> String {
    quoted(value(block, "Message").unwrap_or_default())
}

/// The beginning of what a stranger says, as it can stand in a line of a log.
fn quoted(text: &str) -> String {
    format!("{:?}", beginning(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
