//! One AMQP connection that can be cut.
//!
//! lapin runs each connection on a thread of its own, and a connection whose broker accepted it and then fell
//! silent keeps that thread, whatever becomes of the future that waits for it. So the socket is ours as well: closing
//! it ends the thread, at any stage.
//!
//! lapin 4.12 never gets over an error on a channel: the number of a channel that the broker closed (a queue that is
//! missing, or was declared differently) goes on failing with that error when it comes round again. Such a number is
//! passed over here, and a connection that has lost too many is cut, which makes the session reconnect.

use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use lapin::{
    Channel, Connection, ConnectionProperties, ErrorKind,
    protocol::AMQPErrorKind,
    tcp::{AsyncTcpStream, RustlsConnector},
};

use super::{
    address::Address,
    limits::{CHANNELS_LOST, GOODBYE_DEADLINE, TCP_DEADLINE},
};

/// A connection to the broker. Dropping it cuts it.
pub(super) struct Wire {
    connection: Connection,
    socket: Socket,
    /// The channel numbers that were found to fail for ever; lapin passes over each by itself from then on.
    lost: AtomicUsize,
}

impl Wire {
    /// Connects and logs in. Whoever drops the future cuts the attempt.
    pub(super) async fn open(address: &Address, name: &str) -> lapin::Result<Self> {
        let socket = Socket::default();
        let slot = Arc::clone(&socket.0);
        let tls = address.tls.clone();
        let options = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connector(
            address.uri.clone(),
            lapin::runtime::default_runtime()?,
            async move |uri, runtime| {
                let connect = async {
                    let addresses = runtime.to_socket_addrs((uri.authority.host.clone(), uri.authority.port));
                    // Sets TCP_NODELAY.
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(plain) = &stream {
                        slot.put(TcpStream::from(plain.get_ref().as_fd().try_clone_to_owned()?))?;
                    }
                    match &tls {
                        None => Ok(stream),
                        Some(tls) => {
                            let connector = RustlsConnector::from(Arc::clone(tls));
                            stream.into_rustls(&connector, &uri.authority.host).await
                        }
                    }
                };
                let late = |_| io::Error::from(io::ErrorKind::TimedOut);
                tokio::time::timeout(TCP_DEADLINE, connect)
                    .await
                    .map_err(late)
                    .flatten()
                    .map_err(lapin::Error::from)
            },
            options,
        )
        .await?;
        Ok(Self { connection, socket, lost: AtomicUsize::new(0) })
    }

    /// Opens a channel.
    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        loop {
            let error = match self.connection.create_channel().await {
                Ok(channel) => return Ok(channel),
                Err(error) => error,
            };
            let lost = match error.kind() {
                // A broker answers a wish for a channel with an error of the whole connection or not at all: an error
                // of a channel is that of an earlier one with this number.
                ErrorKind::ProtocolError(stale) if matches!(stale.kind(), AMQPErrorKind::Soft(_)) => {
                    1 + self.lost.fetch_add(1, Ordering::Relaxed)
                }
                // Without lost ones all are in use, which a new connection would not change.
                ErrorKind::ChannelsLimitReached if self.lost.load(Ordering::Relaxed) > 0 => CHANNELS_LOST,
                _ => return Err(error),
            };
            if lost >= CHANNELS_LOST {
                tracing::warn!(
                    lost,
                    "reconnecting: too many channels of this connection ended with an error"
                );
                self.cut();
                return Err(ErrorKind::ChannelsLimitReached.into());
            }
        }
    }

    /// The connection, for its state and events.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Says goodbye, within `deadline`, and cuts.
    pub(super) async fn close(&self, deadline: Duration) {
        let goodbye = self.connection.close(200, "goodbye".into());
        // A broker that is gone needs no goodbye.
        let _ = tokio::time::timeout(deadline.min(GOODBYE_DEADLINE), goodbye).await;
        self.cut();
    }

    /// Ends the connection at once: everything that waits on it fails.
    pub(super) fn cut(&self) {
        self.socket.0.cut();
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("connected", &self.connection.status().connected()).finish()
    }
}

/// Our hold on the socket; cuts it when dropped.
#[derive(Default)]
struct Socket(Arc<Slot>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.cut();
    }
}

#[derive(Default)]
struct Slot(Mutex<Stage>);

#[derive(Default)]
enum Stage {
    #[default]
    Connecting,
    Open(TcpStream),
    Cut,
}

impl Slot {
    /// Keeps the socket; fails if it was cut before it was there.
    fn put(&self, socket: TcpStream) -> io::Result<()> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*stage, Stage::Cut) {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        }
        *stage = Stage::Open(socket);
        Ok(())
    }

    fn cut(&self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Open(socket) = std::mem::replace(&mut *stage, Stage::Cut) {
            // Fails where the other side has closed it already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
