//! Calls that a proxy counts as this worker's and that nobody here has: an accept that was answered after it was given up.
//! Nobody else would ever get them. No I/O.

use std::collections::HashMap;

use ari_bus::protocol::Confirmed;
use tokio::time::Instant;

use crate::limits::{STRAY_AFTER, STRAYS};

/// Such calls of one proxy, and since when they are known, by root and term.
#[derive(Default)]
pub(super) struct Strays(HashMap<(String, u64), Instant>);

impl Strays {
    /// Looks at what a reply lists and nobody here has; returns what has been so for long enough to be given back. It is
    /// returned again if it is still listed as long after.
    pub(super) fn look<'a>(
        &mut self,
        listed: impl Iterator<Item = &'a Confirmed>,
        now: Instant,
    ) -> Vec<&'a Confirmed> {
        let mut due = Vec::new();
        let before = std::mem::take(&mut self.0);
        for stray in listed.take(STRAYS) {
            let key = (stray.root.clone(), stray.term);
            let since = before.get(&key).copied().unwrap_or(now);
            if now - since >= STRAY_AFTER {
                due.push(stray);
            } else {
                self.0.insert(key, since);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_stays_listed_is_given_back() {
        let call = |root: &str| Confirmed { root: root.to_owned(), term: 1, ..Confirmed::default() };
        let (mut strays, calls, begin) = (Strays::default(), [call("stays"), call("goes")], Instant::now());
        assert!(strays.look(calls.iter(), begin).is_empty());
        assert!(strays.look(calls[..1].iter(), begin + STRAY_AFTER / 2).is_empty());
        assert_eq!(strays.look(calls.iter(), begin + STRAY_AFTER), [&calls[0]]);
        assert!(strays.look(calls.iter(), begin + STRAY_AFTER).is_empty(), "it is asked for once");
    }
}
