//! What everything that connects needs: threads, and one TLS provider.

use anyhow::Context as _;

/// The threads that all tasks share.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // One TLS provider for the whole process: with two of them rustls would not know which.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        anyhow::bail!("the TLS provider is installed twice");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")
}
