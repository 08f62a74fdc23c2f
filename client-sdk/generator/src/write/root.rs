//! The front page, and the list of all operations.

use std::fmt::Write as _;

use super::{Writer, names::snake};

/// What the front page says.
const ABOUT: &str = include_str!("../../words/front.md");

impl Writer<'_> {
    pub(super) fn root(&self) -> String {
        let version = &self.description.version;
        let (mut about, mut modules, mut operations) = (String::new(), String::new(), String::new());
        for line in ABOUT.replace("{version}", version).lines() {
            let _ = writeln!(about, "//!{}{line}", if line.is_empty() { "" } else { " " });
        }
        for resource in &self.description.resources {
            let module = snake(&resource.name);
            let _ = writeln!(modules, "pub mod {module};");
            for operation in &resource.operations {
                let _ = if operation.websocket {
                    writeln!(operations, "{module}::{},", snake(&operation.name).to_uppercase())
                } else {
                    let name = self.operation_name(resource, operation);
                    writeln!(operations, "<{module}::{name} as Operation>::INFO,")
                };
            }
        }
        let (head, about) = (self.head(""), about.trim_end());
        let head = head.trim_end_matches("//! ");
        format!(
            "{head}{about}\n\n{modules}\nmod choices;\nmod event;\nmod ids;\nmod model;\nmod values;\n\n\
             pub use choices::*;\npub use event::*;\npub use ids::*;\npub use model::*;\npub use values::*;\n\n\
             pub use crate::typed::{{RawEvent, Timeout}};\nuse crate::{{Operation, OperationInfo}};\n\n\
             /// The version of the Asterisk whose description this module was written from.\n\
             pub const ASTERISK_VERSION: &str = {version:?};\n\n\
             /// Every operation of that Asterisk.\n\
             pub const OPERATIONS: &[&OperationInfo] = &[\n{operations}];\n"
        )
    }
}
