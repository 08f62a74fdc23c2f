//! What was done.

use std::fmt;

use super::{Name, error::of};

/// What was done, for programs and, as its text, for people. It has names of attributes and never a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The set.
    pub set: String,
    /// What was not there before.
    pub created: Vec<Name>,
    /// What was not as it was declared.
    pub changed: Vec<Change>,
    /// What was there and is not declared any more.
    pub removed: Vec<Name>,
    /// What was as it was declared.
    pub unchanged: Vec<Name>,
    /// What is shown differently from what was declared, though Asterisk took it. It has understood something else (`maybe` as
    /// `no`), it does not change this while it runs (the address of a transport), or it has words for it that are not known here.
    pub differing: Vec<Change>,
}

/// An object, and some of its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The object.
    pub name: Name,
    /// The attributes.
    pub attributes: Vec<String>,
}

impl Report {
    /// Whether everything was as it should be already.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (created, changed, removed) = (self.created.len(), self.changed.len(), self.removed.len());
        let unchanged = self.unchanged.len();
        write!(
            f,
            "{}: {created} created, {changed} changed, {removed} removed, {unchanged} unchanged",
            self.set
        )?;
        self.created.iter().try_for_each(|name| write!(f, "\n  created {name}"))?;
        self.changed.iter().try_for_each(|change| write!(f, "\n  changed {change}"))?;
        self.removed.iter().try_for_each(|name| write!(f, "\n  removed {name}"))?;
        self.differing.iter().try_for_each(|change| write!(f, "\n  not as declared: {change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, of(&self.attributes))
    }
}
