//! The folder of one running server: its configuration, data and logs, inside the root.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Root;
use crate::{Error, Result};

/// Where the folders are, seen from inside the root.
const PARENT: &str = "run/ari";

/// Held while a folder is made or removed, so that none is removed before its owner has locked it.
const LOCK: &str = ".lock";

/// When set, the folders stay for a look at their logs, until the testbed is next used without it.
const KEEP_VARIABLE: &str = "ARI_TESTBED_KEEP";

/// The folder of one server. It goes when this is dropped, or when the testbed is next used in case this
/// process is killed before.
#[derive(Debug)]
pub(crate) struct Instance {
    root: Root,
    folder: TempDir,
    inside: String,
    _owned: File,
}

impl Instance {
    /// A new folder, its name beginning with the server's.
    pub(crate) fn new(root: &Root, server: &str) -> Result<Instance> {
        let parent = root.path().join(PARENT);
        let lock = lock(&parent)?;
        let mut folder = tempfile::Builder::new()
            .prefix(&format!("{server}-"))
            .tempdir_in(&parent)
            .map_err(Error::path("make a folder in", &parent))?;
        folder.disable_cleanup(env::var_os(KEEP_VARIABLE).is_some());
        let owned = File::open(folder.path()).map_err(Error::path("open", folder.path()))?;
        owned.try_lock().map_err(|error| Error::path("lock", folder.path())(error.into()))?;
        drop(lock);
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
        let inside = format!("/{PARENT}/{name}");
        Ok(Instance { root: root.clone(), folder, inside, _owned: owned })
    }

    /// The root it is in.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// Its name, different from all others.
    pub(crate) fn name(&self) -> &str {
        self.inside.rsplit('/').next().unwrap_or_default()
    }

    /// Its path for the server.
    pub(crate) fn inside(&self) -> &str {
        &self.inside
    }

    /// The path of a file in it, for this process.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a folder in it.
    pub(crate) fn make_folder(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(Error::path("make the folder", &path))
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        fs::write(&path, content).map_err(Error::path("write", &path))
    }

    /// A file in it as text; empty while it does not exist.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read(self.path(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

/// Makes the place for the folders in a new root.
pub(super) fn make_parent(root: &Path) -> Result<()> {
    let parent = root.join(PARENT);
    fs::create_dir_all(&parent).map_err(Error::path("make the folder", &parent))
}

/// Removes the folders which nobody owns any more.
pub(super) fn sweep(root: &Path) -> Result<()> {
    let parent = root.join(PARENT);
    if env::var_os(KEEP_VARIABLE).is_some() {
        return Ok(());
    }
    let _lock = lock(&parent)?;
    let entries = fs::read_dir(&parent).map_err(Error::path("read", &parent))?;
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let ownerless = File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok());
        if ownerless {
            // Its server may be dying just now and write once more: the next sweep gets that.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn lock(parent: &Path) -> Result<File> {
    let path = parent.join(LOCK);
    let file = File::create(&path).map_err(Error::path("open", &path))?;
    file.lock().map_err(Error::path("lock", &path))?;
    Ok(file)
}
