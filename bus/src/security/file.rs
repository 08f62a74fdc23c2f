//! Secrets that stand in files of their own, as container platforms and service managers hand them out.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use secrecy::SecretString;

/// The largest file that is taken for a secret, in bytes: credentials have a few kilobytes.
pub const MAX_SECRET: u64 = 64 * 1024;

/// A file that holds no secret that could be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSecretFile(String);

/// Reads a secret, without the newline at its end.
///
/// # Errors
/// When the file cannot be read, is none, is empty, is not UTF-8 or has more than [`MAX_SECRET`] bytes. The text names the file and shows
/// nothing of what is in it.
pub fn read_secret(path: &Path) -> Result<SecretString, BadSecretFile> {
    let bad = |problem: &str| BadSecretFile(format!("cannot read {}: {problem}", path.display()));
    // Looked at before it is opened: opening a pipe waits for whoever writes to it.
    let found = std::fs::metadata(path).map_err(|error| bad(&hint(&error)))?;
    if !found.is_file() {
        return Err(bad("it is not a regular file"));
    }
    let file = File::open(path).map_err(|error| bad(&hint(&error)))?;
    let mut bytes = Vec::new();
    file.take(MAX_SECRET + 1).read_to_end(&mut bytes).map_err(|error| bad(&error.to_string()))?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(bad(&format!("it has more than {MAX_SECRET} bytes: this is no secret's file")));
    }
    let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"))?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        return Err(bad("it is empty"));
    }
    Ok(secret.into())
}

/// Whether anybody on this machine may read a file; false if that cannot be found out.
#[must_use]
pub fn is_exposed(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

/// What an error of the file system means, with what to do where that is plain.
pub(super) fn hint(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this process may not read it".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(content: &[u8]) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_secret(file.path())
            .map(|secret| secret.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_newline_at_its_end_is_no_part_of_a_secret() {
        for (content, secret) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" a \n\n", " a \n")]
        {
            assert_eq!(read(content.as_bytes()).unwrap(), secret);
        }
    }

    #[test]
    fn what_is_no_secret_is_told_without_its_content() {
        for (content, problem) in [
            (&b""[..], "it is empty"),
            (b"\n", "it is empty"),
            (b"s3cret\xff", "it is not UTF-8"),
            (&[b's'; MAX_SECRET as usize + 1], "it has more than 65536 bytes"),
        ] {
            let error = read(content).unwrap_err();
            assert!(
                error.contains(problem) && !error.contains("s3cret") && !error.contains("sss"),
                "{error}"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(read_secret(folder.path()).unwrap_err().to_string().ends_with("it is not a regular file"));
        let missing = read_secret(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(missing.ends_with("there is no such file"), "{missing}");
    }

    #[test]
    fn a_file_that_anybody_may_read_is_exposed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, exposed) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_exposed(file.path()), exposed, "{mode:o}");
        }
    }
}
