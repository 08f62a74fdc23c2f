//! What must hold of every call: no event missing, none handed again after it was acknowledged, none out of order, no
//! request twice, every call at its planned end.

use std::collections::{BTreeMap, HashSet};

use asterisk_sim::CallEnd;

use super::{CallRecord, Fault, Findings, Request};
use crate::handlers::What;

/// Whether events may be missing where that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gaps {
    /// None may.
    None,
    /// They may in calls whose handlers were told.
    Announced,
}

/// Judges calls.
#[must_use]
pub fn judge(calls: &[CallRecord], gaps: Gaps) -> Findings {
    let mut findings = Findings::default();
    for call in calls {
        let mut of = OfCall { findings: &mut findings, call };
        of.entries(gaps);
        of.requests();
        of.end();
    }
    findings
}

struct OfCall<'a> {
    findings: &'a mut Findings,
    call: &'a CallRecord,
}

impl OfCall<'_> {
    fn fault(&mut self, fault: Fault) {
        self.findings.faults.push((self.call.channel.clone(), fault));
    }

    /// What handlers wrote.
    fn entries(&mut self, gaps: Gaps) {
        let (mut handed, mut unknown, mut announced) = (HashSet::new(), HashSet::new(), false);
        // By term: the greatest number handed, and the greatest acknowledged or resumed from.
        let (mut last, mut acked) = (BTreeMap::<u64, u64>::new(), BTreeMap::<u64, u64>::new());
        for entry in &self.call.entries {
            let term = entry.term;
            // What a later term did says nothing against an earlier one, whose worker may have been asleep.
            let before = acked.range(..=term).map(|(_, n)| *n).max();
            match &entry.what {
                What::Began { resumed } => {
                    if let Some(acked) = before.filter(|acked| resumed.unwrap_or(1) <= *acked) {
                        self.fault(Fault::StateLost { term, resumed: *resumed, acked });
                    }
                    if let Some(next) = resumed {
                        acked.insert(term, next.saturating_sub(1));
                    }
                }
                What::Handed { n } => {
                    self.findings.handed += 1;
                    handed.insert(*n);
                    if let Some(acked) = before.filter(|acked| n <= acked) {
                        self.fault(Fault::HandedAgain { n: *n, term, acked });
                    }
                    let last = last.entry(term).or_default();
                    let after = *last;
                    *last = after.max(*n);
                    if *n <= after {
                        self.fault(Fault::OutOfOrder { n: *n, term, after });
                    }
                }
                What::Gap { body } => match gaps {
                    Gaps::Announced => announced = true,
                    Gaps::None => self.fault(Fault::Gap { body: body.clone() }),
                },
                What::Acked { n } => {
                    let acked = acked.entry(term).or_default();
                    *acked = (*acked).max(*n);
                }
                What::Unknown { n } => _ = unknown.insert(*n),
                What::Ended { .. } => {}
            }
        }
        self.findings.calls += 1;
        self.findings.events += self.call.sent;
        self.findings.unknown += unknown.len();
        self.findings.gaps += usize::from(announced);
        let steps = self.call.requests.iter().filter(|request| request.signed.is_none());
        let requested: HashSet<u64> = steps.map(|step| step.n).collect();
        for n in 1..=self.call.sent {
            if handed.contains(&n) {
                if !requested.contains(&n) && !unknown.contains(&n) {
                    self.fault(Fault::NotRequested { n });
                }
            } else if announced {
                self.findings.announced += 1;
            } else {
                self.fault(Fault::Missing { n });
            }
        }
    }

    /// What reached Asterisk.
    fn requests(&mut self) {
        let mut times = BTreeMap::<_, usize>::new();
        let (mut greatest, mut newest) = (0, 0);
        for Request { n, signed, .. } in &self.call.requests {
            let n = *n;
            let times = times.entry((n, signed)).or_default();
            *times += 1;
            if let Some((worker, term)) = signed {
                if *term < newest {
                    self.fault(Fault::Late { n, worker: worker.clone(), term: *term, newer: newest });
                }
                newest = newest.max(*term);
                continue;
            }
            self.findings.requests += 1;
            // One that comes again is told as that, below.
            if *times == 1 && n < greatest {
                self.fault(Fault::RequestOutOfOrder { n, after: greatest });
            }
            if !(1..=self.call.sent).contains(&n) {
                self.fault(Fault::Invented { n });
            }
            greatest = greatest.max(n);
        }
        for ((n, signed), times) in times {
            if times > 1 {
                self.fault(Fault::RequestedAgain { n, signed: signed.clone(), times });
            }
        }
    }

    /// The handler hangs up after the last event.
    fn end(&mut self) {
        if !matches!(self.call.end, Some(CallEnd::HungUpByAri { .. })) {
            let end =
                self.call.end.as_ref().map_or_else(|| "it is still up".to_owned(), |end| format!("{end:?}"));
            self.fault(Fault::WrongEnd { end });
        }
    }
}
