//! The Debian root folders in which the real servers live, one for each release: made once, kept in a cache folder.

mod debootstrap;
mod instance;
mod mirror;
mod release;

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::{Error, Result};

pub(crate) use instance::Instance;
pub use release::Release;

/// Names the cache folder.
pub const CACHE_VARIABLE: &str = "ARI_TESTBED_CACHE";

/// Names a Debian mirror, for a machine whose own apt is set to none.
pub const MIRROR_VARIABLE: &str = "ARI_TESTBED_MIRROR";

/// To be raised when roots are made in another way, so that they are made anew.
const REVISION: u32 = 1;

/// The names in the cache folder. Nothing else in it is ever touched: it may be any folder of a person's.
const ROOT: &str = "root";
const STAMP: &str = "root.stamp";
const NEW_STAMP: &str = "root.stamp.new";
/// Environments of Python, which tests make beside the roots.
const PYTHON: &str = "python-for-examples";
const MAKING: &str = "making";
const LOCK: &str = "lock";

/// A root folder that is whole. While any copy of this is held, no other process removes it.
#[derive(Debug, Clone)]
pub struct Root {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    _shared: File,
}

impl Root {
    /// The root of a release, made if it was not there yet: that takes a minute or two and tells its progress
    /// on standard error. Several processes at once make it once.
    ///
    /// This blocks; the servers' `start` methods call it by themselves.
    pub fn prepare(release: Release) -> Result<Root> {
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let cache = release.folder(&cache_folder()?);
        let path = cache.join(ROOT);
        loop {
            fs::create_dir_all(&cache).map_err(Error::path("make the folder", &cache))?;
            let lock = lock_file(&cache)?;
            wait_for(lock.try_lock_shared(), || lock.lock_shared(), &cache)?;
            if is_whole(&cache, release) && is_in_place(&lock, &cache) {
                instance::sweep(&path)?;
                know_this_machine(&path)?;
                return Ok(Root { inner: Arc::new(Inner { path, _shared: lock }) });
            }
            lock.unlock().map_err(Error::path("unlock", &cache))?;
            make(&cache, release)?;
        }
    }

    /// This process's root of a release, prepared on first use.
    pub(crate) async fn shared(release: Release) -> Result<Root> {
        static FORKY: OnceCell<Root> = OnceCell::const_new();
        static BULLSEYE: OnceCell<Root> = OnceCell::const_new();
        let shared = match release {
            Release::Forky => &FORKY,
            Release::Bullseye => &BULLSEYE,
        };
        let prepare = || async {
            tokio::task::spawn_blocking(move || Root::prepare(release))
                .await
                .map_err(io::Error::other)
                .map_err(Error::system("prepare the root"))?
        };
        shared.get_or_try_init(prepare).await.cloned()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Removes all that the testbed has in its cache folder, and the folder if nothing else is in it. Fails
    /// when a server still runs from it.
    pub fn clean() -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let cache = cache_folder()?;
        let folders = Release::ALL.map(|release| release.folder(&cache));
        folders.iter().filter(|folder| folder.exists()).try_for_each(|folder| clean(folder))
    }
}

/// Removes one root, with its folder if nothing else is in that.
fn clean(cache: &Path) -> Result<()> {
    match lock_file(cache)?.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::InUse(cache.to_owned())),
        Err(TryLockError::Error(error)) => return Err(Error::path("lock", cache)(error)),
    }
    remove_contents(cache)?;
    remove(&cache.join(LOCK))?;
    match fs::remove_dir(cache) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
            Err(Error::path("remove", cache)(error))
        }
        _ => Ok(()),
    }
}

/// Lets the servers find the address of this machine's own name: Asterisk asks for it with each SDP, and without an
/// answer in `/etc/hosts` every call waits 5 s for a name server.
fn know_this_machine(root: &Path) -> Result<()> {
    const NAME: &str = "/proc/sys/kernel/hostname";
    let name = fs::read_to_string(NAME).map_err(Error::path("read", Path::new(NAME)))?;
    let (hosts, new) = (root.join("etc/hosts"), root.join(format!("etc/hosts.{:x}", rand::random::<u64>())));
    fs::write(&new, format!("127.0.0.1 localhost {}\n", name.trim())).map_err(Error::path("write", &new))?;
    // Renamed: another process may start a server in this moment.
    fs::rename(&new, &hosts).map_err(Error::path("rename to", &hosts))
}

/// Makes the root, unless another process did while this one waited for its turn.
fn make(cache: &Path, release: Release) -> Result<()> {
    let lock = lock_file(cache)?;
    wait_for(lock.try_lock(), || lock.lock(), cache)?;
    if is_whole(cache, release) || !is_in_place(&lock, cache) {
        return Ok(());
    }
    // What an interrupted run or an earlier package list left behind.
    remove_contents(cache)?;

    let making = cache.join(MAKING);
    debootstrap::run(release, &making)?;
    instance::make_parent(&making)?;
    let root = cache.join(ROOT);
    fs::rename(&making, &root).map_err(Error::path("rename", &making))?;
    let written = cache.join(NEW_STAMP);
    fs::write(&written, stamp(release)).map_err(Error::path("write", &written))?;
    fs::rename(&written, cache.join(STAMP)).map_err(Error::path("rename", &written))
}

/// Removes what was made, the stamp first so that no half of a root ever looks whole. Nothing is mounted
/// below it: each server, and debootstrap, had mounts of its own.
fn remove_contents(cache: &Path) -> Result<()> {
    for name in [STAMP, NEW_STAMP, ROOT, MAKING, PYTHON] {
        remove(&cache.join(name))?;
    }
    remove(&debootstrap::log(&cache.join(MAKING)))
}

/// Removes a file or a folder if it is there.
fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::path("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Takes a lock which could not be had at once, and says so first.
fn wait_for(
    at_once: std::result::Result<(), TryLockError>,
    wait: impl FnOnce() -> io::Result<()>,
    cache: &Path,
) -> Result<()> {
    match at_once {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            eprintln!("testbed: waiting for another process which makes or uses {}", cache.display());
            wait().map_err(Error::path("lock", cache))
        }
        Err(TryLockError::Error(error)) => Err(Error::path("lock", cache)(error)),
    }
}

/// Whether the root is there, from the packages that this version asks for.
fn is_whole(cache: &Path, release: Release) -> bool {
    fs::read_to_string(cache.join(STAMP)).is_ok_and(|found| found == stamp(release))
        && cache.join(ROOT).is_dir()
}

/// Whether a lock is still that of the cache: `clean` may have removed it while we waited.
fn is_in_place(lock: &File, cache: &Path) -> bool {
    match (lock.metadata(), fs::metadata(cache.join(LOCK))) {
        (Ok(held), Ok(placed)) => held.ino() == placed.ino(),
        _ => false,
    }
}

/// What the root is made from.
fn stamp(release: Release) -> String {
    let (suite, packages) = (release.suite(), release.packages());
    format!("suite={suite}\npackages={packages}\nrevision={REVISION}\n")
}

fn lock_file(cache: &Path) -> Result<File> {
    let path = cache.join(LOCK);
    File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::path("open", &path))
}

/// Where the testbed keeps what it makes once.
///
/// # Errors
/// When nothing in the environment says where.
pub fn cache_folder() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(CACHE_VARIABLE).or_else(|| {
        let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
        Some(caches.join("ari-proxy").join("testbed"))
    });
    let folder = folder.ok_or(Error::NoCacheFolder { variable: CACHE_VARIABLE })?;
    std::path::absolute(&folder).map_err(Error::path("find", &folder))
}
