//! Running the binary, and the smallest broker that it takes for one.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _, pipe},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

/// How long anything may take on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for several attempts to connect: they begin with pauses of 100 ms that double.
pub(crate) const SEVERAL_ATTEMPTS: Duration = Duration::from_secs(3);

/// A configuration that can be used, for a NATS server and an Asterisk on these ports of this machine.
pub(crate) fn config(bus: u16, asterisk: u16) -> Value {
    json!({
        "server_id": "bar",
        "applications": ["foo"],
        "websocket_url": format!("ws://127.0.0.1:{asterisk}/ari/events"),
        "stasis_url": format!("http://127.0.0.1:{asterisk}/ari"),
        "ws_user": "user",
        "ws_password": "secret",
        "message_bus": "NATS",
        "bus_config": { "url": format!("nats://127.0.0.1:{bus}"), "queue": "" },
    })
}

/// A port of this machine on which nobody listened just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A file that holds this text.
pub(crate) fn write(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// The binary, in an empty folder and without anything in the environment that is meant for it.
pub(crate) struct Binary {
    command: Command,
    folder: TempDir,
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Binary {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ari-proxy"));
        command.current_dir(folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("ARI_PROXY_")
                || ["RUST_LOG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"].contains(&&*name)
            {
                command.env_remove(&*name);
            }
        }
        Self { command, folder }
    }

    pub(crate) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        let Output { status, stdout, stderr } = self.command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Running { child, lines, log: Vec::new(), _folder: self.folder }
    }

    /// Gives it a stderr that fails: nobody reads it any more.
    pub(crate) fn without_stderr(mut self) -> Self {
        self.command.stderr(pipe().unwrap().1);
        self
    }

    /// Starts it with a stderr that fails.
    pub(crate) fn start_without_stderr(self) -> Running {
        let mut binary = self.without_stderr();
        let child = binary.command.stdout(Stdio::null()).spawn().unwrap();
        Running { child, lines: channel().1, log: Vec::new(), _folder: binary.folder }
    }
}

/// The binary at work. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    _folder: TempDir,
}

impl Running {
    /// Waits for a line of the log that holds this text.
    pub(crate) fn wait_for_line(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log.iter().any(|line| line.contains(text)) {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(error) => panic!("{text:?} is not in the log ({error}):\n{}", self.log.join("\n")),
            }
        }
    }

    /// The warnings in the log after some more time, without the time of each.
    pub(crate) fn warnings_after(&mut self, time: Duration) -> Vec<String> {
        let deadline = Instant::now() + time;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => panic!("it ended:\n{}", self.log.join("\n")),
            }
        }
        self.log.iter().filter_map(|line| Some(line.split_once(" WARN ")?.1.to_owned())).collect()
    }

    /// The exit code, if it has ended.
    pub(crate) fn code_now(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().and_then(|status| status.code())
    }

    /// Sends SIGTERM; returns the exit code and the whole log.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let deadline = Instant::now() + PATIENCE;
        // The log ends with the process.
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.log.push(line);
        }
        assert!(Instant::now() < deadline, "it did not stop:\n{}", self.log.join("\n"));
        (self.child.wait().unwrap().code(), self.log.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port on which each connection is closed unread, and tells of it.
pub(crate) fn deaf_asterisk() -> (u16, Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, connections) = channel();
    thread::spawn(move || while listener.accept().is_ok() && sender.send(()).is_ok() {});
    (port, connections)
}

/// A NATS server with one client: enough for a proxy that looks for its Asterisk.
pub(crate) struct SmallBroker(u16);

impl SmallBroker {
    /// Listens for as long as the test's process lives.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || serve(stream));
            }
        });
        Self(port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0
    }
}

/// Answers pings, and gives the client what it publishes to its own subscriptions, until it goes.
fn serve(mut stream: TcpStream) -> Option<()> {
    let info = json!({
        "server_id": "T", "server_name": "T", "version": "2.15.0", "proto": 1, "host": "127.0.0.1", "port": 1,
        "headers": true, "max_payload": 1 << 20, "client_id": 1, "go": "", "git_commit": "", "tls_required": false,
    });
    write!(stream, "INFO {info}\r\n").ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut subscriptions: Vec<(String, String)> = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["PING"] => stream.write_all(b"PONG\r\n").ok()?,
            ["SUB", subject, .., id] => subscriptions.push((subject.to_owned(), id.to_owned())),
            ["PUB" | "HPUB", subject, .., size] => {
                let size: usize = size.parse().ok()?;
                let mut payload = vec![0; size + "\r\n".len()];
                reader.read_exact(&mut payload).ok()?;
                let readers = |subject: &str| {
                    let fit = subscriptions.iter().filter(|(pattern, _)| fits(pattern, subject));
                    fit.map(|(_, id)| id.clone()).collect::<Vec<_>>()
                };
                for id in readers(subject) {
                    write!(stream, "MSG {subject} {id} {size}\r\n").ok()?;
                    stream.write_all(&payload).ok()?;
                }
                // A question that nobody hears is answered by the server itself.
                let question = if let ["PUB", _, reply, _] | ["HPUB", _, reply, _, _] = words[..] {
                    Some(reply)
                } else {
                    None
                };
                if let Some(reply) = question.filter(|_| readers(subject).is_empty()) {
                    let headers = "NATS/1.0 503\r\n\r\n";
                    for id in readers(reply) {
                        let size = headers.len();
                        write!(stream, "HMSG {reply} {id} {size} {size}\r\n{headers}\r\n").ok()?;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a subject belongs to a subscription.
fn fits(pattern: &str, subject: &str) -> bool {
    pattern.strip_suffix(['*', '>']).map_or(pattern == subject, |prefix| subject.starts_with(prefix))
}
