//! The applications of one proxy: those of the configuration, and those that were added while it runs.
//!
//! The link to Asterisk follows what is wanted here ([`Applications::follow`]), dialogs are opened for what is served
//! ([`Applications::serves`]), and events of what streams go to the stream ([`Applications::streams`]). Who changes it is
//! [`change`]; what was added is kept in a [`file`].

pub(crate) mod change;
mod file;
mod name;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};
use tracing::{error, info};

use crate::config::Config;
use file::{Kept, Unread};
pub(crate) use name::check_name;

/// The applications of one proxy, as they are now.
#[derive(Debug)]
pub(crate) struct Applications {
    configured: Vec<String>,
    /// Whether there is a stream at all.
    streaming: bool,
    /// The one under which the proxy hears of all channels: never one of these.
    ears: Option<String>,
    live: watch::Sender<Live>,
    /// Held by whoever changes it: one after the other. True while there is a file that cannot be read: nothing may be written over it.
    changing: Mutex<bool>,
    kept: Option<Kept>,
}

/// What was changed since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Live {
    /// Those that were added.
    added: BTreeMap<String, Added>,
    /// Those of the configuration whose events do not go to the stream.
    quiet: BTreeSet<String>,
}

/// An application that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Added {
    /// Whether its calls become dialogs; otherwise its events go to the stream alone.
    #[serde(default)]
    pub(crate) dialogs: bool,
}

/// One application, for whoever lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) configured: bool,
    pub(crate) dialogs: bool,
    pub(crate) stream: bool,
    /// Whether it is there after a restart.
    pub(crate) kept: bool,
}

impl Applications {
    /// Those of a configuration, and a place for others.
    pub(crate) fn new(config: &Config) -> Self {
        let kept = config.state_dir.as_deref().map(|folder| Kept::new(folder, &config.server_id));
        let mut live = Live::default();
        let stream = config.stream.as_ref();
        if stream.is_some_and(|stream| !stream.applications) {
            live.quiet.extend(config.applications.iter().cloned());
        }
        let ears = stream.filter(|stream| stream.channels).map(|stream| stream.channels_application.clone());
        let live = watch::Sender::new(live);
        Self { kept, live, ears, streaming: stream.is_some(), ..Self::fixed(&config.applications) }
    }

    /// These, and none that a later process would know.
    pub(crate) fn fixed(configured: &[String]) -> Self {
        Self {
            configured: configured.to_vec(),
            streaming: true,
            ears: None,
            live: watch::Sender::default(),
            changing: Mutex::default(),
            kept: None,
        }
    }

    /// All that are to be registered with Asterisk.
    pub(crate) fn all(&self) -> Vec<String> {
        let live = self.live.borrow();
        self.configured.iter().chain(live.added.keys()).cloned().collect()
    }

    /// Those whose calls become dialogs.
    pub(crate) fn served(&self) -> Vec<String> {
        let live = self.live.borrow();
        let added = live.added.iter().filter(|(_, added)| added.dialogs);
        self.configured.iter().chain(added.map(|(name, _)| name)).cloned().collect()
    }

    /// Whether calls of this one become dialogs.
    pub(crate) fn serves(&self, name: &str) -> bool {
        // First: asked for every event.
        self.is_configured(name) || self.added(name).is_some_and(|added| added.dialogs)
    }

    /// Whether events of this one go to the stream.
    pub(crate) fn streams(&self, name: &str) -> bool {
        let live = self.live.borrow();
        let wanted =
            live.added.contains_key(name) || (self.is_configured(name) && !live.quiet.contains(name));
        self.streaming && wanted
    }

    /// As they are, and as they change.
    pub(crate) fn follow(&self) -> watch::Receiver<Live> {
        self.live.subscribe()
    }

    /// What there is.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let live = self.live.borrow();
        let configured = self.configured.iter().map(|name| Listed {
            name: name.clone(),
            configured: true,
            dialogs: true,
            stream: self.streaming && !live.quiet.contains(name),
            kept: true,
        });
        let added = live.added.iter().map(|(name, added)| Listed {
            name: name.clone(),
            configured: false,
            dialogs: added.dialogs,
            stream: self.streaming,
            kept: self.kept.is_some(),
        });
        configured.chain(added).collect()
    }

    /// Adds what an earlier process, or one before this in its place, has kept.
    pub(crate) async fn restore(&self) {
        let mut unread = self.changing.lock().await;
        let said = *unread;
        if let Err(why) = self.recall(&mut unread).await
            && !said
        {
            error!(
                "applications that were added before are not known, and none can be added or removed until they are: {why}"
            );
        }
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be read, although it is there.
    async fn recall(&self, unread: &mut bool) -> Result<(), String> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let read = kept.read().await;
        *unread = matches!(read, Err(Unread::InTheWay(_)));
        match read {
            Ok(Some(mut added)) => {
                added.retain(|name, _| !self.is_configured(name) && !self.hears_by(name));
                if !added.is_empty() && self.live.borrow().added != added {
                    let names: Vec<_> = added.keys().collect();
                    info!(applications = ?names, "applications that were added before are here again");
                }
                self.live.send_modify(|live| live.added = added);
            }
            Ok(None) => {}
            Err(Unread::Aside(why)) => {
                error!("applications that were added before are not known any more: {why}");
            }
            Err(Unread::InTheWay(why)) => return Err(why),
        }
        Ok(())
    }

    /// Nothing is changed as long as this is held; `None` if a change that is under way takes longer than that.
    pub(crate) async fn unchanged(&self, patience: Duration) -> Option<impl Drop + '_> {
        timeout(patience, self.changing.lock()).await.ok()
    }

    /// Whether it is one of the configuration.
    pub(crate) fn is_configured(&self, name: &str) -> bool {
        self.configured.iter().any(|configured| configured == name)
    }

    /// Whether the proxy hears of all channels under this name.
    fn hears_by(&self, name: &str) -> bool {
        self.ears.as_deref() == Some(name)
    }

    fn added(&self, name: &str) -> Option<Added> {
        self.live.borrow().added.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_and_what_streams() {
        let applications = Applications::fixed(&["a".to_owned(), "b".to_owned()]);
        applications.live.send_modify(|live| {
            live.added.insert("calls".to_owned(), Added { dialogs: true });
            live.added.insert("events".to_owned(), Added { dialogs: false });
            live.quiet.insert("b".to_owned());
        });
        assert_eq!(applications.all(), ["a", "b", "calls", "events"]);
        assert_eq!(applications.served(), ["a", "b", "calls"]);
        for (name, serves, streams) in [
            ("a", true, true),
            ("b", true, false),
            ("calls", true, true),
            ("events", false, true),
            ("c", false, false),
        ] {
            assert_eq!((applications.serves(name), applications.streams(name)), (serves, streams), "{name}");
        }
        assert!(!Applications { streaming: false, ..applications }.streams("a"), "there is no stream");
    }
}
