//! Which acknowledgements to send: as few as the tags allow.
//!
//! Delivery tags count 1, 2, 3 … on a channel. Readers that take messages in order can be acknowledged with one frame
//! for many (`multiple`), but on a shared channel a reader that does not read leaves a gap, and `multiple` would
//! acknowledge its messages too. So the run without a gap goes as one, the rest one by one.

use std::collections::BTreeMap;

/// What was settled on one channel.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Every tag up to this one.
    upto: u64,
    /// And these, beyond gaps: the first and the last of each run. Runs, so that one reader that does not read costs
    /// no memory for each message of the others.
    beyond: BTreeMap<u64, u64>,
}

/// The frames to send.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Acks {
    /// Acknowledge everything up to this tag.
    pub(super) multiple: Option<u64>,
    /// And these, one by one.
    pub(super) single: Vec<u64>,
}

impl Settled {
    /// Records that the messages with these tags were taken, and says what to tell the broker.
    pub(super) fn taken(&mut self, mut tags: Vec<u64>) -> Acks {
        tags.sort_unstable();
        let mut acks = Acks::default();
        for tag in tags {
            if self.known(tag) {
                continue;
            }
            if tag == self.upto + 1 {
                self.upto = tag;
                acks.multiple = Some(tag);
                self.close_gap();
            } else {
                self.insert(tag);
                acks.single.push(tag);
            }
        }
        acks
    }

    /// Records that a message was settled in another way, so that it leaves no gap for ever.
    pub(super) fn otherwise(&mut self, tag: u64) {
        if !self.known(tag) {
            self.insert(tag);
            self.close_gap();
        }
    }

    fn known(&self, tag: u64) -> bool {
        tag <= self.upto || self.beyond.range(..=tag).next_back().is_some_and(|(_, last)| tag <= *last)
    }

    /// Adds a tag beyond a gap, joining it with the runs beside it.
    fn insert(&mut self, tag: u64) {
        let last = self.beyond.remove(&(tag + 1)).unwrap_or(tag);
        match self.beyond.range_mut(..tag).next_back() {
            Some((_, before)) if *before + 1 == tag => *before = last,
            _ => drop(self.beyond.insert(tag, last)),
        }
    }

    fn close_gap(&mut self) {
        if let Some(last) = self.beyond.remove(&(self.upto + 1)) {
            self.upto = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_run_is_one_frame() {
        let mut settled = Settled::default();
        assert_eq!(settled.taken(vec![2, 1, 3]), Acks { multiple: Some(3), single: vec![] });
        assert_eq!(settled.taken(vec![4]), Acks { multiple: Some(4), single: vec![] });
    }

    #[test]
    fn beyond_a_gap_each_is_acknowledged_alone() {
        let mut settled = Settled::default();
        assert_eq!(settled.taken(vec![1, 3, 4]), Acks { multiple: Some(1), single: vec![3, 4] });
        // The gap closes: 2 is the last that the broker does not know of yet.
        assert_eq!(settled.taken(vec![2]), Acks { multiple: Some(2), single: vec![] });
        assert_eq!(settled.taken(vec![5]), Acks { multiple: Some(5), single: vec![] });
    }

    #[test]
    fn a_tag_is_never_acknowledged_twice() {
        let mut settled = Settled::default();
        settled.taken(vec![1, 3]);
        assert_eq!(settled.taken(vec![1, 3, 3]), Acks::default());
    }

    #[test]
    fn what_was_given_back_leaves_no_gap() {
        let mut settled = Settled::default();
        settled.otherwise(1);
        settled.otherwise(3);
        assert_eq!(settled.taken(vec![2, 4]), Acks { multiple: Some(4), single: vec![] });
    }

    #[test]
    fn a_reader_that_does_not_read_costs_nothing() {
        let mut settled = Settled::default();
        for tag in 2..1000 {
            assert_eq!(settled.taken(vec![tag]).single, [tag]);
        }
        assert_eq!(settled.beyond.len(), 1);
        assert_eq!(settled.taken(vec![1]).multiple, Some(1));
        assert_eq!((settled.upto, settled.beyond.len()), (999, 0));
    }

    proptest::proptest! {
        #[test]
        fn exactly_the_taken_ones_are_acknowledged(order in proptest::sample::subsequence((1..40u64).collect::<Vec<_>>(), 0..39), step in 1..7usize, turn in 0..39usize) {
            let mut tags = order.clone();
            let middle = if tags.is_empty() { 0 } else { turn % tags.len() };
            tags.rotate_left(middle);
            let mut settled = Settled::default();
            let mut unacked: BTreeSet<u64> = (1..40).collect();
            for batch in tags.chunks(step) {
                let acks = settled.taken(batch.to_vec());
                if let Some(upto) = acks.multiple {
                    // The broker closes the channel for a tag it does not know.
                    proptest::prop_assert!(unacked.contains(&upto));
                    unacked.retain(|tag| *tag > upto);
                }
                for tag in acks.single {
                    proptest::prop_assert!(unacked.remove(&tag));
                }
            }
            let left: BTreeSet<u64> = (1..40).filter(|tag| !order.contains(tag)).collect();
            proptest::prop_assert_eq!(unacked, left);
        }
    }
}
