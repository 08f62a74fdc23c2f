//! Versions of Asterisk, and what came with which.

use std::fmt;

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32);

impl Version {
    /// Reads what an Asterisk says of itself, such as `22.10.1~dfsg` or `certified/18.9-cert1`; none where it says no number.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix("certified/").unwrap_or(text);
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        Some(Self(major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
    }

    /// Whether it is one of these releases or a later one of the same branch, or of a branch after the last of them.
    pub(super) fn has(self, since: &[Self]) -> bool {
        let same = since.iter().find(|since| since.0 == self.0);
        let last = since.iter().map(|since| since.0).max().unwrap_or(0);
        same.map_or(self.0 > last, |since| self >= *since)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The oldest with which the proxy is tested.
pub(super) const OLDEST: Version = Version(16, 0);
/// Channels can be moved between applications.
pub(super) const MOVES: [Version; 2] = [Version(13, 26), Version(16, 3)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_asterisk_says_is_read() {
        for (text, version) in [
            ("22.10.1~dfsg+~cs6.16.60671434-1", Some(Version(22, 10))),
            ("16.28.0~dfsg-0+deb11u4", Some(Version(16, 28))),
            ("certified/18.9-cert1", Some(Version(18, 9))),
            ("23", Some(Version(23, 0))),
            ("GIT-master-abc", None),
            ("", None),
        ] {
            assert_eq!(Version::read(text), version, "{text}");
        }
    }

    #[test]
    fn a_branch_has_what_came_into_it() {
        for (version, has) in [
            (Version(13, 25), false),
            (Version(13, 26), true),
            (Version(14, 7), false),
            (Version(16, 2), false),
            (Version(16, 28), true),
            (Version(17, 0), true),
        ] {
            assert_eq!(version.has(&MOVES), has, "{version}");
        }
    }
}
