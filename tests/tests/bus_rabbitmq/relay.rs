//! A network between a client and a broker that can go dead without closing a connection.

use std::sync::Arc;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Relays connections; those from before the last [`Relay::freeze`] stay open and carry nothing.
pub(crate) struct Relay {
    port: u16,
    frozen: Arc<watch::Sender<u64>>,
}

impl Relay {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), frozen: Arc::default() };
        let frozen = Arc::clone(&relay.frozen);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut frozen = frozen.subscribe();
                tokio::spawn(async move {
                    let mut broker = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut broker) => {}
                        _ = frozen.changed() => std::future::pending().await,
                    }
                });
            }
        });
        relay
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// From now on nothing comes through on the connections that there are; new ones work.
    pub(crate) fn freeze(&self) {
        self.frozen.send_modify(|count| *count += 1);
    }
}
