//! TLS: who is trusted, and what is said of whom is not.

use std::{io::Write as _, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tempfile::NamedTempFile;

use super::fake::{Fake, Told, play};
use crate::{config::Ami, testing::log};

/// A manager interface with a certificate for a host, and the file of the authority that vouches for it.
async fn fake_for(host: &str) -> (Fake, NamedTempFile) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("authority of {host}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    (Fake::with_tls(Arc::new(config)).await, file)
}

#[tokio::test]
async fn events_come_over_tls() {
    let (fake, authority) = fake_for("127.0.0.1").await;
    let ami = Ami { tls: true, ca: Some(authority.path().to_owned()), ..fake.ami() };
    play(&ami, async |client| {
        let mut session = fake.logged_in().await;
        session.say("Event: Secret\r\n\r\n").await;
        assert_eq!(client.next().await, Told::Connected);
        assert_eq!(client.event().await.name(), "Secret");
        client.stop.cancel();
    })
    .await;
}

/// What is logged of a connection that cannot be made.
async fn warning(ami: &Ami, fake: &Fake) -> String {
    let (_log, mut lines) = log();
    let mut line = String::new();
    play(ami, async |client| {
        let refused = async { while fake.accept().await.is_err() {} };
        tokio::select! {
            said = lines.recv() => line = said.unwrap(),
            () = refused => panic!("TLS was made"),
        }
        client.stop.cancel();
    })
    .await;
    line
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told() {
    let (fake, authority) = fake_for("127.0.0.1").await;
    let line = warning(&Ami { tls: true, ..fake.ami() }, &fake).await;
    assert!(line.contains("certificate") && line.contains("`stream.ami.ca`"), "{line}");

    let (fake, other) = fake_for("pbx.example").await;
    let line = warning(&Ami { tls: true, ca: Some(authority.path().to_owned()), ..fake.ami() }, &fake).await;
    assert!(line.contains("UnknownIssuer") && line.contains("`stream.ami.ca`"), "{line}");
    let line = warning(&Ami { tls: true, ca: Some(other.path().to_owned()), ..fake.ami() }, &fake).await;
    assert!(line.contains("must be for that host") && line.contains("pbx.example"), "{line}");
}

#[tokio::test]
async fn tls_to_a_port_without_it_is_told() {
    let (_log, mut lines) = log();
    let (_, authority) = fake_for("127.0.0.1").await;
    let fake = Fake::start().await;
    let ami = Ami { tls: true, ca: Some(authority.path().to_owned()), ..fake.ami() };
    play(&ami, async |client| {
        let mut session = fake.accept().await.unwrap();
        session.say("Asterisk Call Manager/11.0.0\r\n").await;
        let line = lines.recv().await.unwrap();
        assert!(line.contains("no TLS at") && line.contains("tlsbindaddr"), "{line}");
        client.stop.cancel();
    })
    .await;
}
