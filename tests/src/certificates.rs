//! Certificates: an authority of a test's own, and what it issues, in a folder that the testbed's servers see.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use ari_testbed::{Release, Root};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::{wait::ok, worlds::fresh_application};

/// Who issues certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// What a certificate is to say.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Its subject's common name.
    pub name: &'a str,
    /// The hosts that it is for.
    pub hosts: &'a [&'a str],
    /// Whether its time is over.
    pub expired: bool,
}

impl Authority {
    /// A new one of this name.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = ok(KeyPair::generate());
        let mut params = ok(CertificateParams::new(Vec::new()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = ok(params.self_signed(&key)).pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its own certificate, as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate and its private key, both PEM.
    fn issue(&self, leaf: Leaf<'_>) -> (String, String) {
        let key = ok(KeyPair::generate());
        let hosts: Vec<String> = leaf.hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = ok(CertificateParams::new(hosts));
        params.distinguished_name.push(DnType::CommonName, leaf.name);
        if leaf.expired {
            (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        }
        (ok(params.signed_by(&key, &self.issuer)).pem(), key.serialize_pem())
    }
}

/// A folder of PEM files. It goes when this is dropped.
#[derive(Debug)]
pub struct Folder {
    outside: PathBuf,
    inside: String,
}

impl Folder {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let root = ok(Root::prepare(Release::default()));
        let inside = format!("/tmp/{}", fresh_application());
        let outside = root.path().join(inside.trim_start_matches('/'));
        ok(fs::create_dir_all(&outside));
        Self { outside, inside }
    }

    /// What most tests want. From one authority, `ca.pem`: `server` for localhost and no other host, the `client` named `worker`, and
    /// each of them once more, expired. From another, `foreign-ca.pem`: a `stranger` named `worker`.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn furnished() -> Self {
        let (folder, ours, theirs) = (Self::new(), Authority::new("ours"), Authority::new("theirs"));
        folder.write("ca.pem", ours.pem());
        folder.write("foreign-ca.pem", theirs.pem());
        let server = Leaf { name: "server", hosts: &["localhost"], expired: false };
        let client = Leaf { name: "worker", hosts: &[], expired: false };
        folder.issue("server", &ours, server);
        folder.issue("server-expired", &ours, Leaf { expired: true, ..server });
        folder.issue("client", &ours, client);
        folder.issue("client-expired", &ours, Leaf { expired: true, ..client });
        folder.issue("nobody", &ours, Leaf { name: "nobody", ..client });
        folder.issue("stranger", &theirs, client);
        folder
    }

    /// Writes a certificate, `NAME.pem`, and its key, `NAME.key`.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn issue(&self, name: &str, authority: &Authority, leaf: Leaf<'_>) {
        let (certificate, key) = authority.issue(leaf);
        self.write(&format!("{name}.pem"), &certificate);
        self.write(&format!("{name}.key"), &key);
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.outside.join(name);
        ok(fs::write(&path, text));
        // Otherwise the proxy warns that everybody can read it.
        ok(fs::set_permissions(&path, Permissions::from_mode(0o600)));
    }

    /// Where a file is for what runs outside of the testbed's root, such as the proxy.
    #[must_use]
    pub fn outside(&self, name: &str) -> String {
        self.outside.join(name).to_string_lossy().into_owned()
    }

    /// Where a file is for the testbed's servers.
    #[must_use]
    pub fn inside(&self, name: &str) -> String {
        format!("{}/{name}", self.inside)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.outside);
    }
}
