//! Which events came, from where, and whether each could be read as its type.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Mutex,
};

use ari_client::ari::Event;
use ari_tests::wait::{ok, soon};
use serde_json::Value;
use tokio::sync::Notify;

use super::unheard::NOT_TO_BE_HAD;

/// The fewest types that a real Asterisk must show.
const LEAST: usize = 36;

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The stream of a call, through proxy and bus.
    Call,
    /// A websocket of the test's own: what belongs to no call of the worker.
    Websocket,
}

/// All events that came.
#[derive(Default)]
pub(crate) struct Heard {
    events: Mutex<Vec<(Source, Event)>>,
    more: Notify,
    /// Those that do not fit their types.
    misfits: Mutex<Vec<String>>,
}

impl Heard {
    pub(crate) fn note(&self, source: Source, kind: &str, body: &str) {
        let event = Event::read(kind, body);
        let json: Value = ok(serde_json::from_str(body));
        if matches!(event, Event::Other(_)) || ok(serde_json::to_value(&event)) != json {
            ok(self.misfits.lock()).push(format!("{event:?}: {body}"));
        }
        ok(self.events.lock()).push((source, event));
        self.more.notify_waiters();
    }

    /// Waits for an event that this finds something in. It may have come already.
    pub(crate) async fn find<T>(&self, what: &str, look: impl Fn(&Event) -> Option<T>) -> T {
        soon(what, async {
            loop {
                let more = self.more.notified();
                if let Some(found) = ok(self.events.lock()).iter().find_map(|(_, event)| look(event)) {
                    return found;
                }
                more.await;
            }
        })
        .await
    }

    /// Waits until each type has come that can.
    pub(crate) async fn all_came(&self) {
        for kind in Event::KINDS.iter().filter(|kind| why_not(kind).is_none()) {
            self.find(kind, |event| (event.kind() == *kind).then_some(())).await;
        }
    }

    fn sources(&self) -> BTreeMap<String, BTreeSet<Source>> {
        let mut sources: BTreeMap<String, BTreeSet<Source>> = BTreeMap::new();
        for (source, event) in ok(self.events.lock()).iter() {
            sources.entry(event.kind().to_owned()).or_default().insert(*source);
        }
        sources
    }

    /// Each event fits its type, none came that should not, and enough did.
    pub(crate) fn check(&self) {
        let misfits = ok(self.misfits.lock());
        assert!(misfits.is_empty(), "{misfits:#?}");
        let sources = self.sources();
        assert!(sources.len() >= LEAST, "{}", sources.len());
        let unforeseen: Vec<_> = sources.keys().filter(|kind| why_not(kind).is_some()).collect();
        assert!(unforeseen.is_empty(), "{unforeseen:?} came");
    }
}

/// Why a type of event does not come.
fn why_not(kind: &str) -> Option<&'static str> {
    NOT_TO_BE_HAD.iter().find(|(excused, _)| *excused == kind).map(|(_, why)| *why)
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = self.sources();
        writeln!(f, "{} of {} types of events came, and were read:", sources.len(), Event::KINDS.len())?;
        for kind in Event::KINDS {
            let whence = match sources.get(*kind) {
                Some(sources) if sources.contains(&Source::Call) => "in a call, through proxy and bus",
                Some(_) => "on a websocket beside the proxy",
                None => why_not(kind).unwrap_or("did not come"),
            };
            writeln!(f, "  {kind:<25} {whence}")?;
        }
        Ok(())
    }
}
