//! Python with the libraries of the examples, in an environment of its own that is made once, in the testbed's cache.

use std::{ffi::OsStr, path::PathBuf};

use ari_testbed::cache_folder;
use tokio::{process::Command, sync::OnceCell};

use crate::wait::ok;

/// What the examples import; with other versions it is another environment.
const LIBRARIES: [&str; 2] = ["nats-py==2.11.0", "pika==1.3.2"];

/// The interpreter. It is made at the first call, with what pip gets from its index.
///
/// # Panics
/// When there is no python3 with venv, or pip does not get the libraries; the text says so.
pub async fn python() -> PathBuf {
    static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
    PYTHON.get_or_init(make).await.clone()
}

async fn make() -> PathBuf {
    let cache = ok(cache_folder()).join("python-for-examples");
    ok(std::fs::create_dir_all(&cache));
    let folder = cache.join(LIBRARIES.join("-").replace('=', ""));
    if !folder.exists() {
        // Made beside and moved, so that no other process sees half of it.
        let made = ok(tempfile::tempdir_in(&cache)).keep();
        run("python3".as_ref(), &[&["-m", "venv"], &[&*made.to_string_lossy()][..]].concat()).await;
        let pip = [&["-m", "pip", "install", "--quiet"][..], &LIBRARIES].concat();
        run(made.join("bin/python").as_os_str(), &pip).await;
        if let Err(error) = std::fs::rename(&made, &folder) {
            let _ = std::fs::remove_dir_all(&made);
            assert!(folder.exists(), "{}: {error}", folder.display());
        }
    }
    folder.join("bin/python")
}

async fn run(program: &OsStr, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).kill_on_drop(true).output().await;
    let hint = "the Python examples need python3 with venv (Debian: python3-venv), and once an index for pip";
    let output = output.unwrap_or_else(|error| panic!("{program:?}: {error}; {hint}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program:?} {arguments:?}: {said}; {hint}");
}
