//! What the heartbeats to one proxy name, and what its replies say of the calls. No I/O.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use ari_bus::protocol::{Confirmed, HeartbeatReply, Held};
use tokio::time::Instant;
use tracing::warn;

use super::{
    attach::{Errand, Move, Outcome},
    strays::Strays,
};
use crate::{call::Dialog, limits::HEARTBEAT_WHOLE};

/// The calls of one proxy.
#[derive(Default)]
pub(super) struct Ledger {
    next_id: u64,
    seats: HashSet<u64>,
    calls: BTreeMap<u64, Entry>,
    /// When heartbeats named every call.
    whole: Option<Instant>,
    strays: Strays,
    /// The newest proxy process that is known, and when the heartbeat was sent to which it replied last.
    newest: Option<(String, Instant)>,
}

/// Where the messages for a call go.
#[derive(Clone, Default)]
pub(super) struct Ways {
    pub(super) events: String,
    pub(super) responses: String,
}

/// A reply, with what it replies to.
pub(super) struct Heard<'a> {
    pub(super) named: &'a [Held],
    pub(super) sent: Instant,
    pub(super) reply: &'a HeartbeatReply,
    /// What the topics to the process begin with that replies.
    pub(super) inbox: &'a str,
}

struct Entry {
    dialog: Arc<Dialog>,
    ways: Ways,
    /// Since when the call is in its present term. What was sent before says nothing of where it is.
    since: Instant,
    /// While it is brought to another proxy process.
    moving: Option<Move>,
    /// The last number that the proxy is known to know; `None` until a reply has come.
    told: Option<u64>,
    /// How much had arrived when a reply first told of more.
    behind: Option<u64>,
}

impl Ledger {
    /// Takes a seat for a call that may become this worker's.
    pub(super) fn sit_down(&mut self) -> u64 {
        self.next_id += 1;
        self.seats.insert(self.next_id);
        self.next_id
    }

    /// The call is this worker's.
    pub(super) fn confirm(&mut self, id: u64, dialog: &Arc<Dialog>, ways: Ways) {
        let (dialog, since) = (Arc::clone(dialog), Instant::now());
        self.calls.insert(id, Entry { dialog, ways, since, moving: None, told: None, behind: None });
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.seats.remove(&id);
        self.calls.remove(&id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The lease has ended: every call is cut off.
    pub(super) fn cut_off(&self) {
        self.calls.values().for_each(|entry| entry.dialog.standing.cut_off());
    }

    /// The proxy has gone for good, and the calls with it.
    pub(super) fn lose(&self) {
        self.calls.values().for_each(|entry| entry.dialog.lose());
    }

    /// What is to be named now, in as many lists as messages of `room` bytes need; one at least, which may be empty.
    pub(super) fn name(&mut self, now: Instant, room: usize) -> Vec<Vec<Held>> {
        let whole = self.whole.is_none_or(|whole| now - whole >= HEARTBEAT_WHOLE);
        if whole {
            self.whole = Some(now);
        }
        let mut pages = vec![Vec::new()];
        let mut left = room;
        for entry in self.calls.values().filter(|entry| entry.dialog.last_word().is_none()) {
            let term = entry.dialog.terms.now();
            let seq = term.seq(entry.dialog.arrived());
            if !whole && entry.told == Some(seq) && !entry.dialog.standing.is_cut_off() {
                continue;
            }
            let root = entry.dialog.root().to_owned();
            let held = Held { root, term: term.number, seq: Some(seq), ..Held::default() };
            // With a comma.
            let size = serde_json::to_string(&held).unwrap_or_default().len() + 1;
            if size > left && pages.last().is_some_and(|page| !page.is_empty()) {
                pages.push(Vec::new());
                left = room;
            }
            left = left.saturating_sub(size);
            if let Some(page) = pages.last_mut() {
                page.push(held);
            }
        }
        pages
    }

    /// Takes a reply to a heartbeat that named these calls. What was named and is not listed is not this worker's any more; but
    /// what belongs to another process than the one that replies is brought to that. Returns what it lists and is to be given
    /// back.
    pub(super) fn take<'a>(&mut self, heard: &Heard<'a>, now: Instant) -> Vec<&'a Confirmed> {
        let Heard { named, reply, .. } = heard;
        if !self.is_newest(&reply.incarnation, heard.sent) {
            return Vec::new();
        }
        let named: HashMap<_, _> =
            named.iter().map(|held| ((held.root.as_str(), held.term), held.seq)).collect();
        let listed: HashMap<_, _> =
            reply.dialogs.iter().map(|listed| ((listed.root.as_str(), listed.term), listed.seq)).collect();
        for entry in self.calls.values_mut() {
            let dialog = Arc::clone(&entry.dialog);
            let key = (dialog.root(), dialog.term());
            match (listed.get(&key), named.get(&key)) {
                (Some(sent), told) => {
                    entry.told = told.copied().unwrap_or(entry.told);
                    if entry.moving.take().is_some() {
                        dialog.terms.stay();
                    }
                    dialog.standing.confirmed();
                    entry.look_for(*sent);
                }
                (None, _) if entry.is_elsewhere(heard) => entry.go_to(heard),
                (None, Some(_)) => dialog.lose(),
                (None, None) => {}
            }
        }
        let known: HashSet<_> =
            self.calls.values().map(|entry| (entry.dialog.root(), entry.dialog.term())).collect();
        // It may have taken these already, and the answer be on its way.
        let moving = self.calls.values().filter(|entry| entry.moving.is_some());
        let moving: HashSet<_> = moving.map(|entry| entry.dialog.root()).collect();
        let strays = reply.dialogs.iter().filter(|listed| {
            !known.contains(&(listed.root.as_str(), listed.term)) && !moving.contains(listed.root.as_str())
        });
        self.strays.look(strays, now)
    }

    /// The next call to be brought to the proxy process that is there now.
    pub(super) fn errand(&mut self, worker_id: &str) -> Option<Errand> {
        self.calls.iter_mut().find_map(|(seat, entry)| {
            let unique_id = entry.moving.as_mut()?.begin()?;
            if !entry.dialog.is_to_go_on() {
                entry.dialog.lose();
                return None;
            }
            let attach = entry.dialog.attach(unique_id, worker_id, &entry.ways.events, &entry.ways.responses);
            Some(Errand { seat: *seat, dialog: Arc::clone(&entry.dialog), attach })
        })
    }

    /// Takes what came of it.
    pub(super) fn done(&mut self, outcome: &Outcome, now: Instant) {
        let Some(entry) = self.calls.get_mut(&outcome.seat) else { return };
        let Some(moving) = &mut entry.moving else { return };
        if moving.take(outcome, &entry.dialog) {
            (entry.moving, entry.since) = (None, now);
            // The new process knows nothing of what the other was told.
            (entry.told, entry.behind) = (None, None);
        }
    }

    /// Whether a reply is of the newest process; one that comes late, of a process that has gone, says nothing of now.
    fn is_newest(&mut self, incarnation: &str, sent: Instant) -> bool {
        match &mut self.newest {
            Some((newest, last)) if newest == incarnation => *last = sent.max(*last),
            Some((_, last)) if sent < *last => return false,
            newest => *newest = Some((incarnation.to_owned(), sent)),
        }
        true
    }
}

impl Entry {
    /// Whether the call belongs to another process than the one that replies.
    fn is_elsewhere(&self, heard: &Heard<'_>) -> bool {
        self.dialog.last_word().is_none() && !self.dialog.terms.now().commands.starts_with(heard.inbox)
    }

    /// The process that replies is there in place of the call's own.
    fn go_to(&mut self, heard: &Heard<'_>) {
        if heard.sent < self.since {
            return;
        }
        match &mut self.moving {
            Some(moving) if moving.is_to(&heard.reply.incarnation) => {
                if !moving.again() {
                    warn!(
                        root = self.dialog.root(),
                        "a proxy that was restarted never takes a call: it is lost"
                    );
                    self.dialog.lose();
                }
            }
            _ if self.dialog.is_to_go_on() => {
                self.dialog.leave();
                self.moving = Some(Move::to(&heard.reply.incarnation));
            }
            _ => self.dialog.lose(),
        }
    }

    /// The proxy has sent events up to this number. What has not come when it says so again was lost; until then it may
    /// be on its way.
    fn look_for(&mut self, sent: u64) {
        let arrived = self.dialog.arrived();
        let Some(sent) = self.dialog.terms.now().position(sent) else { return };
        if sent <= arrived {
            self.behind = None;
        } else if self.behind.replace(arrived) == Some(arrived) {
            self.dialog.expect_events(sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ari_bus::{memory::MemoryBus, protocol::AppStart};

    use super::*;
    use crate::call::{Commands, Ties, Version};

    fn dialog(root: String) -> Arc<Dialog> {
        let bus = Arc::new(MemoryBus::new());
        let commands = Commands::new(Version::Two, bus, "c".to_owned(), Duration::from_secs(1));
        let offer = AppStart { dialog_id: root, term: Some(1), ..AppStart::default() };
        Arc::new(Dialog::new(offer, commands, Ties::default()))
    }

    fn ledger(calls: usize) -> (Ledger, Vec<Arc<Dialog>>) {
        let mut ledger = Ledger::default();
        let dialogs: Vec<_> = (0..calls).map(|n| dialog(format!("call-{n}"))).collect();
        for dialog in &dialogs {
            let id = ledger.sit_down();
            ledger.confirm(id, dialog, Ways::default());
        }
        (ledger, dialogs)
    }

    /// Has the ledger take a reply of the process that has the calls.
    fn take(ledger: &mut Ledger, named: &[Held], reply: &HeartbeatReply) {
        ledger.take(&Heard { named, sent: Instant::now(), reply, inbox: "c" }, Instant::now());
    }

    fn reply(held: &[Held]) -> HeartbeatReply {
        let confirm =
            |held: &Held| Confirmed { root: held.root.clone(), term: held.term, ..Confirmed::default() };
        HeartbeatReply { dialogs: held.iter().map(confirm).collect(), ..HeartbeatReply::default() }
    }

    #[test]
    fn what_does_not_fit_into_one_message_goes_into_several() {
        let (mut ledger, dialogs) = ledger(100);
        let pages = ledger.name(Instant::now(), 200);
        assert!(pages.len() > 10);
        assert!(pages.iter().all(|page| serde_json::to_string(page).unwrap().len() <= 201));
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 100);
        // Each reply speaks of its own page alone.
        take(&mut ledger, &pages[0], &reply(&pages[0]));
        assert!(dialogs.iter().all(|dialog| dialog.last_word().is_none()));
        take(&mut ledger, &pages[1], &reply(&[]));
        assert_eq!(dialogs.iter().filter(|dialog| dialog.last_word().is_some()).count(), pages[1].len());
        // What was lost is not named any more, what was listed has nothing new.
        let named: usize = ledger.name(Instant::now(), 1 << 20).iter().map(Vec::len).sum();
        assert_eq!(named, 100 - pages[0].len() - pages[1].len());
        // A message that holds not even one call is tried all the same.
        assert_eq!(ledger.name(Instant::now(), 0).len(), named);
    }

    #[test]
    fn what_belongs_to_another_process_is_brought_to_the_one_that_replies() {
        let (mut ledger, dialogs) = ledger(3);
        let reply = |incarnation: &str| HeartbeatReply { incarnation: incarnation.to_owned(), ..reply(&[]) };
        let now = Instant::now();
        let hear = |ledger: &mut Ledger, incarnation: &str, sent: Instant| {
            let heard =
                Heard { named: &[], sent, reply: &reply(incarnation), inbox: &format!("{incarnation}.") };
            ledger.take(&heard, now);
        };
        // Said before the calls were here, it may come from before their process.
        if let Some(before) = now.checked_sub(Duration::from_secs(9)) {
            hear(&mut ledger, "old", before);
            assert!(ledger.errand("w").is_none());
        }
        dialogs[0].lose();
        dialogs[1].feed.end(crate::CallEnd::Released);
        hear(&mut ledger, "new", now);
        let errand = ledger.errand("w").unwrap();
        assert_eq!((errand.attach.root.as_str(), errand.attach.term), ("call-2", Some(1)));
        assert!(dialogs[1].last_word().is_some(), "nobody wants it any more");
        assert!(ledger.errand("w").is_none(), "it is awaited");
        hear(&mut ledger, "new", now);
        assert!(ledger.errand("w").is_none());
        // The next process is another errand.
        hear(&mut ledger, "newer", now);
        assert_ne!(ledger.errand("w").unwrap().attach.unique_id, errand.attach.unique_id);
    }

    #[test]
    fn without_news_one_message_names_nothing() {
        let (mut ledger, _dialogs) = ledger(3);
        let pages = ledger.name(Instant::now(), 1 << 20);
        take(&mut ledger, &pages[0], &reply(&pages[0]));
        assert_eq!(ledger.name(Instant::now(), 1 << 20), [Vec::new()]);
        ledger.cut_off();
        assert_eq!(ledger.name(Instant::now(), 1 << 20)[0].len(), 3);
    }
}
