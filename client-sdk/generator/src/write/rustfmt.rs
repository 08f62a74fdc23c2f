//! Formatting, as the workspace is formatted.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use crate::{Error, Result};

/// The workspace's settings.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rustfmt.toml");

pub(super) fn format(text: &str) -> Result<String> {
    let failed = |error: std::io::Error| Error::Format(error.to_string());
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", SETTINGS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut formatted = String::new();
    // It reads all before it writes; what it says of errors is short.
    if let Some(mut stdin) = rustfmt.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(failed)?;
    }
    if let Some(mut stdout) = rustfmt.stdout.take() {
        stdout.read_to_string(&mut formatted).map_err(failed)?;
    }
    let output = rustfmt.wait_with_output().map_err(failed)?;
    if output.status.success() {
        Ok(formatted)
    } else {
        Err(Error::Format(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rust_is_an_error() {
        assert_eq!(format("fn  a( ) { }").unwrap(), "fn a() {}\n");
        assert!(matches!(format("fn fn"), Err(Error::Format(_))));
    }
}
