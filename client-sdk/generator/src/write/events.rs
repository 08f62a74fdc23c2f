//! The events: a structure for each, and the enum of all.

use std::fmt::Write as _;

use super::Writer;
use crate::{Result, describe::EVENT};

impl Writer<'_> {
    pub(super) fn event_bodies(&mut self) -> Result<String> {
        let mut code = String::new();
        for event in self.description.events() {
            code.push_str(&self.model(event)?);
        }
        Ok(self.file("What each event tells.", &code))
    }

    pub(super) fn event_enum(&self) -> String {
        let mut code = format!(
            "{}\n\nmod bodies;\n\npub use bodies::*;\n\nuse crate::ari::ApplicationName;\n\
             use crate::typed::{{RawEvent, events, read}};\n\nevents! {{\n    /// {}\n    {EVENT} {{\n",
            self.head("Events."),
            self.words.model(EVENT)
        );
        for event in self.description.events() {
            let _ = writeln!(code, "        /// {}\n        {},", self.words.model(&event.name), event.name);
        }
        code + "    }\n}\n"
    }
}
