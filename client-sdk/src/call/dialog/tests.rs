use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ari_bus::{memory::MemoryBus, protocol::AttachReply};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::call::{EventStream, Seen};

fn dialog() -> Arc<Dialog> {
    let bus = Arc::new(MemoryBus::new());
    let commands = Commands::new(Version::Two, bus, "c".to_owned(), Duration::from_secs(1));
    let offer = AppStart { dialog_id: "d".to_owned(), term: Some(1), ..AppStart::default() };
    Arc::new(Dialog::new(offer, commands, Ties::default()))
}

fn take(dialog: &Dialog, seq: u64) {
    let event = json!({ "server_id": "s", "timestamp": "", "type": "X", "ari_body": "{}", "seq": seq,
        "term": 1, "dialog_id": "d" });
    dialog.take_event(event.to_string().as_bytes());
}

/// What happens between a proxy that sends again and a handler.
#[derive(Debug, Clone)]
enum Step {
    /// The proxy sends so many, of which every so-manieth is lost.
    Send(u64, u64),
    /// The handler's streams read so many.
    Read(usize, u64),
    /// What is missing is asked for.
    Ask,
    /// The proxy, after an outage, sends all that has not arrived. Nothing of it is lost.
    SendAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..900u64, 2..2_000u64).prop_map(|(most, lost)| Step::Send(most, lost)),
        (0..2usize, 1..900u64).prop_map(|(stream, most)| Step::Read(stream, most)),
        Just(Step::Ask),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Every stream yields every event once and in order, however slowly it is read and whatever is lost; nothing that
    /// it has not read is pushed out; and a watcher finds its event while nobody reads.
    #[test]
    fn slow_readers_lose_nothing(steps in prop::collection::vec(step(), 0..30), watched in 1..5_000u64) {
        const LAST: u64 = 5_000;
        let dialog = dialog();
        dialog.standing.lease().renew(tokio::time::Instant::now(), Duration::from_secs(1));
        let wanted = move |event: &Event| match event.seq() {
            Some(seq) if seq == watched => Seen::Event(event.clone()),
            _ => Seen::Nothing,
        };
        let (_, seen) = dialog.feed.watch(wanted, false);
        let mut streams = [EventStream::new(dialog.clone(), true), EventStream::new(dialog.clone(), true)];
        let (mut read, mut next) = ([0, 0], 1);
        let to_the_end = [Step::Ask, Step::Send(LAST, u64::MAX), Step::Read(0, LAST), Step::Read(1, LAST)];
        let rounds = 2 * LAST as usize / crate::limits::EVENTS_ROOM;
        let to_the_end = to_the_end.iter().cloned().cycle().take(4 * rounds);
        for step in steps.into_iter().chain([Step::SendAll]).chain(to_the_end) {
            match step {
                Step::Send(most, lost) => for _ in 0..most.min(LAST + 1 - next) {
                    if next % lost != 0 {
                        take(&dialog, next);
                    }
                    next += 1;
                },
                Step::Read(stream, most) => for _ in 0..most {
                    match futures_util::FutureExt::now_or_never(streams[stream].next()).flatten() {
                        Some(event) => read[stream] += u64::from(event.seq() == Some(read[stream] + 1)),
                        None => break,
                    }
                },
                Step::SendAll => {
                    (dialog.arrived() + 1..=LAST).for_each(|seq| take(&dialog, seq));
                    next = LAST + 1;
                    prop_assert!(matches!(&*seen.borrow(), Seen::Event(_)));
                }
                Step::Ask => {
                    dialog.go_on();
                    if let Some(missing) = dialog.missing() {
                        next = missing;
                    }
                }
            }
            let arrived = dialog.arrived();
            prop_assert!(read.iter().all(|read| arrived - read <= crate::limits::EVENTS_KEPT as u64));
        }
        prop_assert_eq!((read, dialog.arrived(), dialog.missing()), ([LAST, LAST], LAST, None));
    }
}

fn take_in(dialog: &Dialog, term: u64, seq: u64) {
    let event = json!({ "server_id": "s", "timestamp": "", "type": "X", "ari_body": json!({ "term": term }).to_string(),
        "seq": seq, "term": term, "dialog_id": if term == 1 { "d" } else { "other" } });
    dialog.take_event(event.to_string().as_bytes());
}

proptest! {
    /// However often the proxy is replaced, and whatever is lost, comes early, or finds no room at first: a reader sees all that
    /// came, one term after the other, in each numbers that only grow, and gaps that say exactly what is missing between them.
    #[test]
    fn terms_follow_each_other(
        terms in prop::collection::vec((prop::collection::vec(1u64..20, 0..30), 0usize..30), 1..4),
        full in any::<bool>(),
    ) {
        let dialog = dialog();
        if full {
            dialog.standing.lease().renew(tokio::time::Instant::now(), Duration::from_secs(1));
        }
        let mut events = EventStream::new(dialog.clone(), true);
        let before = if full { crate::limits::EVENTS_KEPT as u64 - 15 } else { 0 };
        (1..=before).for_each(|seq| take_in(&dialog, 1, seq));
        let mut came: BTreeSet<_> = (1..=before).map(|seq| (1, seq)).collect();
        for (term, (seqs, early)) in (1u64..).zip(&terms) {
            let offset = if term == 1 { before } else { 0 };
            came.extend(seqs.iter().map(|seq| (term, offset + seq)));
            let mut seqs = seqs.iter().map(|seq| offset + seq);
            if term > 1 {
                dialog.leave();
                seqs.by_ref().take(*early).for_each(|seq| take_in(&dialog, term, seq));
                prop_assert_eq!(dialog.attach("u", "w", "e", "r").term, Some(term - 1));
                dialog.attached(&AttachReply { term, commands: format!("c.{term}") }).unwrap();
                take_in(&dialog, term - 1, 77);
            }
            seqs.for_each(|seq| take_in(&dialog, term, seq));
        }
        let (mut last, mut gap, mut seen) = ((1, 0), None, BTreeSet::new());
        loop {
            while let Some(event) = futures_util::FutureExt::now_or_never(events.next()).flatten() {
                let number = |name: &str| event.json()[name].as_u64().unwrap();
                let Some(seq) = event.seq() else {
                    prop_assert_eq!(gap.replace((number("from"), number("to"))), None);
                    continue;
                };
                let term = number("term");
                let expected = if term == last.0 { last.1 + 1 } else { 1 };
                let (from, to) = gap.take().unwrap_or((expected, expected - 1));
                prop_assert_eq!((term >= last.0, from, to + 1), (true, expected, seq));
                last = (term, seq);
                seen.insert(last);
            }
            let arrived = dialog.arrived();
            dialog.go_on();
            dialog.give_up_missing();
            if dialog.arrived() == arrived {
                break;
            }
        }
        prop_assert_eq!((seen, gap, dialog.term()), (came, None, terms.len() as u64));
    }
}

proptest! {
    #[test]
    fn no_bytes_can_panic_it(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..9)) {
        let dialog = dialog();
        for payload in payloads {
            dialog.take_event(&payload);
            dialog.take_answer(&payload);
        }
    }

    /// Whatever order and repetition the bus makes of the events, a reader sees numbers that only grow, and gaps
    /// that say exactly what is missing between them.
    #[test]
    fn numbers_grow_and_gaps_are_exact(numbers in prop::collection::vec(0u64..40, 0..80), term in 1u64..3) {
        let dialog = dialog();
        // Watchers judge every event on the way.
        let _seen = dialog.feed.watch(|event| Seen::Event(event.clone()), false);
        for seq in &numbers {
            let event = json!({ "server_id": "s", "timestamp": "", "type": "X", "ari_body": "{}", "seq": seq,
                "term": term, "dialog_id": "d" });
            dialog.take_event(event.to_string().as_bytes());
        }
        dialog.give_up_missing();
        dialog.feed.end(CallEnd::Ended);
        let mut events = EventStream::new(dialog, true);
        let mut last = 0;
        while let Some(event) = futures_util::FutureExt::now_or_never(events.next()).flatten() {
            let number = |name: &str| event.json()[name].as_u64();
            match event.seq() {
                Some(seq) => {
                    prop_assert_eq!(seq, last + 1);
                    last = seq;
                }
                None => {
                    prop_assert_eq!(number("from"), Some(last + 1));
                    last = number("to").unwrap();
                }
            }
        }
        let seen = numbers.iter().max().copied().unwrap_or(0);
        prop_assert_eq!(last, if term == 1 { seen } else { 0 });
    }
}
