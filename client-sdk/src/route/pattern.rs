//! Patterns of extensions, as the dialplan has them: how they are read, what they match, and which of two goes first.

use std::{cmp::Reverse, fmt, iter};

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What each of the first characters may be.
    places: Vec<Set>,
    rest: Rest,
}

/// ASCII characters. The first of them has the highest bit, so that of two sets the one with the lower members is larger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set(u128);

/// What may follow the first characters. In the order in which Asterisk tries patterns that are the same until there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    /// `.`: one character or more.
    Some,
    /// `!`: whatever there is, or nothing.
    Any,
    Nothing,
}

/// A pattern that cannot be used.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}, character {position}: {problem}")]
pub struct PatternError {
    pattern: String,
    position: usize,
    problem: String,
}

impl PatternError {
    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The character that is wrong, counted from 1.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong with it, and what to write instead.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Debug for PatternError {
    /// The text for people: a `main` that returns an error prints it with this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Dashes are there to be read by people: Asterisk does not look at them.
pub(super) fn is_read(character: &char) -> bool {
    *character != '-'
}

impl Pattern {
    /// Reads a pattern, which begins with an underscore.
    pub(super) fn read(text: &str) -> Result<Self, PatternError> {
        Self::read_characters(text).map_err(|(index, problem)| PatternError {
            pattern: text.to_owned(),
            position: index + 1,
            problem: problem.to_owned(),
        })
    }

    /// The error has the index of the character.
    fn read_characters(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut characters = text.chars().enumerate();
        if characters.next().is_none_or(|(_, first)| first != '_') {
            return Err((0, "a pattern begins with an underscore; without one it is an exact extension"));
        }
        let (mut places, mut rest) = (Vec::new(), Rest::Nothing);
        let mut characters = characters.filter(|(_, character)| is_read(character));
        while let Some((index, character)) = characters.next() {
            if rest != Rest::Nothing {
                return Err((index, "nothing can follow . or !, which stand for all that follows"));
            }
            match character {
                '.' => rest = Rest::Some,
                '!' => rest = Rest::Any,
                '[' => {
                    // Dashes have a meaning here, so it is read from the text.
                    let members: Vec<char> = text.chars().skip(index + 1).take_while(|c| *c != ']').collect();
                    if !characters.any(|(_, character)| character == ']') {
                        return Err((index, "the set has no end: add a ]"));
                    }
                    places.push(Set::read(index + 1, &members)?);
                }
                _ => places.push(Set::of(index, character)?),
            }
        }
        if places.is_empty() && rest == Rest::Nothing {
            return Err((0, "it matches nothing: write what follows the underscore"));
        }
        Ok(Self { places, rest })
    }

    /// Whether an extension is one of those that it stands for.
    pub(super) fn matches(&self, extension: &str) -> bool {
        let mut characters = extension.chars().filter(is_read);
        let first = self.places.iter().all(|set| characters.next().is_some_and(|c| set.has(c)));
        first
            && match self.rest {
                Rest::Some => characters.next().is_some(),
                Rest::Any => true,
                Rest::Nothing => characters.next().is_none(),
            }
    }

    /// In this order Asterisk tries patterns: compared place by place, a set with fewer members goes first; of two with as
    /// many, the one with the lower ones; then what ends in `.`, and then what ends in `!`.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.ranks().cmp(other.ranks())
    }

    fn ranks(&self) -> impl Iterator<Item = Rank> {
        self.places
            .iter()
            .map(|set| Rank::Set(set.0.count_ones(), Reverse(set.0)))
            .chain(iter::once(Rank::End(self.rest)))
    }
}

/// How specific a place of a pattern is: the least first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// How many members, and which.
    Set(u32, Reverse<u128>),
    End(Rest),
}

impl Set {
    /// What one character of a pattern stands for.
    fn of(index: usize, character: char) -> Result<Self, (usize, &'static str)> {
        let range = |from, to| Ok(Self((from..=to).fold(0, |set, character| set | bit(character))));
        match character {
            'X' | 'x' => range('0', '9'),
            'Z' | 'z' => range('1', '9'),
            'N' | 'n' => range('2', '9'),
            ']' => Err((index, "there is no [ before it")),
            '/' => Err((
                index,
                "callers cannot be told apart by a pattern: decline them, or look at Call::caller",
            )),
            character if character.is_ascii() => Ok(Self(bit(character))),
            _ => Err((index, NOT_ASCII)),
        }
    }

    /// What stands between brackets, of which the first character has this index.
    fn read(first: usize, members: &[char]) -> Result<Self, (usize, &'static str)> {
        let mut set = 0;
        let mut index = 0;
        while let Some(from) = members.get(index).copied() {
            let to = match members.get(index + 1..index + 3) {
                Some(['-', to]) => *to,
                _ => from,
            };
            if !from.is_ascii() || !to.is_ascii() {
                return Err((first + index, NOT_ASCII));
            }
            if to < from {
                return Err((first + index, "the range ends before it begins: turn it round"));
            }
            set |= (from..=to).fold(0, |set, character| set | bit(character));
            let is_range = matches!(members.get(index + 1..index + 3), Some(['-', _]));
            index += if is_range { 3 } else { 1 };
        }
        if set == 0 { Err((first - 1, "the set is empty: name its members")) } else { Ok(Self(set)) }
    }

    fn has(self, character: char) -> bool {
        character.is_ascii() && self.0 & bit(character) != 0
    }
}

const NOT_ASCII: &str = "a pattern is ASCII; use an exact extension";

/// Of an ASCII character.
fn bit(character: char) -> u128 {
    1 << (127 - u32::from(character).min(127))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Pattern {
        Pattern::read(text).unwrap()
    }

    #[test]
    fn what_the_dialplan_matches_is_matched() {
        for (pattern, yes, no) in [
            (
                "_1NXXNXXXXXX",
                &["12125551234"][..],
                &["11125551234", "1212555123", "121255512345", "a2125551234", ""][..],
            ),
            ("_+1NXX-NXX-XXXX", &["+12125551234", "+1-212-555-1234"], &["12125551234"]),
            ("_[1237-9]", &["1", "2", "3", "7", "8", "9"], &["0", "4", "6", "-", ""]),
            ("_[-*#]X", &["*1", "#1"], &["1", "**"]),
            ("_9.", &["91", "911", "9é"], &["9", "8", "9-"]),
            ("_9!", &["9", "91"], &["8", ""]),
            ("_!", &["", "x"], &[]),
            ("_zZ", &["19"], &["09", "10"]),
            ("_[a-c]lice", &["alice", "clice"], &["dlice", "Alice"]),
        ] {
            let pattern = read(pattern);
            assert!(yes.iter().all(|extension| pattern.matches(extension)), "{pattern:?}");
            assert!(!no.iter().any(|extension| pattern.matches(extension)), "{pattern:?}");
        }
    }

    #[test]
    fn the_more_specific_goes_first() {
        let sorted = [
            "_123", "_12[34]", "_12[3-5]", "_12[4-6]", "_12N", "_12Z", "_12X", "_12.", "_12!", "_12", "_1N",
            "_1X", "_N", "_X11", "_X1X", "_X.", "_.", "_!",
        ];
        for pair in sorted.windows(2) {
            assert_eq!(read(pair[0]).order(&read(pair[1])), Ordering::Less, "{pair:?}");
        }
        for (one, other) in [("_N", "_[2-9]"), ("_5-5x", "_[5]5X"), ("_[13]", "_[31]")] {
            assert_eq!(read(one).order(&read(other)), Ordering::Equal, "{one} {other}");
        }
    }

    #[test]
    fn a_pattern_that_is_wrong_says_where() {
        for (pattern, position) in [
            ("", 1),
            ("100", 1),
            ("_", 1),
            ("_-", 1),
            ("_12[34", 4),
            ("_1[", 3),
            ("_1[]", 3),
            ("_1[9-2]", 4),
            ("_12]", 4),
            ("_1.2", 4),
            ("_1!!", 4),
            ("_é", 2),
            ("_[1é]", 4),
            ("_[1-é]", 3),
            ("_1/2", 3),
        ] {
            let error = Pattern::read(pattern).unwrap_err();
            assert_eq!((error.pattern(), error.position()), (pattern, position), "{error}");
        }
    }

    /// A matcher that knows nothing of the other: it tries every way to read one after the other.
    fn simple(pattern: &str, extension: &str) -> bool {
        let Some(first) = pattern.chars().next() else { return extension.is_empty() };
        let after = &pattern[first.len_utf8()..];
        let next = extension.chars().next();
        let rest = next.map_or("", |next| &extension[next.len_utf8()..]);
        let is_in = |members: &str| next.is_some_and(|next| members.contains(next));
        match first {
            _ if next == Some('-') => simple(pattern, rest),
            '-' => simple(after, extension),
            '.' => next.is_some(),
            '!' => true,
            'X' => is_in("0123456789") && simple(after, rest),
            'Z' => is_in("123456789") && simple(after, rest),
            'N' => is_in("23456789") && simple(after, rest),
            '[' => {
                let (set, after) = after.split_once(']').unwrap();
                let members = set.replace("2-4", "234").replace("7-9", "789");
                is_in(&members) && simple(after, rest)
            }
            _ => next == Some(first) && simple(after, rest),
        }
    }

    proptest! {
        #[test]
        fn a_simple_matcher_finds_the_same(
            pattern in r"([XZN0-9+*-]|\[[0156]?(2-4|3|7-9)\]){1,5}[.!]?",
            extension in "[0-9+*a-]{0,6}",
        ) {
            let expected = simple(&pattern, extension.trim_end_matches('-'));
            if let Ok(read) = Pattern::read(&format!("_{pattern}")) {
                prop_assert_eq!(read.matches(&extension), expected, "{} {}", pattern, extension);
            }
        }

        #[test]
        fn no_text_is_more_than_an_error(pattern in "_?\\PC{0,20}", extension in "\\PC{0,20}") {
            if let Ok(pattern) = Pattern::read(&pattern) {
                pattern.matches(&extension);
                prop_assert_eq!(pattern.order(&pattern.clone()), Ordering::Equal);
            }
        }

        #[test]
        fn the_order_has_no_circles(patterns in prop::collection::vec("_[XN1\\[]{0,2}[2-5]{1,3}[.!]?", 3..9)) {
            let mut patterns: Vec<_> = patterns.iter().filter_map(|text| Pattern::read(text).ok()).collect();
            patterns.sort_by(Pattern::order);
            for (index, first) in patterns.iter().enumerate() {
                for second in &patterns[index..] {
                    prop_assert_ne!(first.order(second), Ordering::Greater);
                    prop_assert_eq!(first.order(second), second.order(first).reverse());
                }
            }
        }
    }
}
