//! Which operations were tried, and what came of them.

use std::{collections::BTreeMap, fmt, sync::Mutex};

use ari_client::{
    CommandError, Operation, OperationInfo, Parts, Response, Result, WrongParameter, ari::OPERATIONS,
};
use ari_tests::wait::ok;

/// What cannot be had of the testbed's Asterisk, and why.
const NOT_TO_BE_HAD: [(&str, &str); 5] = [
    ("events.eventWebsocket", "it is the upgrade to the websocket, which the proxy makes"),
    ("mailboxes.list", NOT_PACKAGED),
    ("mailboxes.get", NOT_PACKAGED),
    ("mailboxes.update", NOT_PACKAGED),
    ("mailboxes.delete", NOT_PACKAGED),
];
const NOT_PACKAGED: &str = "Debian's package has no res_ari_mailboxes and no res_mwi_external";

/// The fewest that must succeed.
const LEAST: usize = 98;

/// An operation whose status is wanted beside its answer.
pub(crate) struct WithStatus<O>(pub(crate) O);

impl<O: Operation> Operation for WithStatus<O> {
    type Answer = (u16, O::Answer);
    const INFO: &'static OperationInfo = O::INFO;

    fn parts(self) -> Result<Parts, WrongParameter> {
        self.0.parts()
    }

    fn answer(response: &Response) -> Result<Self::Answer> {
        Ok((response.status(), O::answer(response)?))
    }
}

/// What came of each operation the last time that it was tried, by its name.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Result<u16>>>);

impl Ledger {
    pub(crate) fn note(&self, info: &OperationInfo, outcome: Result<u16>) {
        let mut entries = ok(self.0.lock());
        entries.insert(name(info), outcome);
    }

    /// Each operation was answered with a 2xx that could be read, or stands in the list.
    pub(crate) fn check(&self) {
        let entries = ok(self.0.lock());
        for info in OPERATIONS {
            let name = name(info);
            let excused = NOT_TO_BE_HAD.iter().any(|(excused, _)| *excused == name);
            let had = entries.get(&name).is_some_and(|outcome| matches!(outcome, Ok(200..300)));
            assert!(entries.contains_key(&name), "{name} was not tried");
            assert_ne!(had, excused, "{name}: {:?}", entries.get(&name));
        }
        let had = entries.values().filter(|outcome| outcome.is_ok()).count();
        assert!(had >= LEAST, "{had}");
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = ok(self.0.lock());
        let had = entries.values().filter(|outcome| outcome.is_ok()).count();
        writeln!(f, "{had} of {} operations were answered with 2xx and read:", OPERATIONS.len())?;
        for info in OPERATIONS {
            let outcome = match entries.get(&name(info)) {
                None => "not tried".to_owned(),
                Some(Ok(status)) => status.to_string(),
                Some(Err(error)) => refusal(&name(info), error),
            };
            writeln!(f, "  {:<13} {:<22} {outcome}", info.resource, info.name)?;
        }
        Ok(())
    }
}

fn refusal(name: &str, error: &CommandError) -> String {
    let status = error.status().map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let reason =
        NOT_TO_BE_HAD.iter().find(|(excused, _)| *excused == name).map_or(error.message(), |(_, why)| why);
    format!("{status}: {reason}")
}

fn name(info: &OperationInfo) -> String {
    format!("{}.{}", info.resource, info.name)
}
