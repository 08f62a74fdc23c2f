//! The steps as one would write them, with those that nobody wrote.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{Cause, Place, Step, Unanswered};

impl Serialize for Unanswered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Steps(&self.steps).serialize(serializer)
    }
}

/// A step and what follows it; never empty.
struct Steps<'a>(&'a [Step]);

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Some((step, then)) = self.0.split_first() else { return map.end() };
        match step {
            Step::Continue(Place { context, extension, priority, label }) => {
                map.serialize_entry("action", "continue")?;
                for (key, value) in [("context", context), ("extension", extension), ("label", label)] {
                    if let Some(value) = value {
                        map.serialize_entry(key, value)?;
                    }
                }
                if let Some(priority) = priority {
                    map.serialize_entry("priority", priority)?;
                }
            }
            Step::Hangup(cause) => {
                map.serialize_entry("action", "hangup")?;
                match cause {
                    Cause::Normal => {}
                    Cause::Reason(reason) => map.serialize_entry("reason", reason.as_str())?,
                    Cause::Number(number) => map.serialize_entry("cause", number)?,
                }
            }
            Step::Move { application, args } => {
                map.serialize_entry("action", "move")?;
                map.serialize_entry("application", application)?;
                if !args.is_empty() {
                    map.serialize_entry("args", args)?;
                }
            }
        }
        if !then.is_empty() {
            map.serialize_entry("then", &Steps(then))?;
        }
        map.end()
    }
}
