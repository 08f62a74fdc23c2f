//! A description as a list of facts, one for each thing that it describes: what two versions are compared by, and what is
//! checked in beside the code that was written from it.

use std::{collections::BTreeMap, fmt};

use crate::{Description, Field, Model, Operation, Parameter, Place};

/// The file that has them.
pub const FACTS: &str = "described.txt";

/// What there is, and of what type it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(pub(crate) BTreeMap<String, String>);

impl Description {
    /// It as facts.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = BTreeMap::new();
        for (resource, operation) in self.operations() {
            let at = format!("operation {}.{}", resource.name, operation.name);
            let parameters = operation.parameters.iter().map(|parameter| parameter_fact(&at, parameter));
            facts.extend(parameters.chain([(at.clone(), operation_type(operation))]));
        }
        for model in self.models() {
            let at = format!("model {}", model.name);
            let fields = model.fields.iter().map(|field| field_fact(&at, field));
            facts.extend(fields.chain([(at.clone(), self.model_type(model))]));
        }
        Facts(facts)
    }

    fn model_type(&self, model: &Model) -> String {
        let is_event = self.events().any(|event| event.name == model.name);
        if is_event { "event" } else { "object" }.to_owned()
    }
}

fn operation_type(operation: &Operation) -> String {
    let Operation { method, path, answer, .. } = operation;
    let websocket = if operation.websocket { ", websocket" } else { "" };
    format!("{method} {path} -> {answer}{websocket}")
}

fn parameter_fact(at: &str, parameter: &Parameter) -> (String, String) {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
    };
    let mut kind = format!("{} in {place}", kind(&parameter.kind, parameter.required, &parameter.values));
    if parameter.list {
        kind.push_str(", list");
    }
    let range = parameter.range;
    kind.extend(range.least.map(|least| format!(", from {least}")));
    kind.extend(range.most.map(|most| format!(", to {most}")));
    (format!("{at}({})", parameter.name), kind)
}

fn field_fact(at: &str, field: &Field) -> (String, String) {
    (format!("{at}.{}", field.name), kind(&field.kind, field.required, &field.values))
}

fn kind(kind: &str, required: bool, values: &[String]) -> String {
    let optional = if required { "" } else { "?" };
    let values = if values.is_empty() { String::new() } else { format!(" {values:?}") };
    format!("{kind}{optional}{values}")
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, kind)| writeln!(f, "{what}: {kind}"))
    }
}

impl Facts {
    /// Reads what [`Display`](fmt::Display) wrote. Lines that are no facts are left out.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let fact = |line: &str| line.split_once(": ").map(|(what, kind)| (what.to_owned(), kind.to_owned()));
        Self(text.lines().filter_map(fact).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::describe::tests::garden;

    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let facts = garden().facts();
        let text = facts.to_string();
        assert_eq!(Facts::read(&text), facts);
        for line in [
            "operation plants.sow: POST /plants -> Plant",
            "operation plants.sow(kind): string [\"tall\", \"half-tall\", \"*\"] in query, list",
            "operation plants.sow(depthms): int? in query, from 0, to 9",
            "operation plants.watch: GET /plants/{plantId} -> Message, websocket",
            "model Rain: event",
            "model Plant.mother: Plant?",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
