//! Moves of channels to other applications that are under way.
//!
//! Asterisk answers a move before it has done it. That it was done shows as the channel's end in the old application, that
//! it was not as an event of its own. At that time no dialog has the channel any more: the router passes both on to here.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Method;
use serde::Deserialize;
use tokio::{sync::oneshot, time::timeout};

use super::Context;
use crate::{
    asterisk::{event::Header, request::Request},
    limits::{MOVES, SETTLE},
};

/// All moves that somebody waits for.
#[derive(Default)]
pub(super) struct Moves(Mutex<HashMap<Key, Waiter>>);

/// The application that a channel is to leave, and the channel.
type Key = (String, String);

struct Waiter {
    destination: String,
    fate: oneshot::Sender<Fate>,
}

/// What became of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The channel has left the old application.
    Left,
    /// It is where it was: nobody has registered the other one.
    Failed,
}

/// One move that is under way; it is forgotten when this is dropped.
pub(super) struct Moving<'a> {
    moves: &'a Moves,
    key: Key,
    /// None where there was no room: then only Asterisk tells, when it is asked.
    fate: Option<oneshot::Receiver<Fate>>,
}

impl Moves {
    fn table(&self) -> MutexGuard<'_, HashMap<Key, Waiter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Expects the events of a move. Called before it is asked for: they can be here before the answer.
    pub(super) fn expect(&self, application: &str, channel: &str, destination: &str) -> Moving<'_> {
        let key = (application.to_owned(), channel.to_owned());
        let mut table = self.table();
        let room = table.len() < MOVES;
        let fate = match table.entry(key.clone()) {
            Entry::Vacant(vacant) if room => {
                let (sender, fate) = oneshot::channel();
                vacant.insert(Waiter { destination: destination.to_owned(), fate: sender });
                Some(fate)
            }
            _ => None,
        };
        Moving { moves: self, key, fate }
    }

    /// Takes from an event what it says about a move.
    pub(super) fn note(&self, header: &Header<'_>, event: &str) {
        let fate = match &*header.kind {
            "StasisEnd" | "ChannelDestroyed" => Fate::Left,
            "ApplicationMoveFailed" => Fate::Failed,
            _ => return,
        };
        let Some(channel) = header.id_in("channel") else { return };
        let mut table = self.table();
        let Entry::Occupied(waiter) = table.entry((header.application.to_string(), channel.to_owned()))
        else {
            return;
        };
        // Somebody else's may fail as well.
        if fate == Fate::Left || destination(event).is_some_and(|to| to == waiter.get().destination) {
            // Nobody waits any more: nobody wants to know.
            let _ = waiter.remove().fate.send(fate);
        }
    }
}

/// The application to which a channel was not moved.
fn destination(event: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct MoveFailed {
        destination: String,
    }
    serde_json::from_str::<MoveFailed>(event).ok().map(|event| event.destination)
}

impl Moving<'_> {
    /// Waits for an event that tells; `None` if none has come in this time.
    pub(super) async fn fate(&mut self, time: Duration) -> Option<Fate> {
        let told = async {
            match &mut self.fate {
                Some(fate) => fate.await.ok(),
                None => None,
            }
        };
        let told = async {
            match told.await {
                Some(fate) => fate,
                // Nobody will tell.
                None => std::future::pending().await,
            }
        };
        timeout(time, told).await.ok()
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        if self.fate.is_some() {
            self.moves.table().remove(&self.key);
        }
    }
}

/// Where a channel is that was to be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// In the application that it was to leave.
    Old,
    /// In the one that it was to enter.
    New,
    /// In neither.
    Neither,
}

/// Asks Asterisk where a channel is; `None` if that does not say so in time.
pub(super) async fn whereabouts(
    context: &Context,
    old: &str,
    new: &str,
    channel: &str,
) -> Option<Whereabouts> {
    // The new one first: of one that has just left, the old one may still say that it has it.
    if channels_in(context, new).await?.contains(channel) {
        return Some(Whereabouts::New);
    }
    let there = channels_in(context, old).await?.contains(channel);
    Some(if there { Whereabouts::Old } else { Whereabouts::Neither })
}

/// The channels that Asterisk lists for an application: none for one that nobody has registered.
async fn channels_in(context: &Context, application: &str) -> Option<HashSet<String>> {
    #[derive(Deserialize)]
    struct Application {
        channel_ids: HashSet<String>,
    }
    let question = Request::own(Method::GET, &["applications", application]);
    // Asked beyond a stop, too: somebody waits for an end.
    let answer = context.rest.ask(&question, SETTLE, &context.abandon).await?;
    if answer.status == 404 {
        return Some(HashSet::new());
    }
    serde_json::from_slice::<Application>(&answer.body).ok().map(|application| application.channel_ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(30);
    const NOW: Duration = Duration::from_millis(1);

    fn note(moves: &Moves, event: &str) {
        moves.note(&Header::read(event).unwrap(), event);
    }

    #[tokio::test]
    async fn the_end_in_the_old_application_tells_that_it_was_done() {
        for kind in ["StasisEnd", "ChannelDestroyed"] {
            let moves = Moves::default();
            let mut moving = moves.expect("a", "1.1", "b");
            for other in [
                r#"{"type":"StasisEnd","application":"b","channel":{"id":"1.1"}}"#,
                r#"{"type":"StasisEnd","application":"a","channel":{"id":"1.2"}}"#,
                r#"{"type":"StasisStart","application":"a","channel":{"id":"1.1"}}"#,
                r#"{"type":"StasisEnd","application":"a"}"#,
            ] {
                note(&moves, other);
            }
            assert_eq!(moving.fate(NOW).await, None);
            let end = format!(r#"{{"type":"{kind}","application":"a","channel":{{"id":"1.1"}}}}"#);
            note(&moves, &end);
            note(&moves, &end);
            assert_eq!(moving.fate(SOON).await, Some(Fate::Left));
            drop(moving);
            assert!(moves.table().is_empty());
        }
    }

    #[tokio::test]
    async fn only_its_own_failure_tells_that_it_was_not() {
        let moves = Moves::default();
        let mut moving = moves.expect("a", "1.1", "b");
        let failed = |more: &str| {
            format!(r#"{{"type":"ApplicationMoveFailed","application":"a","channel":{{"id":"1.1"}}{more}}}"#)
        };
        for other in ["", r#","destination":"c""#, r#","destination":7"#] {
            note(&moves, &failed(other));
        }
        assert_eq!(moving.fate(NOW).await, None);
        note(&moves, &failed(r#","destination":"b","args":[]"#));
        assert_eq!(moving.fate(SOON).await, Some(Fate::Failed));
    }

    #[tokio::test]
    async fn more_moves_than_there_is_room_for_are_nobodys_loss() {
        let moves = Moves::default();
        let ids: Vec<String> = (0..MOVES).map(|number| number.to_string()).collect();
        let kept: Vec<_> = ids.iter().map(|id| moves.expect("a", id, "b")).collect();
        let mut one_more = moves.expect("a", "1.1", "b");
        let mut known = moves.expect("a", "7", "b");
        assert_eq!((one_more.fate(NOW).await, known.fate(NOW).await), (None, None));
        drop((one_more, known));
        assert_eq!(moves.table().len(), MOVES, "theirs was none of the entries");
        drop(kept);
        assert!(moves.table().is_empty());
    }
}
