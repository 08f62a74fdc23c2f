//! How many calls a worker has, and whether it takes another.

use std::sync::Arc;

use tokio::sync::watch;

/// The places of a worker, one a call.
#[derive(Debug, Clone)]
pub(super) struct Room {
    taken: Arc<watch::Sender<usize>>,
    limit: usize,
}

/// A call's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place(Arc<watch::Sender<usize>>);

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::new(watch::Sender::new(0)), limit }
    }

    /// Takes a place, if there is one.
    pub(super) fn take(&self) -> Option<Place> {
        let took = self.taken.send_if_modified(|taken| {
            let free = *taken < self.limit;
            *taken += usize::from(free);
            free
        });
        took.then(|| Place(Arc::clone(&self.taken)))
    }

    pub(super) fn calls(&self) -> usize {
        *self.taken.borrow()
    }

    /// Resolves when every place is taken.
    pub(super) async fn full(&self) {
        self.wait(|taken| taken >= self.limit).await;
    }

    /// Resolves when there is a place.
    pub(super) async fn free(&self) {
        self.wait(|taken| taken < self.limit).await;
    }

    async fn wait(&self, until: impl Fn(usize) -> bool) {
        // The sender lives as long as `self`: this fails never.
        let _ = self.taken.subscribe().wait_for(|taken| until(*taken)).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|taken| *taken -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_comes_back_when_its_call_ends() {
        let room = Room::new(2);
        let (first, _second) = (room.take().unwrap(), room.take().unwrap());
        room.full().await;
        assert!(room.take().is_none());
        drop(first);
        room.free().await;
        assert_eq!(room.calls(), 1);
    }
}
