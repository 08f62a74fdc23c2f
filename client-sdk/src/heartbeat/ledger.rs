//! What the heartbeats to one proxy name, and what its replies say of the calls. No I/O.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use ari_bus::protocol::{Confirmed, HeartbeatReply, Held};
use tokio::time::Instant;

use super::strays::Strays;
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
}

struct Entry {
    dialog: Arc<Dialog>,
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
    pub(super) fn confirm(&mut self, id: u64, dialog: &Arc<Dialog>) {
        let entry = Entry { dialog: Arc::clone(dialog), told: None, behind: None };
        self.calls.insert(id, entry);
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
            let seq = entry.dialog.arrived();
            if !whole && entry.told == Some(seq) && !entry.dialog.standing.is_cut_off() {
                continue;
            }
            let root = entry.dialog.root().to_owned();
            let held = Held { root, term: entry.dialog.term(), seq: Some(seq), ..Held::default() };
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

    /// Takes a reply to a heartbeat that named these calls. What was named and is not listed is not this worker's any more.
    /// Returns what it lists and is to be given back.
    pub(super) fn take<'a>(
        &mut self,
        named: &[Held],
        reply: &'a HeartbeatReply,
        now: Instant,
    ) -> Vec<&'a Confirmed> {
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
                    dialog.standing.confirmed();
                    entry.look_for(*sent);
                }
                (None, Some(_)) => dialog.lose(),
                (None, None) => {}
            }
        }
        let known: HashSet<_> =
            self.calls.values().map(|entry| (entry.dialog.root(), entry.dialog.term())).collect();
        let strays =
            reply.dialogs.iter().filter(|listed| !known.contains(&(listed.root.as_str(), listed.term)));
        self.strays.look(strays, now)
    }
}

impl Entry {
    /// The proxy has sent events up to this number. What has not come when it says so again was lost; until then it may
    /// be on its way.
    fn look_for(&mut self, sent: u64) {
        let arrived = self.dialog.arrived();
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
            ledger.confirm(id, dialog);
        }
        (ledger, dialogs)
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
        ledger.take(&pages[0], &reply(&pages[0]), Instant::now());
        assert!(dialogs.iter().all(|dialog| dialog.last_word().is_none()));
        ledger.take(&pages[1], &reply(&[]), Instant::now());
        assert_eq!(dialogs.iter().filter(|dialog| dialog.last_word().is_some()).count(), pages[1].len());
        // What was lost is not named any more, what was listed has nothing new.
        let named: usize = ledger.name(Instant::now(), 1 << 20).iter().map(Vec::len).sum();
        assert_eq!(named, 100 - pages[0].len() - pages[1].len());
        // A message that holds not even one call is tried all the same.
        assert_eq!(ledger.name(Instant::now(), 0).len(), named);
    }

    #[test]
    fn without_news_one_message_names_nothing() {
        let (mut ledger, _dialogs) = ledger(3);
        let pages = ledger.name(Instant::now(), 1 << 20);
        ledger.take(&pages[0], &reply(&pages[0]), Instant::now());
        assert_eq!(ledger.name(Instant::now(), 1 << 20), [Vec::new()]);
        ledger.cut_off();
        assert_eq!(ledger.name(Instant::now(), 1 << 20)[0].len(), 3);
    }
}
