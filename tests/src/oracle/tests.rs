//! The oracle can fail: each kind of fault is caught, and nothing else is.

use std::time::Instant;

use asterisk_sim::CallEnd;

use super::{CallRecord, Fault, Findings, Gaps, Request, judge};
use crate::handlers::{Entry, What};

/// A call with three events, which worker `a` lost after the second and worker `b` went on with, in term 2.
struct Told(CallRecord);

impl Told {
    fn well() -> Self {
        let mut told = Self(CallRecord { channel: "1.1".into(), sent: 3, ..CallRecord::default() });
        told.wrote("a", 1, What::Began { resumed: None });
        told.signed("a", 1, 1);
        for n in [1, 2] {
            told.wrote("a", 1, What::Handed { n }).did(n);
        }
        told.0.entries.insert(2, entry("a", 1, What::Acked { n: 1 }));
        told.wrote("b", 2, What::Began { resumed: Some(2) }).signed("b", 2, 2);
        told.wrote("b", 2, What::Handed { n: 2 }).wrote("b", 2, What::Acked { n: 2 });
        told.wrote("b", 2, What::Handed { n: 3 }).did(3);
        told.0.end = Some(CallEnd::HungUpByAri { cause: 16 });
        told
    }

    fn wrote(&mut self, worker: &str, term: u64, what: What) -> &mut Self {
        self.0.entries.push(entry(worker, term, what));
        self
    }

    fn did(&mut self, n: u64) -> &mut Self {
        self.0.requests.push(Request { n, signed: None, at: Instant::now() });
        self
    }

    fn signed(&mut self, worker: &str, term: u64, n: u64) -> &mut Self {
        let signed = Some((worker.to_owned(), term));
        self.0.requests.push(Request { n, signed, at: Instant::now() });
        self
    }

    fn without(&mut self, what: &What) -> &mut Self {
        self.0.entries.retain(|entry| entry.what != *what);
        self
    }

    fn judged(&self, gaps: Gaps) -> Findings {
        judge(std::slice::from_ref(&self.0), gaps)
    }

    fn faults(&self) -> Vec<Fault> {
        self.judged(Gaps::None).faults.into_iter().map(|(_, fault)| fault).collect()
    }
}

fn entry(worker: &str, term: u64, what: What) -> Entry {
    Entry { worker: worker.into(), channel: "1.1".into(), term, what }
}

#[test]
fn a_call_that_moved_on_as_it_should_is_clean() {
    let findings = Told::well().judged(Gaps::None);
    findings.must_be_clean();
    assert_eq!((findings.calls, findings.events, findings.handed, findings.requests), (1, 3, 4, 3));
    assert_eq!(findings.to_string(), "1 calls, 3 events, 4 times handed, 3 steps, nothing wrong");
}

#[test]
fn a_missing_event_is_caught() {
    let mut told = Told::well();
    told.without(&What::Handed { n: 3 });
    assert_eq!(told.faults(), [Fault::Missing { n: 3 }]);
}

#[test]
fn an_event_that_is_handed_again_after_it_was_acknowledged_is_caught() {
    let mut told = Told::well();
    told.wrote("c", 3, What::Began { resumed: Some(3) }).wrote("c", 3, What::Handed { n: 2 });
    assert_eq!(told.faults(), [Fault::HandedAgain { n: 2, term: 3, acked: 2 }]);
}

#[test]
fn an_event_that_the_saved_state_has_passed_is_caught_though_the_worker_died_before_it_wrote_so() {
    let mut told = Told::well();
    told.wrote("c", 3, What::Began { resumed: Some(4) }).wrote("c", 3, What::Handed { n: 3 });
    assert_eq!(told.faults(), [Fault::HandedAgain { n: 3, term: 3, acked: 3 }]);
}

#[test]
fn what_a_sleeper_reads_of_its_own_old_term_is_no_fault() {
    let mut told = Told::well();
    told.wrote("b", 2, What::Acked { n: 3 }).wrote("a", 1, What::Handed { n: 3 });
    assert_eq!(told.faults(), []);
}

#[test]
fn events_out_of_order_within_a_term_are_caught() {
    let mut told = Told::well();
    told.wrote("c", 3, What::Began { resumed: Some(3) });
    told.0.sent = 5;
    for n in [5, 4, 4] {
        told.wrote("c", 3, What::Handed { n });
    }
    told.did(4).did(5);
    let expected = [4, 4].map(|n| Fault::OutOfOrder { n, term: 3, after: 5 });
    assert_eq!(told.faults(), expected);
}

#[test]
fn a_lost_state_is_caught() {
    for resumed in [None, Some(1), Some(2)] {
        let mut told = Told::well();
        told.wrote("c", 3, What::Began { resumed });
        assert_eq!(told.faults(), [Fault::StateLost { term: 3, resumed, acked: 2 }]);
    }
}

#[test]
fn a_request_that_never_came_is_caught_unless_its_fate_is_not_known() {
    let mut told = Told::well();
    told.0.requests.retain(|request| request.n != 3);
    assert_eq!(told.faults(), [Fault::NotRequested { n: 3 }]);
    told.wrote("b", 2, What::Unknown { n: 3 });
    let findings = told.judged(Gaps::None);
    findings.must_be_clean();
    assert_eq!(findings.unknown, 1);
}

#[test]
fn a_request_that_comes_twice_is_caught() {
    let mut told = Told::well();
    told.did(2).signed("b", 2, 2);
    let again = |signed| Fault::RequestedAgain { n: 2, signed, times: 2 };
    assert_eq!(told.faults(), [again(None), again(Some(("b".to_owned(), 2)))]);
}

#[test]
fn a_request_of_an_old_term_is_caught() {
    let mut told = Told::well();
    told.signed("a", 1, 3);
    assert_eq!(told.faults(), [Fault::Late { n: 3, worker: "a".into(), term: 1, newer: 2 }]);
}

#[test]
fn requests_out_of_order_are_caught() {
    let mut told = Told::well();
    told.0.requests.swap(1, 2);
    assert_eq!(told.faults(), [Fault::RequestOutOfOrder { n: 1, after: 2 }]);
}

#[test]
fn a_request_that_nothing_asked_for_is_caught() {
    let mut told = Told::well();
    told.did(9);
    assert_eq!(told.faults(), [Fault::Invented { n: 9 }]);
}

#[test]
fn a_call_that_does_not_end_as_planned_is_caught() {
    for end in [None, Some(CallEnd::HungUpByCaller), Some(CallEnd::AsteriskGone)] {
        let mut told = Told::well();
        told.0.end = end;
        assert!(matches!(told.faults()[..], [Fault::WrongEnd { .. }]));
    }
}

#[test]
fn a_gap_is_a_fault_where_none_may_be_and_excuses_a_loss_where_it_may() {
    let mut told = Told::well();
    told.without(&What::Handed { n: 1 }).wrote("a", 1, What::Gap { body: "{}".into() });
    assert_eq!(told.faults(), [Fault::Gap { body: "{}".into() }, Fault::Missing { n: 1 }]);
    let findings = told.judged(Gaps::Announced);
    findings.must_be_clean();
    assert_eq!((findings.gaps, findings.announced), (1, 1));
}

#[test]
fn the_report_tells_all_that_is_wrong_in_numbers() {
    let mut told = Told::well();
    told.0.sent = 50;
    told.0.end = None;
    let text = told.judged(Gaps::None).to_string();
    assert!(text.contains("47 events handed to nobody:\n  1.1: Missing { n: 4 }"), "{text}");
    assert!(text.contains("1 calls without their planned end:\n  1.1: WrongEnd"), "{text}");
}
