//! Which objects a set has: ARI has no list, so Asterisk is given one to keep.
//!
//! It is an AOR that no endpoint has and nobody can register with, and it carries the names in attributes of its own. So it is
//! where the objects are: it outlives whatever they outlive, and is gone when they are.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::{
    Error,
    mark::{SET, is_of},
    object::{Kind, LISTS, Name},
    shown::Shown,
    store::Store,
};
use crate::path;

/// Its parts are attributes of this name and a number.
const PART: &str = "@ari_client_objects_";

/// How many bytes a part holds: a request to Asterisk has room for 40,960.
const PART_BYTES: usize = 16 << 10;

/// The objects of a set, as they stand in Asterisk.
pub(super) struct Manifest<'a> {
    set: &'a str,
    name: Name,
    names: BTreeSet<Name>,
    /// How many parts there are; none where there is no manifest.
    parts: usize,
}

impl<'a> Manifest<'a> {
    /// Reads that of a set.
    pub(super) async fn read(store: &Store<'_>, set: &'a str) -> Result<Self, Error> {
        let name = Name::new(Kind::Aor, format!("{LISTS}{set}"));
        let Some(shown) = store.get(&name).await? else {
            return Ok(Self { set, name, names: BTreeSet::new(), parts: 0 });
        };
        if !is_of(&shown, set) {
            return Err(Error::Taken { name, set: set.to_owned() });
        }
        let (names, parts) = decode(&shown);
        Ok(Self { set, name, names, parts })
    }

    /// What the set has, or may have.
    pub(super) fn names(&self) -> &BTreeSet<Name> {
        &self.names
    }

    /// Lets the set have these too, before they are made: should that be cut short, they are found.
    pub(super) async fn add(&mut self, store: &Store<'_>, names: &BTreeSet<Name>) -> Result<(), Error> {
        if names.is_subset(&self.names) {
            return Ok(());
        }
        let names = &self.names | names;
        let parts = encode(&names);
        self.parts = self.parts.max(parts.len());
        // A name can only move to a later part: from the last to the first, so that none is missing in between.
        for (index, part) in parts.iter().enumerate().rev() {
            self.write(store, index, part).await?;
        }
        self.names = names;
        Ok(())
    }

    /// Leaves the set with these alone, after the others are gone.
    pub(super) async fn keep(self, store: &Store<'_>, names: BTreeSet<Name>) -> Result<(), Error> {
        if names == self.names {
            return Ok(());
        }
        if names.is_empty() {
            return store.delete(&self.name).await;
        }
        let mut parts = encode(&names);
        // Asterisk has no way to take an attribute away.
        parts.resize(self.parts.max(parts.len()), String::new());
        // A name can only move to an earlier part.
        for (index, part) in parts.iter().enumerate() {
            self.write(store, index, part).await?;
        }
        Ok(())
    }

    async fn write(&self, store: &Store<'_>, index: usize, part: &str) -> Result<(), Error> {
        let fields = [(SET.to_owned(), self.set.to_owned()), (format!("{PART}{index}"), part.to_owned())];
        store.put(&self.name, &fields).await.map(drop)
    }
}

/// The parts; each name as a path, so that ids may hold anything.
fn encode(names: &BTreeSet<Name>) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for name in names {
        let entry = path(&[name.kind.as_str(), &name.id]);
        match parts.last_mut() {
            Some(part) if part.len() + 1 + entry.len() <= PART_BYTES => {
                part.push(' ');
                part.push_str(&entry);
            }
            _ => parts.push(entry),
        }
    }
    parts
}

/// The names, and in how many parts they stand. What is no name is not ours to touch.
fn decode(shown: &Shown) -> (BTreeSet<Name>, usize) {
    let parts: Vec<&str> = (0..).map_while(|index| shown.text(&format!("{PART}{index}"))).collect();
    let names = parts.iter().flat_map(|part| part.split_whitespace()).filter_map(|entry| {
        let (kind, id) = entry.strip_prefix('/')?.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        Some(Name::new(kind, percent_decode_str(id).decode_utf8().ok()?))
    });
    (names.collect(), parts.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_name_comes_back_from_parts_that_fit(
            names in prop::collection::btree_set((0..5_usize, "\\PC{1,30}|[a-z]{1,2000}"), 0..60),
        ) {
            let names: BTreeSet<Name> =
                names.into_iter().map(|(kind, id)| Name::new(Kind::ALL[kind], id)).collect();
            let parts = encode(&names);
            prop_assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
            let count = parts.len();
            let shown = parts.into_iter().enumerate().map(|(index, part)| (format!("{PART}{index}"), vec![part]));
            prop_assert_eq!(decode(&shown.collect()), (names, count));
        }
    }

    #[test]
    fn what_is_no_name_is_left_alone() {
        let text = "/endpoint/a nonsense /what/b /aor /aor/%FF /aor/c%20d".to_owned();
        let (names, parts) = decode(&[(format!("{PART}0"), vec![text])].into_iter().collect());
        let texts: Vec<String> = names.iter().map(Name::to_string).collect();
        assert_eq!((texts, parts), (vec!["aor c d".to_owned(), "endpoint a".to_owned()], 1));
    }
}
