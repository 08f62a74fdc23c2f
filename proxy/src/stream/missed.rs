//! What of one origin nobody heard, so that it can be told as soon as somebody hears again.

use std::{
    mem::replace,
    sync::{Arc, OnceLock},
};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{Origin, Stream};

/// Who heard Asterisk before this process.
#[derive(Debug)]
pub(crate) enum Before {
    /// Nobody, as far as is known.
    Nobody,
    /// A process that hands over to this one.
    Predecessor(Arc<Predecessor>),
}

/// A process that hands over to this one, and hears Asterisk until it leaves.
#[derive(Debug, Default)]
pub(crate) struct Predecessor {
    left: OnceLock<OffsetDateTime>,
    succeeded: CancellationToken,
}

impl Predecessor {
    /// It hears nothing after this moment.
    pub(crate) fn leaves(&self, when: OffsetDateTime) {
        let _ = self.left.set(when);
    }

    /// Waits until this process hears as well.
    pub(crate) async fn succeeded(&self) {
        self.succeeded.cancelled().await;
    }
}

/// What of one origin nobody heard.
#[derive(Debug)]
pub(super) struct Missed<'a> {
    stream: &'a Stream,
    origin: Origin,
    since: Since,
}

/// Since when.
#[derive(Debug)]
enum Since {
    /// It is heard.
    Heard,
    Lost(OffsetDateTime),
    /// Since another process may have left, or since before any.
    Before(Before),
}

impl<'a> Missed<'a> {
    /// Of a process that has heard nothing so far.
    pub(super) fn new(stream: &'a Stream, origin: Origin, before: Before) -> Self {
        Self { stream, origin, since: Since::Before(before) }
    }

    /// Asterisk is heard from now on: what went by is told.
    pub(super) fn ends(&mut self) {
        let since = match replace(&mut self.since, Since::Heard) {
            Since::Heard => return,
            Since::Lost(since) => Some(since),
            Since::Before(Before::Nobody) => None,
            Since::Before(Before::Predecessor(other)) => {
                other.succeeded.cancel();
                match other.left.get() {
                    Some(left) if *left < OffsetDateTime::now_utc() => Some(*left),
                    // It hears as well.
                    _ => return,
                }
            }
        };
        self.stream.missed(self.origin, "", since);
    }

    /// Another process takes over, and says itself what nobody hears from `when` on: what went by before that is told.
    pub(super) fn left_to_another(&mut self, when: OffsetDateTime) {
        if let Since::Lost(since) = self.since
            && since < when
        {
            self.ends();
        }
    }

    /// Asterisk is not heard any more.
    pub(super) fn begins(&mut self) {
        if matches!(self.since, Since::Heard) {
            self.since = Since::Lost(OffsetDateTime::now_utc());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{
        super::tests::{Broker, data, finish, stream},
        *,
    };

    /// Hears, and does not, and hears again; returns whether each time it was told that something is missing, with a time or without.
    async fn told(before: Before) -> Vec<bool> {
        let broker = Broker::new("poison", &[]);
        let stream = stream(&broker, json!({}));
        let mut missed = Missed::new(&stream, Origin::Ami, before);
        missed.begins();
        missed.ends();
        missed.ends();
        missed.begins();
        missed.begins();
        missed.ends();
        finish(stream.start()).await;
        broker.taken().iter().map(|record| data(record).get("since").is_some()).collect()
    }

    #[tokio::test]
    async fn what_nobody_heard_is_told_once() {
        assert_eq!(told(Before::Nobody).await, [false, true]);
    }

    #[tokio::test]
    async fn who_takes_over_is_not_left_to_tell_what_went_by_before() {
        let broker = Broker::new("poison", &[]);
        let stream = stream(&broker, json!({}));
        let now = OffsetDateTime::now_utc();
        // It was heard all the time.
        Missed::new(&stream, Origin::Channel, Before::Nobody).left_to_another(now);
        for when in [now - Duration::from_secs(60), now + Duration::from_secs(60)] {
            let other = Before::Predecessor(Arc::default());
            let mut missed = Missed::new(&stream, Origin::Channel, other);
            missed.ends();
            missed.begins();
            missed.left_to_another(when);
        }
        finish(stream.start()).await;
        assert_eq!(broker.taken().len(), 1);
    }

    #[tokio::test]
    async fn what_another_process_heard_is_not_missing_until_it_has_left() {
        let other = Arc::new(Predecessor::default());
        assert_eq!(told(Before::Predecessor(Arc::clone(&other))).await, [true]);
        other.succeeded().await;
        for (left, missing) in [(Duration::from_secs(60), vec![true]), (Duration::ZERO, vec![true, true])] {
            let other = Predecessor::default();
            other.leaves(OffsetDateTime::now_utc() + left);
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(told(Before::Predecessor(Arc::new(other))).await, missing);
        }
    }
}
