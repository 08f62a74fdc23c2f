//! Workers and proxies in processes of their own, on a broker of the test's own, and what they wrote down.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use asterisk_sim::CallEnd;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::{
    brokers::{Broker, Setup},
    handlers::{Diary, Entry, Handler, What},
    oracle::{CallRecord, Request},
    programs::{Programs, Running, Worker},
    proxies::{Ari, config_json},
    wait::ok,
    worlds::fresh_application,
};

/// Tests that load the machine or measure it: one at a time.
pub static ALONE: Mutex<()> = Mutex::const_new(());

/// More than any test has calls.
pub const ROOM: usize = 10_000;

/// A broker, and what is needed to start the rest for one application.
pub struct Crew {
    /// The bus.
    pub setup: Setup,
    /// Its broker.
    pub broker: Broker,
    /// The application.
    pub application: String,
    programs: Programs,
    diary: PathBuf,
    _folder: TempDir,
}

impl Crew {
    /// Starts the broker.
    ///
    /// # Panics
    /// When it does not start; the text says why.
    pub async fn new(setup: Setup, programs: Programs) -> Self {
        Self::on(Broker::start(setup.kind()).await, setup, programs)
    }

    /// On a broker that is there already.
    ///
    /// # Panics
    /// When there is no room for what is written down.
    #[must_use]
    pub fn on(broker: Broker, setup: Setup, programs: Programs) -> Self {
        let folder = ok(tempfile::tempdir());
        let diary = folder.path().join("diary");
        // There before the first worker writes.
        ok(std::fs::write(&diary, ""));
        Self { setup, broker, application: fresh_application(), programs, diary, _folder: folder }
    }

    /// The configuration of a proxy for this Asterisk, with the bus at this URL.
    #[must_use]
    pub fn config_for(&self, ari: &Ari, bus_url: &str) -> Value {
        let mut config = config_json(ari, self.setup.kind(), bus_url, "pbx", &[&self.application]);
        config["bus_config"]["topology"] = self.setup.topology().into();
        config
    }

    /// Runs a proxy as a process, and does not wait for it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_proxy(&self, config: &Value) -> Running {
        Running::proxy(self.programs, config)
    }

    /// Runs a proxy as a process that takes over from the one that runs, and does not wait for it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_successor(&self, config: &Value) -> Running {
        Running::successor(self.programs, config)
    }

    /// Runs a worker as a process, and does not wait for it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn worker(&self, name: &str, limit: usize, handler: Handler) -> Running {
        self.worker_at(&self.broker.url(), name, limit, handler)
    }

    /// Runs a worker that finds the bus at this URL.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn worker_at(&self, bus_url: &str, name: &str, limit: usize, handler: Handler) -> Running {
        let (application, diary) = (&self.application, &self.diary);
        Running::worker(self.programs, &Worker { name, bus_url, application, limit, handler, diary })
    }

    /// Runs workers that have room for every call, named `w1`, `w2` …; all are in the pool.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn workers(&self, number: u64, handler: Handler) -> Vec<Running> {
        let workers = (1..=number).map(|number| self.worker(&format!("w{number}"), ROOM, handler)).collect();
        self.broker.until_read_by(&self.application, number).await;
        workers
    }

    /// What handlers wrote so far.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        ok(Diary::read(&self.diary))
    }

    /// The worker that has each channel: the one that began the newest term.
    #[must_use]
    pub fn owners(&self) -> BTreeMap<String, (u64, String)> {
        let mut owners = BTreeMap::<String, (u64, String)>::new();
        for Entry { worker, channel, term, what } in self.entries() {
            if matches!(what, What::Began { .. }) {
                let owner = owners.entry(channel).or_default();
                if owner.0 < term {
                    *owner = (term, worker);
                }
            }
        }
        owners
    }

    /// The channels that a worker has.
    #[must_use]
    pub fn calls_of(&self, worker: &str) -> Vec<String> {
        let owners = self.owners().into_iter();
        owners.filter(|(_, (_, owner))| owner == worker).map(|(channel, _)| channel).collect()
    }

    /// What is known of calls: their channels, how many numbered events each was sent, and how it ended.
    #[must_use]
    pub fn records<'a>(
        &self,
        calls: impl IntoIterator<Item = (String, u64, Option<CallEnd>)>,
        requests: impl Fn(&str) -> &'a [Request],
    ) -> Vec<CallRecord> {
        let mut entries = HashMap::<String, Vec<Entry>>::new();
        for entry in self.entries() {
            entries.entry(entry.channel.clone()).or_default().push(entry);
        }
        let record = |(channel, sent, end): (String, u64, Option<CallEnd>)| CallRecord {
            sent,
            requests: requests(&channel).to_vec(),
            entries: entries.remove(&channel).unwrap_or_default(),
            end,
            channel,
        };
        calls.into_iter().map(record).collect()
    }
}
