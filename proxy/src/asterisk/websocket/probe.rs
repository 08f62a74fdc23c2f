//! Whether a websocket can be had, tried under a name that nobody else uses.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    super::{
        request::Request,
        rest::{Rest, RestResponse, rest_request},
    },
    connect::{Socket, connect},
};
use crate::config::Config;

/// What a websocket that was opened and closed again has shown.
pub(crate) struct Probed {
    /// Whether requests are answered on it; none where that was not asked.
    pub(crate) rides: Option<bool>,
}

/// How long Asterisk may take to answer a request there: one that cannot never does.
const ANSWER: Duration = Duration::from_secs(2);

/// Opens a websocket for an application, which Asterisk registers, and closes it.
///
/// # Errors
/// Why it cannot be opened, for people.
pub(crate) async fn probe(
    config: &Config,
    rest: &Rest,
    application: &str,
    asks: bool,
) -> Result<Probed, String> {
    let mut socket =
        connect(config, rest.tls(), &[application.to_owned()]).await.map_err(|error| error.to_string())?;
    let rides = match asks {
        true => Some(timeout(ANSWER, answers(&mut socket)).await.unwrap_or(false)),
        false => None,
    };
    // It is dropped in any case.
    let _ = timeout(ANSWER, socket.close(None)).await;
    Ok(Probed { rides })
}

async fn answers(socket: &mut Socket) -> bool {
    let ping = Request::own(Method::GET, &["asterisk", "ping"]);
    let Ok(frame) = rest_request(1, &ping) else { return false };
    if socket.send(Message::text(frame)).await.is_err() {
        return false;
    }
    while let Some(Ok(message)) = socket.next().await {
        if message.to_text().is_ok_and(|text| RestResponse::read(text).is_some()) {
            return true;
        }
    }
    false
}
