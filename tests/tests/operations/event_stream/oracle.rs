//! What Asterisk itself tells others, with nothing of ours in between: a second websocket and a second manager session.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ari_tests::{
    proxies::Ari,
    wait::{ok, soon},
};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::JoinHandle,
};

/// Notes what it hears.
pub(crate) struct Overheard<T> {
    heard: Arc<Mutex<Vec<T>>>,
    task: JoinHandle<()>,
}

impl<T> Drop for Overheard<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Clone> Overheard<T> {
    /// What it heard so far.
    pub(crate) fn all(&self) -> Vec<T> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The application of the second websocket.
const APPLICATION: &str = "overheard";

/// An event as Asterisk sent it.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) text: String,
    pub(crate) event: Value,
}

/// A websocket that hears of everything.
pub(crate) async fn websocket(ari: &Ari) -> Overheard<Frame> {
    let Ari { websocket_url, user, password, .. } = ari;
    let url = format!("{websocket_url}?app={APPLICATION}&subscribeAll=true&api_key={user}:{password}");
    let (mut socket, _) = ok(soon("a websocket", Box::pin(tokio_tungstenite::connect_async(url))).await);
    let heard = Arc::<Mutex<Vec<Frame>>>::default();
    let kept = Arc::clone(&heard);
    let task = tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let Ok(text) = message.to_text() else { continue };
            if let Ok(event) = serde_json::from_str(text) {
                let frame = Frame { text: text.to_owned(), event };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
            }
        }
    });
    Overheard { heard, task }
}

/// A session of the manager interface: each event as its lines.
pub(crate) async fn manager(address: &str, user: &str, secret: &str) -> Overheard<Vec<String>> {
    let mut stream = BufReader::new(ok(TcpStream::connect(address).await));
    let login = format!("Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n");
    ok(stream.write_all(login.as_bytes()).await);
    let mut banner = String::new();
    ok(soon("the banner", stream.read_line(&mut banner)).await);
    let welcome = soon("the login", block(&mut stream)).await;
    assert!(welcome.iter().any(|line| line == "Response: Success"), "{welcome:?}");
    let heard = Arc::<Mutex<Vec<Vec<String>>>>::default();
    let kept = Arc::clone(&heard);
    let task = tokio::spawn(async move {
        loop {
            let block = block(&mut stream).await;
            if block.is_empty() {
                return;
            }
            if block[0].starts_with("Event: ") {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(block);
            }
        }
    });
    Overheard { heard, task }
}

/// The lines up to the next empty one; none at the end.
async fn block(stream: &mut BufReader<TcpStream>) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(0) | Err(_) => return lines,
            Ok(_) => match line.trim_end_matches(['\r', '\n']) {
                "" if lines.is_empty() => {}
                "" => return lines,
                text => lines.push(text.to_owned()),
            },
        }
    }
}

impl Frame {
    /// Its bytes as another application gets them: they differ in its name alone.
    pub(crate) fn to(&self, application: &str) -> String {
        let named = |application: &str| format!(r#""application":"{application}""#);
        let (own, other) = (named(APPLICATION), named(application));
        assert_eq!(self.text.matches(&own).count(), 1, "{}", self.text);
        self.text.replace(&own, &other)
    }

    /// The channel that it is about.
    pub(crate) fn channel(&self) -> Option<&str> {
        self.event["channel"]["id"].as_str().or_else(|| self.event["peer"]["id"].as_str())
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.event["type"] == kind
    }
}

/// The events of each channel, in their order.
pub(crate) fn by_channel(events: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut channels = BTreeMap::<String, Vec<String>>::new();
    for (channel, event) in events {
        channels.entry(channel).or_default().push(event);
    }
    channels
}
