//! Makes a Debian root folder with debootstrap, and tells how far it is.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Release, mirror};
use crate::process::{POLL, Process};
use crate::{Error, Result, no_mounts, tail};

/// An older debootstrap does not know the suite's name; Debian's newest suites are all made by this.
const SCRIPT: &str = "/usr/share/debootstrap/scripts/sid";

/// How often it tells how far it is: often enough to see it move, seldom enough to read.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What it says when a mirror has no such release.
const NO_RELEASE: &str = "Failed getting release file";

/// Makes the root in a folder that does not exist yet.
pub(super) fn run(release: Release, folder: &Path) -> Result<()> {
    install_debootstrap()?;
    let mirror = mirror::find()?;
    let (suite, size) = (release.suite(), release.size());
    eprintln!("testbed: making a Debian root ({suite}) with the real servers in {}", folder.display());
    eprintln!("testbed: a minute or two, once; about {size} on disk");
    let made = run_from(&mirror, release, folder);
    let is_dropped = matches!(&made, Err(Error::Preparation { tail, .. }) if tail.contains(NO_RELEASE));
    match release.archive() {
        Some(archive) if is_dropped => {
            eprintln!("testbed: it has no {suite}, which is old: asking Debian's archive");
            run_from(archive, release, folder)
        }
        _ => made,
    }
}

fn run_from(mirror: &str, release: Release, folder: &Path) -> Result<()> {
    eprintln!("testbed: packages from {mirror}");
    let log = log(folder);
    let output = File::create(&log).map_err(Error::path("write", &log))?;
    let words: Vec<OsString> = [
        // Its mounts (/proc, /sys) are then its own and gone with it, however it ends.
        "unshare",
        "--mount",
        "debootstrap",
        "--variant=minbase",
        &format!("--include={}", release.packages()),
        release.suite(),
    ]
    .map(OsString::from)
    .into_iter()
    .chain([folder.into(), mirror.into(), SCRIPT.into()])
    .collect();
    let mut process = Process::spawn(&words, |command| {
        // Its own environment stays: proxies, certificates.
        command.env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive").envs(mirror::proxies());
        command.stdout(Stdio::piped()).stderr(output.try_clone()?);
        Ok(())
    })
    .map_err(Error::system("start debootstrap"))?;

    let begun = Instant::now();
    follow(&mut process, begun, output)?;
    let status = loop {
        if let Some(status) = process.ended().map_err(Error::system("wait for debootstrap"))? {
            break status;
        }
        std::thread::sleep(POLL);
    };
    let said = fs::read_to_string(&log).unwrap_or_default();
    fs::remove_file(&log).map_err(Error::path("remove", &log))?;
    if !status.success() {
        let inner = fs::read_to_string(folder.join("debootstrap/debootstrap.log")).unwrap_or_default();
        let tail = format!("{}\n{}", tail(&said), tail(&inner));
        // A folder half made is of no use to anyone.
        let _ = fs::remove_dir_all(folder);
        let status = no_mounts(&said).map_or_else(|| status.to_string(), str::to_owned);
        return Err(Error::Preparation { command: command_line(&words), status, tail });
    }
    finish(folder)?;
    eprintln!("testbed: {:3} s: done", begun.elapsed().as_secs());
    Ok(())
}

/// Where the output goes while the root is made.
pub(super) fn log(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

/// Copies its output to the log and tells the stage it is at.
fn follow(process: &mut Process, begun: Instant, mut log: File) -> Result<()> {
    let mut told = Instant::now();
    let mut stage = String::new();
    let mut count = 0;
    let tell = |stage: &str, count: u32| {
        eprintln!("testbed: {:3} s: {stage}, {count} packages", begun.elapsed().as_secs());
    };
    let Some(output) = process.output() else { return Ok(()) };
    for line in BufReader::new(output).lines() {
        let line = line.map_err(Error::system("read what debootstrap says"))?;
        writeln!(log, "{line}").map_err(Error::system("write debootstrap's log"))?;
        // "I: Retrieving asterisk 1:22…", "I: Configuring libc6:amd64..."
        let Some(doing) = line.strip_prefix("I: ").and_then(|rest| rest.split_whitespace().next()) else {
            continue;
        };
        // Each package is validated right after it is retrieved: one stage, not 150.
        if !matches!(doing, "Retrieving" | "Extracting" | "Unpacking" | "Configuring") {
            continue;
        }
        if doing != stage {
            if count > 0 {
                tell(&stage, count);
            }
            (stage, count, told) = (doing.to_owned(), 0, Instant::now());
        }
        count += 1;
        if told.elapsed() > TELL_EVERY {
            tell(&stage, count);
            told = Instant::now();
        }
    }
    Ok(())
}

/// What the servers need and debootstrap does not do.
fn finish(folder: &Path) -> Result<()> {
    // The packages themselves are of no more use: 150 MB.
    let archives = folder.join("var/cache/apt/archives");
    for entry in fs::read_dir(&archives).map_err(Error::path("read", &archives))?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "deb") {
            fs::remove_file(entry.path()).map_err(Error::path("remove", &entry.path()))?;
        }
    }
    // The servers name this machine `localhost`, whether or not it does so itself.
    let hosts = folder.join("etc/hosts");
    let named = fs::read_to_string(&hosts).unwrap_or_default();
    fs::write(&hosts, format!("127.0.0.1 localhost\n{named}")).map_err(Error::path("write", &hosts))
}

/// Installs debootstrap from this machine's distribution if it is missing.
fn install_debootstrap() -> Result<()> {
    if Path::new("/usr/sbin/debootstrap").exists() && Path::new(SCRIPT).exists() {
        return Ok(());
    }
    eprintln!("testbed: installing debootstrap with apt-get");
    apt_get(&["update"])?;
    // With the certificates for a mirror over https, and the keys to check Debian's packages with on a
    // distribution made from it.
    apt_get(&["install", "--yes", "debootstrap", "ca-certificates", "debian-archive-keyring"])
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let words: Vec<OsString> = ["apt-get"].iter().chain(arguments).map(OsString::from).collect();
    let output =
        Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").output().map_err(
            Error::system("run apt-get: the testbed needs a Debian or a distribution made from it"),
        )?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Preparation {
        command: command_line(&words),
        status: output.status.to_string(),
        tail: tail(&String::from_utf8_lossy(&output.stderr)),
    })
}

fn command_line(words: &[OsString]) -> String {
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
