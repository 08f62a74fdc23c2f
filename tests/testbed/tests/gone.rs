//! No server outlives the process that started it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long after its starter a server may be there.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// The program with all servers up, and what it printed.
fn up() -> (Child, Vec<String>) {
    let mut program =
        Command::new(env!("CARGO_BIN_EXE_ari-testbed")).arg("up").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let printed = lines.take_while(|line| !line.starts_with("Running")).collect();
    (program, printed)
}

/// The addresses it printed, and the folders of the servers.
fn addresses_and_folders(printed: &[String]) -> (Vec<String>, Vec<String>) {
    let ports = |scheme: &str| {
        let after = printed.iter().find_map(|line| line.split_once(scheme)).unwrap().1;
        let port: String =
            after.split_once("127.0.0.1:").unwrap().1.chars().take_while(char::is_ascii_digit).collect();
        format!("127.0.0.1:{port}")
    };
    let folders = printed.iter().filter_map(|line| line.split_once("/run/ari/"));
    let folders = folders.map(|(_, path)| format!("/run/ari/{}", path.split('/').next().unwrap())).collect();
    (["ARI", "nats:", "amqp:"].map(ports).to_vec(), folders)
}

/// The processes whose command line names one of the folders.
fn processes(folders: &[String]) -> Vec<(Pid, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse() else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if folders.iter().any(|folder| line.contains(folder.as_str())) {
            found.push((Pid::from_raw(number).unwrap(), line));
        }
    }
    found
}

fn all_gone(printed: &[String]) {
    let (addresses, folders) = addresses_and_folders(printed);
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        let listening: Vec<_> =
            addresses.iter().filter(|address| TcpStream::connect(address.as_str()).is_ok()).collect();
        let running = processes(&folders);
        if listening.is_empty() && running.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still there: {listening:?} {running:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn when_it_is_killed() {
    let (mut program, printed) = up();
    let (addresses, folders) = addresses_and_folders(&printed);
    assert_eq!((addresses.len(), folders.len()), (3, 3));
    assert!(processes(&folders).len() >= 3);
    for address in &addresses {
        TcpStream::connect(address.as_str()).unwrap();
    }
    // A paused server hears nothing but this either.
    for (process, _) in processes(&folders) {
        kill_process(process, Signal::STOP).unwrap();
    }
    program.kill().unwrap();
    program.wait().unwrap();
    all_gone(&printed);
}

#[test]
fn when_it_is_interrupted() {
    let (mut program, printed) = up();
    kill_process(Pid::from_child(&program), Signal::INT).unwrap();
    assert!(program.wait().unwrap().success());
    all_gone(&printed);
    // It ended in peace and has put its things away.
    let left: Vec<_> = printed.iter().filter_map(|line| line.split_once("log        ")).collect();
    assert!(left.iter().all(|(_, log)| !Path::new(log).exists()), "{left:?}");
}
