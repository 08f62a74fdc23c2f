//! Delivery over a bus that loses, and to workers that come and go.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::limits::KEPT_EVENTS;

fn event(number: u64) -> KeptEvent {
    KeptEvent::new("X", number.to_string().into())
}

fn delivery(events: u64) -> Delivery {
    let delivery = Delivery::new(Budget::default());
    for number in 1..=events {
        assert_eq!(delivery.push(event(number)), Some(0));
    }
    delivery
}

/// The numbers and bodies of everything that is to be sent now.
fn send(delivery: &Delivery) -> Vec<(u64, String)> {
    let mut sent = Vec::new();
    loop {
        let batch = delivery.next(2);
        if batch.events.is_empty() {
            return sent;
        }
        delivery.sent(&batch);
        sent.extend(batch.events.into_iter().map(|(seq, event)| (seq, event.body.as_str().to_owned())));
    }
}

fn numbered(first: u64, bodies: std::ops::RangeInclusive<u64>) -> Vec<(u64, String)> {
    (first..).zip(bodies.map(|number| number.to_string())).collect()
}

#[test]
fn the_next_owner_gets_what_was_not_acknowledged_numbered_from_one() {
    let delivery = delivery(5);
    delivery.begin(1, false, Some(&"start".into()));
    assert_eq!(send(&delivery), numbered(1, 1..=5));
    assert_eq!(delivery.acknowledge(1, 2), Ok(()));
    assert_eq!(delivery.acknowledge(2, 3), Err(NotSent), "another term");
    assert_eq!(delivery.acknowledge(1, 6), Err(NotSent), "not sent yet");
    assert_eq!(delivery.acknowledge(1, u64::MAX), Err(NotSent));
    delivery.begin(7, false, Some(&"start".into()));
    assert_eq!(delivery.last(), (0, false));
    assert_eq!(send(&delivery), numbered(1, 3..=5));
    assert_eq!(delivery.last(), (3, false));
    assert_eq!(delivery.acknowledge(7, 3), Ok(()));
    delivery.begin(8, false, Some(&"start".into()));
    assert_eq!(send(&delivery), []);
}

#[test]
fn what_is_wanted_comes_again_and_what_was_acknowledged_does_not() {
    let delivery = delivery(6);
    delivery.begin(1, false, Some(&"start".into()));
    send(&delivery);
    delivery.acknowledge(1, 2).unwrap();
    assert_eq!(delivery.resend(1, 5), Ok(()));
    assert_eq!(send(&delivery), numbered(5, 5..=6));
    assert_eq!(delivery.resend(1, 1), Ok(()));
    assert_eq!(send(&delivery), numbered(3, 3..=6));
    assert_eq!(delivery.resend(1, 9), Err(NotSent));
    assert_eq!(delivery.resend(1, 7), Ok(()), "nothing yet, and then whatever comes");
    delivery.arrived(1, 4).unwrap();
    delivery.again_some();
    assert_eq!(send(&delivery), numbered(5, 5..=6));
    delivery.settle_all();
    delivery.again_all();
    assert_eq!(send(&delivery), []);
}

#[test]
fn a_worker_that_never_says_what_it_has_gets_the_last_events_again() {
    let delivery = delivery(2 * RESEND_TAIL);
    delivery.begin(1, false, Some(&"start".into()));
    send(&delivery);
    delivery.again_some();
    assert_eq!(send(&delivery), numbered(RESEND_TAIL + 1, RESEND_TAIL + 1..=2 * RESEND_TAIL));
    let now = OffsetDateTime::now_utc();
    delivery.again(now + time::Duration::HOUR);
    assert_eq!(send(&delivery), [], "it was sent long before the outage");
    delivery.again(now - time::Duration::HOUR);
    assert_eq!(send(&delivery).len() as u64, 2 * RESEND_TAIL);
}

#[test]
fn what_had_to_be_dropped_is_told_in_its_place() {
    let most = KEPT_EVENTS as u64;
    let delivery = delivery(most);
    delivery.begin(1, false, Some(&"start".into()));
    let first: Vec<_> = delivery.next(3).events.into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(first, [1, 2, 3]);
    // Five are dropped, three of which were sent.
    let lost: u64 = (1..=5).map(|number| delivery.push(event(most + number)).unwrap()).sum();
    assert_eq!(lost, 2);
    let batch = delivery.next(2);
    let (seq, gap) = &batch.events[0];
    let body: serde_json::Value = serde_json::from_str(&gap.body).unwrap();
    assert_eq!((*seq, &*gap.kind, &body["from"], &body["to"]), (5, GAP, &4.into(), &5.into()));
    assert_eq!((batch.events[1].0, batch.events[1].1.body.as_str()), (6, "6"));
    // The next owner knows nothing of those that the last one had, the StasisStart among them.
    delivery.begin(2, false, Some(&"start".into()));
    let batch = delivery.next(2);
    let kinds: Vec<_> = batch.events.iter().map(|(seq, event)| (*seq, &*event.kind)).collect();
    assert_eq!(kinds, [(1, START), (2, GAP), (3, "X"), (4, "X")]);
    assert_eq!(batch.events[2].1.body.as_str(), "6");
    // What is acknowledged is no news to anybody.
    delivery.acknowledge(2, 1).unwrap();
    delivery.begin(3, false, Some(&"start".into()));
    assert_eq!(delivery.next(1).events[0].1.kind, GAP.into());
    delivery.acknowledge(3, 1).unwrap();
    delivery.begin(3, false, Some(&"start".into()));
    assert_eq!(delivery.next(1).events[0].1.body.as_str(), "6");
}

#[test]
fn version_1_gets_its_start_and_nothing_twice() {
    let delivery = Delivery::new(Budget::default());
    delivery.push(KeptEvent::new(START, "start".into()));
    delivery.push(event(1));
    delivery.begin(1, true, Some(&"start".into()));
    assert_eq!(send(&delivery), [(1, "start".into()), (2, "1".into())]);
    // The next one begins with it too, and not with that of a channel which was called meanwhile.
    delivery.push(KeptEvent::new(START, "callee".into()));
    delivery.begin(2, true, Some(&"start".into()));
    assert_eq!(send(&delivery), [(1, "start".into()), (2, "callee".into())]);
    delivery.push(event(3));
    delivery.begin(3, false, Some(&"start".into()));
    assert_eq!(send(&delivery), [(1, "3".into())]);
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    /// Sends up to so many; true for what arrives.
    Send(usize, Vec<bool>),
    Fail,
    Acknowledge,
    Report,
    Ask,
    Time,
    Outage,
    /// The next owner.
    Next,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Push),
        4 => (1usize..6, prop::collection::vec(any::<bool>(), 6)).prop_map(|(most, arrive)| Step::Send(most, arrive)),
        1 => Just(Step::Fail),
        1 => Just(Step::Acknowledge),
        1 => Just(Step::Report),
        1 => Just(Step::Ask),
        1 => Just(Step::Time),
        1 => Just(Step::Outage),
        1 => Just(Step::Next),
    ]
}

proptest! {
    /// Whatever is lost on the way: who asks for what is missing gets everything, in order, and what an earlier owner has
    /// acknowledged never comes again.
    #[test]
    fn everything_arrives_in_order(steps in prop::collection::vec(step(), 0..120)) {
        let delivery = Delivery::new(Budget::default());
        let (mut pushed, mut term) = (0, 1);
        // What this owner has, in its order; and what its predecessors have acknowledged.
        let (mut had, mut done): (BTreeMap<u64, u64>, u64) = (BTreeMap::new(), 0);
        delivery.begin(term, false, Some(&"start".into()));
        let receive = |delivery: &Delivery, had: &mut BTreeMap<u64, u64>, most, arrive: &[bool]| {
            let batch = delivery.next(most);
            delivery.sent(&batch);
            for ((seq, event), arrives) in batch.events.iter().zip(arrive.iter().chain(std::iter::repeat(&true))) {
                if *arrives && had.len() as u64 + 1 == *seq {
                    had.insert(*seq, event.body.parse().unwrap());
                }
            }
            batch.events.len()
        };
        for step in steps {
            match step {
                Step::Push => {
                    pushed += 1;
                    delivery.push(event(pushed));
                }
                Step::Send(most, arrive) => {
                    receive(&delivery, &mut had, most, &arrive);
                }
                Step::Fail => delivery.not_sent(&delivery.next(3)),
                Step::Acknowledge => prop_assert_eq!(delivery.acknowledge(term, had.len() as u64), Ok(())),
                Step::Report => prop_assert_eq!(delivery.arrived(term, had.len() as u64), Ok(())),
                Step::Ask => prop_assert_eq!(delivery.resend(term, had.len() as u64 + 1), Ok(())),
                Step::Time => delivery.again_some(),
                Step::Outage => delivery.again(OffsetDateTime::UNIX_EPOCH),
                Step::Next => {
                    // It has acknowledged half of what it had.
                    let half = had.len() as u64 / 2;
                    delivery.acknowledge(term, half).unwrap();
                    done = done.max(had.get(&half).copied().unwrap_or_default());
                    prop_assert_eq!(had.values().copied().collect::<Vec<_>>(),
                        (had.values().next().copied().unwrap_or(1)..).take(had.len()).collect::<Vec<_>>());
                    had.clear();
                    term += 1;
                    delivery.begin(term, false, Some(&"start".into()));
                }
            }
            prop_assert!(had.values().all(|number| *number > done));
        }
        // Now nothing is lost any more.
        delivery.resend(term, had.len() as u64 + 1).unwrap();
        while receive(&delivery, &mut had, 7, &[]) > 0 {}
        if let Some(last) = had.values().next_back() {
            prop_assert_eq!(*last, pushed);
        }
        prop_assert_eq!(had.values().copied().collect::<Vec<_>>(),
            (had.values().next().copied().unwrap_or(1)..).take(had.len()).collect::<Vec<_>>());
    }
}
