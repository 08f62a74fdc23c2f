//! Whether the call went as planned, judged by what the fake Asterisk saw, not by what proxy and worker say.

use asterisk_sim::{CallEnd, RecordedRequest};

use super::{record::Counts, worker::Report};

/// What the worker's commands must have asked of Asterisk, in this order.
const PLAN: [(&str, &str); 6] = [
    ("POST", "/channels/*/answer"),
    ("POST", "/channels/*/play*"),
    ("POST", "/channels/*/dtmf"),
    ("POST", "/channels/*/hold"),
    ("DELETE", "/channels/*/hold"),
    ("DELETE", "/channels/*"),
];

/// Everything that the judgement needs.
pub(super) struct Outcome {
    /// How the call ended for the phone.
    pub(super) end: CallEnd,
    /// What reached Asterisk.
    pub(super) requests: Vec<RecordedRequest>,
    /// What the worker's handler tells.
    pub(super) report: Report,
    /// What passed on the bus.
    pub(super) counts: Counts,
    /// Channels that are still there at the end.
    pub(super) channels: usize,
}

/// One thing that had to be so.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) passed: bool,
    /// What is so, or what is so instead.
    pub(super) text: String,
}

impl Outcome {
    /// Every check, passed or not. A worker that failed has not waited for all events: they are not judged then.
    pub(super) fn checks(&self) -> Vec<Check> {
        let mut checks = vec![self.offered(), self.commanded(), self.ended(), self.cleaned_up()];
        if self.report.result.is_ok() {
            checks.insert(2, self.events());
        }
        checks
    }

    fn offered(&self) -> Check {
        let (offers, accepts) = (self.counts.offers, self.counts.accepts);
        check(offers == 1 && accepts == 1, "the dialog was offered once and accepted once", || {
            format!("the dialog was offered {offers} times and accepted {accepts} times instead of once")
        })
    }

    fn commanded(&self) -> Check {
        let fits = |request: &RecordedRequest| PLAN.iter().any(|(method, path)| request.is(method, path));
        let got: Vec<_> = self.requests.iter().filter(|request| fits(request)).collect();
        let as_planned = got.len() == PLAN.len()
            && got.iter().zip(PLAN).all(|(request, (method, path))| {
                request.is(method, path) && request.status.is_some_and(|status| (200..300).contains(&status))
            });
        let worker = self.report.result.as_ref().err();
        let good = format!("{} commands reached Asterisk, in order, and each succeeded", PLAN.len());
        check(as_planned && worker.is_none(), &good, || match worker {
            Some(error) => format!("a command of the worker failed: {error}"),
            None => {
                let got = got.iter().map(|request| match request.status {
                    Some(status) => format!("{} {}: {status}", request.method, request.path),
                    None => format!("{} {}: no answer", request.method, request.path),
                });
                format!("Asterisk got other commands than planned: {}", got.collect::<Vec<_>>().join(", "))
            }
        })
    }

    fn events(&self) -> Check {
        let (sent, got) = (self.counts.events, &self.report.events);
        let in_order = got.iter().zip(1..).all(|(number, expected)| *number == Some(expected));
        let good = format!("{sent} events reached the worker: none lost, none doubled, none out of order");
        check(sent > 0 && got.len() == sent && in_order, &good, || {
            format!("of {sent} events the worker got {} with the numbers {got:?}", got.len())
        })
    }

    fn ended(&self) -> Check {
        let good = "the call ended when the worker hung up";
        check(matches!(self.end, CallEnd::HungUpByAri { .. }), good, || {
            format!("the call did not end by the worker's hangup: {:?}", self.end)
        })
    }

    fn cleaned_up(&self) -> Check {
        let channels = self.channels;
        check(channels == 0, "nothing is left: no channel in Asterisk, and the dialog is over", || {
            format!("{channels} channels are left in Asterisk")
        })
    }
}

fn check(passed: bool, good: &str, bad: impl FnOnce() -> String) -> Check {
    Check { passed, text: if passed { good.to_owned() } else { bad() } }
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::*;

    fn request(method: &str, path: &str, status: Option<u16>) -> RecordedRequest {
        RecordedRequest {
            number: 0,
            at: Instant::now(),
            time: SystemTime::now(),
            method: method.to_owned(),
            path: path.replace('*', "1.1"),
            query: String::new(),
            headers: Vec::new(),
            body: Default::default(),
            status,
            websocket: false,
        }
    }

    fn good() -> Outcome {
        Outcome {
            end: CallEnd::HungUpByAri { cause: 16 },
            requests: PLAN.iter().map(|(method, path)| request(method, path, Some(204))).collect(),
            report: Report { result: Ok(()), events: vec![Some(1), Some(2)] },
            counts: Counts { offers: 1, accepts: 1, events: 2, ..Counts::default() },
            channels: 0,
        }
    }

    /// The texts of the checks that did not pass.
    fn failures(outcome: &Outcome) -> Vec<String> {
        outcome.checks().into_iter().filter(|check| !check.passed).map(|check| check.text).collect()
    }

    #[test]
    fn a_call_as_planned_passes() {
        assert_eq!(failures(&good()), [""; 0]);
    }

    #[test]
    fn a_request_of_the_proxys_own_is_no_matter() {
        let mut outcome = good();
        outcome.requests.insert(1, request("POST", "/channels/*/variable", Some(204)));
        assert_eq!(failures(&outcome), [""; 0]);
    }

    #[test]
    fn whatever_goes_wrong_is_told() {
        type Spoil = fn(&mut Outcome);
        let spoilt: [(Spoil, &str); 10] = [
            (|outcome| outcome.counts.offers = 2, "offered 2 times and accepted 1 times"),
            (|outcome| outcome.requests[0].status = Some(500), "POST /channels/1.1/answer: 500"),
            (|outcome| outcome.requests[5].status = None, "DELETE /channels/1.1: no answer"),
            (|outcome| outcome.requests.swap(3, 4), "other commands than planned"),
            (|outcome| drop(outcome.requests.pop()), "other commands than planned"),
            (|outcome| outcome.report.result = Err("too bad".to_owned()), "failed: too bad"),
            (|outcome| outcome.report.events = vec![Some(1)], "of 2 events the worker got 1"),
            (|outcome| outcome.report.events.swap(0, 1), "of 2 events the worker got 2"),
            (|outcome| outcome.end = CallEnd::HungUpByCaller, "HungUpByCaller"),
            (|outcome| outcome.channels = 1, "1 channels are left"),
        ];
        for (spoil, told) in spoilt {
            let mut outcome = good();
            spoil(&mut outcome);
            let failures = failures(&outcome);
            assert!(failures.len() == 1 && failures[0].contains(told), "{failures:?} lacks {told}");
        }
    }
}
