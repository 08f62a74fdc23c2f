//! The places of the listener: who gives way when all are taken.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: HashMap<u64, Client>,
}

/// Who has a place.
#[derive(Debug)]
struct Client {
    /// Requests of it that are being answered.
    asking: usize,
    /// Whether it ever asked for anything.
    asked: bool,
    /// Since when it waits.
    since: Instant,
    cut: CancellationToken,
}

/// A place that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    /// Cancelled when it must give way.
    pub(super) cut: CancellationToken,
}

/// A request that is being answered.
pub(super) struct Asking(Arc<Place>);

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// A place for a newcomer. Where there is none, whoever has waited for the longest time without a request gives way, first of
    /// those who never made one: a client of ours asks at once.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.lock();
        if taken.by.len() >= self.most {
            let idle = taken.by.iter().filter(|(_, client)| client.asking == 0);
            let (&number, _) = idle.min_by_key(|(_, client)| (client.asked, client.since))?;
            if let Some(client) = taken.by.remove(&number) {
                client.cut.cancel();
            }
        }
        let (number, cut) = (taken.next, CancellationToken::new());
        taken.next += 1;
        let client = Client { asking: 0, asked: false, since: Instant::now(), cut: cut.clone() };
        taken.by.insert(number, client);
        Some(Place { places: Arc::clone(self), number, cut })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Each method under it leaves it whole.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Client)) {
        if let Some(client) = self.lock().by.get_mut(&number) {
            change(client);
        }
    }
}

impl Place {
    /// A request has come; it is answered when what this returns is dropped.
    pub(super) fn asks(self: &Arc<Self>) -> Asking {
        self.places.change(self.number, |client| (client.asking, client.asked) = (client.asking + 1, true));
        Asking(Arc::clone(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().by.remove(&self.number);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.places.change(self.0.number, |client| {
            (client.asking, client.since) = (client.asking - 1, Instant::now());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_never_asked_gives_way_first_and_who_is_being_answered_never() {
        let places = Places::new(3);
        let take = || places.take().map(Arc::new);
        let (asked, silent, asking) = (take().unwrap(), take().unwrap(), take().unwrap());
        drop(asked.asks());
        let answer = asking.asks();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let newcomer = take().unwrap();
        assert!(silent.cut.is_cancelled() && !asked.cut.is_cancelled());
        let second = take().unwrap();
        assert!(newcomer.cut.is_cancelled() && !asked.cut.is_cancelled() && !asking.cut.is_cancelled());
        let (one, two) = (asked.asks(), second.asks());
        assert!(take().is_none());
        drop(answer);
        assert!(take().is_some() && asking.cut.is_cancelled());
        drop((one, two));
    }

    #[test]
    fn a_place_that_is_given_back_is_free() {
        let places = Places::new(1);
        drop(places.take());
        let kept = places.take().unwrap();
        assert!(!kept.cut.is_cancelled());
        // One that gave way has nothing to give back.
        let next = places.take().unwrap();
        drop(kept);
        assert_eq!(places.lock().by.len(), 1);
        drop(next);
        assert_eq!(places.lock().by.len(), 0);
    }
}
