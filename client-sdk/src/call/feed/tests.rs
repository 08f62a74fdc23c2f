use futures_util::FutureExt as _;

use super::*;
use crate::limits::{EVENT_BYTES_KEPT, EVENTS_KEPT};

fn feed(numbers: impl IntoIterator<Item = u64>) -> Feed {
    let feed = Feed::default();
    numbers.into_iter().for_each(|seq| feed.push(Event::numbered("X", seq, String::new())));
    feed
}

fn read(feed: &Feed, cursor: &mut Cursor) {
    std::future::poll_fn(|cx| feed.poll_next(cursor, cx)).now_or_never().unwrap();
}

#[test]
fn what_a_stream_has_yet_to_yield_is_not_consumed() {
    let feed = feed(1..=3);
    assert_eq!(feed.consumed(), 0);
    let (mut one, mut other) = (feed.reader(true, true), feed.reader(false, true));
    let mut internal = feed.reader(true, false);
    read(&feed, &mut internal);
    assert_eq!(feed.consumed(), 0);
    read(&feed, &mut one);
    read(&feed, &mut one);
    assert_eq!(feed.consumed(), 2);
    feed.push(Event::numbered("X", 4, String::new()));
    read(&feed, &mut other);
    assert_eq!(feed.consumed(), 2, "the first has not had 3");
    feed.forget(&one);
    assert_eq!(feed.consumed(), 4);
    feed.handed(&Event::numbered("X", 9, String::new()));
    feed.push(Event::numbered("X", 10, String::new()));
    assert_eq!(feed.consumed(), 4, "10 waits to be read");
}

#[test]
fn what_one_watcher_found_is_not_found_by_the_next() {
    let feed = feed(1..=3);
    let seen = |event: &Event| if event.seq() == Some(1) { Seen::Over } else { Seen::Event(event.clone()) };
    let found = |from_start| match &*feed.watch(seen, from_start).1.borrow() {
        Seen::Event(event) => event.seq().unwrap(),
        Seen::Over => 1,
        Seen::Nothing => 0,
    };
    assert_eq!([found(false), found(true), found(true), found(true)], [0, 2, 3, 1]);
}

fn event(seq: u64, bytes: usize) -> Event {
    Event::numbered("X", seq, "x".repeat(bytes))
}

/// How many events of this size find room, from this number on.
fn filled(feed: &Feed, from: u64, bytes: usize) -> u64 {
    (from..).take_while(|seq| feed.offer(&event(*seq, bytes))).count() as u64
}

#[test]
fn what_a_stream_has_yet_to_read_is_not_pushed_out() {
    let feed = feed(1..=3 * EVENTS_KEPT as u64);
    let (mut first, mut other) = (feed.reader(false, true), feed.reader(false, true));
    assert_eq!(filled(&feed, 1, 0), EVENTS_KEPT as u64);
    for _ in 0..EVENTS_KEPT {
        read(&feed, &mut first);
    }
    assert!(feed.is_full() && !feed.offer(&event(9, 0)), "there is another");
    for _ in 0..EVENTS_ROOM {
        assert!(feed.room().now_or_never().is_none(), "not for each single one");
        read(&feed, &mut other);
    }
    assert!(feed.room().now_or_never().is_some() && feed.room().now_or_never().is_none());
    assert_eq!(filled(&feed, 1, 0), EVENTS_ROOM as u64);
    feed.forget(&other);
    assert!(feed.room().now_or_never().is_some() && !feed.is_full());
    feed.forget(&first);
    assert!((1..9_999).all(|seq| feed.offer(&event(seq, 0))), "nobody says that these are ever read");
}

#[test]
fn bytes_count_as_events_do() {
    let feed = feed(1..=1);
    let mut stream = feed.reader(true, true);
    read(&feed, &mut stream);
    // However large it is.
    assert!(feed.offer(&event(2, 2 * EVENT_BYTES_KEPT)) && !feed.offer(&event(3, 0)));
    read(&feed, &mut stream);
    let size = EVENT_BYTES_KEPT / 64;
    assert_eq!(filled(&feed, 3, size), 64);
    assert!(!feed.offer(&event(67, 2 * EVENT_BYTES_KEPT)));
    for _ in 0..64 {
        assert!(feed.is_full(), "a large one needs all of it");
        read(&feed, &mut stream);
    }
    assert!(feed.room().now_or_never().is_some() && feed.offer(&event(67, 2 * EVENT_BYTES_KEPT)));
    assert_eq!(feed.lock().kept.from(0).0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_is_passed_over_until_it_is_read() {
    let feed = feed(0..0);
    let mut stream = feed.reader(true, true);
    filled(&feed, 1, 0);
    for _ in 0..5 {
        tokio::time::advance(ROOM_PATIENCE / 2).await;
        feed.pass_over();
        assert!(feed.is_full() && feed.patience() > Some(Instant::now()));
        read(&feed, &mut stream);
    }
    tokio::time::advance(ROOM_PATIENCE).await;
    feed.pass_over();
    assert!(feed.room().now_or_never().is_some() && feed.patience().is_none());
    assert!((1..9_999).all(|seq| feed.offer(&event(seq, 0))));
    // What was pushed out is told, and from then on it is waited for again.
    read(&feed, &mut stream);
    assert!(!feed.offer(&event(9_999, 0)));
    feed.end(CallEnd::Released);
    assert!(feed.room().now_or_never().is_some() && feed.offer(&event(9_999, 0)));
}

#[test]
fn watchers_see_each_event_once_whether_there_is_room_or_not() {
    let feed = feed(1..=2);
    let look = |numbers: &[u64]| {
        let events: Vec<_> = numbers.iter().map(|seq| event(*seq, 0)).collect();
        feed.look(events.iter());
    };
    let wanted = |wanted| {
        move |event: &Event| {
            if event.seq() == Some(wanted) { Seen::Event(event.clone()) } else { Seen::Nothing }
        }
    };
    let found = |seen: &watch::Receiver<Seen>| matches!(&*seen.borrow(), Seen::Event(_));
    let (_, four) = feed.watch(wanted(4), false);
    look(&[4]);
    assert!(!found(&four), "3 is missing: it may be the end of the channel");
    look(&[3, 4, 5]);
    assert!(found(&four));
    feed.handed(&event(4, 0));
    assert_eq!(feed.consumed(), 2, "what found no room is not acknowledged");
    // A later watcher does not find what was there before it, nor what another has found.
    let (_, late) = feed.watch(wanted(5), false);
    let (_, from_start) = feed.watch(wanted(4), true);
    for seq in 3..=5 {
        feed.push(event(seq, 0));
    }
    assert!(!found(&late) && !found(&from_start));
    assert_eq!(feed.consumed(), 4);
    // One from the start looks at what comes in later.
    look(&[6]);
    let (_, from_start) = feed.watch(wanted(6), true);
    look(&[6]);
    assert!(found(&from_start));
}
