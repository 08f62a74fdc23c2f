//! A server that speaks TLS before one that does not, and lets in only who shows a certificate of an authority.

use std::{path::Path, sync::Arc};

use ari_bus::security::{certificates, private_key};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::{brokers::prepare_process, certificates::Folder, wait::ok};

/// The gate. It is gone, and with it the connections through it, when this is dropped.
#[derive(Debug)]
pub struct TlsGate {
    port: u16,
    _task: AbortOnDropHandle<()>,
}

impl TlsGate {
    /// A gate before a port of this machine, with the `server` certificate of a [furnished](Folder::furnished) folder.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn before(port: u16, folder: &Folder) -> Self {
        prepare_process();
        let mut roots = RootCertStore::empty();
        let authorities = ok(certificates(Path::new(&folder.outside("ca.pem"))));
        authorities.into_iter().for_each(|authority| ok(roots.add(authority)));
        let verifier = ok(WebPkiClientVerifier::builder(Arc::new(roots)).build());
        let (chain, key) = (folder.outside("server.pem"), folder.outside("server.key"));
        let config = ServerConfig::builder().with_client_cert_verifier(verifier);
        let config =
            ok(config
                .with_single_cert(ok(certificates(Path::new(&chain))), ok(private_key(Path::new(&key)))));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = ok(TcpListener::bind(("127.0.0.1", 0)).await);
        let own = ok(listener.local_addr()).port();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // Whoever is not let in, and whoever goes, is nobody's concern here.
                    let mut inner = TcpStream::connect(("127.0.0.1", port)).await?;
                    stream.set_nodelay(true)?;
                    inner.set_nodelay(true)?;
                    copy_bidirectional(&mut acceptor.accept(stream).await?, &mut inner).await
                });
            }
        });
        Self { port: own, _task: AbortOnDropHandle::new(task) }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}
