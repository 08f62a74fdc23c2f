//! What differs between two descriptions.

use std::fmt;

use crate::Facts;

/// What one description has that another has not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What is new.
    pub added: Vec<String>,
    /// What is not there any more.
    pub removed: Vec<String>,
    /// What is of another type than before: both types.
    pub retyped: Vec<String>,
}

impl Difference {
    /// What became of `before`.
    #[must_use]
    pub fn between(before: &Facts, after: &Facts) -> Self {
        let (before, after) = (&before.0, &after.0);
        let told = |(what, kind): (&String, &String)| format!("{what}: {kind}");
        let added = after.iter().filter(|(what, _)| !before.contains_key(*what)).map(told).collect();
        let removed = before.iter().filter(|(what, _)| !after.contains_key(*what)).map(told).collect();
        let retyped = before.iter().filter_map(|(what, was)| {
            let is = after.get(what).filter(|is| *is != was)?;
            Some(format!("{what}: {was}, now {is}"))
        });
        Self { added, removed, retyped: retyped.collect() }
    }

    /// Whether what was made for the one serves the other.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        self.removed.is_empty() && self.retyped.is_empty()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, facts) in [("added", &self.added), ("removed", &self.removed), ("retyped", &self.retyped)]
        {
            facts.iter().try_for_each(|fact| writeln!(f, "{title:>8}  {fact}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_gone_or_of_another_type_breaks() {
        let before = Facts::read("model A: object\nmodel A.x: int\nmodel A.y: int");
        let more = Facts::read("model A: object\nmodel A.x: int\nmodel A.y: int\nmodel A.z: int");
        let other = Facts::read("model A: object\nmodel A.x: int?");
        let added = Difference::between(&before, &more);
        assert_eq!(added.added, ["model A.z: int"]);
        assert!(added.is_compatible());
        let broken = Difference::between(&before, &other);
        assert!(!broken.is_compatible());
        assert_eq!(broken.to_string(), " removed  model A.y: int\n retyped  model A.x: int, now int?\n");
        assert_eq!(Difference::between(&before, &before), Difference::default());
    }
}
