//! Names of which there is one holder at a time: which of two processes acts, and which stands by.

/// Who has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Whoever asked.
    Ours,
    /// Another one.
    Theirs(Rival),
    /// This bus keeps no such names: those who want one have to ask each other.
    NotKept,
}

/// Another holder of a name, as it was seen at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rival {
    /// What it calls itself; `None` where the bus does not tell.
    pub holder: Option<String>,
    /// Changes each time that it keeps the name. 0 on a bus that takes the name away from holders that are gone by itself.
    pub mark: u64,
}
