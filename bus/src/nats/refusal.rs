//! Why a server could not be connected to, in one line that says what to do.

use async_nats::{ConnectError, ConnectErrorKind};

use super::address::{Server, Servers};
use crate::security::explain;

/// What the library's error means.
pub(super) fn why(error: &ConnectError, servers: &Servers, server: &Server) -> String {
    // Without TLS asked for the library still does it where the server wants it.
    if let Some(explained) = explain(error, servers.handshake(server)) {
        return explained;
    }
    let text = error.to_string();
    let said = text.to_ascii_lowercase();
    if error.kind() == ConnectErrorKind::AuthorizationViolation || said.contains("authentication expired") {
        return server.login.refused();
    }
    text
}
