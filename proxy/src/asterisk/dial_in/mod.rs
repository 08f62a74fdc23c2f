//! Asterisk dials in: its outbound websocket comes to us, with its events, and takes commands.
//!
//! One [`Server`](server::Server) listens for all Asterisks and finds out who each is; then the socket goes to that one's
//! [`Seat`], where the proxy of that Asterisk takes it and reads it ([`serve`]).

mod link;
mod peer;
mod refusals;
mod seat;
mod server;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

pub(crate) use link::serve;
pub(crate) use seat::Seat;
pub use server::ListenError;
pub(crate) use server::Server;
