//! What Asterisk shows of an object, and whether that is what was declared.
//!
//! It shows every attribute, most of them with a default, in words of its own: `yes` as `true`, `3` as `3.000000`, `!all,ulaw,gsm`
//! as `(ulaw|gsm)`, `10.0.0.0/8` as `10.0.0.0/255.0.0.0`.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Deserialize;

/// An object's attributes.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Shown(BTreeMap<String, Vec<String>>);

/// An attribute as ARI has it, in both directions.
#[derive(Deserialize)]
pub(super) struct Field {
    attribute: String,
    value: String,
}

impl Shown {
    /// The values of an attribute; some are never shown, such as `set_var`.
    pub(super) fn get(&self, attribute: &str) -> Option<&[String]> {
        self.0.get(attribute).map(Vec::as_slice)
    }

    /// The value of one that has one.
    pub(super) fn text(&self, attribute: &str) -> Option<&str> {
        self.get(attribute).and_then(<[String]>::first).map(String::as_str)
    }
}

impl FromIterator<Field> for Shown {
    fn from_iter<Fields: IntoIterator<Item = Field>>(fields: Fields) -> Self {
        let mut shown = Self::default();
        for Field { attribute, value } in fields {
            shown.0.entry(attribute).or_default().push(value);
        }
        shown
    }
}

#[cfg(test)]
impl FromIterator<(String, Vec<String>)> for Shown {
    fn from_iter<All: IntoIterator<Item = (String, Vec<String>)>>(all: All) -> Self {
        Self(all.into_iter().collect())
    }
}

/// Whether Asterisk's words mean what was declared.
pub(super) fn agree(attribute: &str, declared: &[String], shown: &[String]) -> bool {
    let unordered = declared.len() > 1 || shown.len() > 1 || attribute.ends_with("_group");
    let (declared, mut shown) = (items(attribute, declared), items(attribute, shown));
    if declared.len() != shown.len() {
        return false;
    }
    if !unordered {
        return declared.iter().zip(&shown).all(|(declared, shown)| same(declared, shown));
    }
    declared.iter().all(|declared| {
        let found = shown.iter().position(|shown| same(declared, shown));
        found.map(|found| shown.swap_remove(found)).is_some()
    })
}

/// The items of all values; nothing is none.
fn items(attribute: &str, values: &[String]) -> Vec<String> {
    let mut items = Vec::new();
    for value in values {
        let value = value.trim().trim_start_matches('(').trim_end_matches(')');
        let parts = value.split([',', '|']).map(str::trim);
        for part in parts.filter(|part| !part.is_empty() && *part != "!all" && *part != "nothing") {
            match range(part).filter(|_| attribute.ends_with("_group")) {
                Some(range) => items.extend(range.map(|number| number.to_string())),
                None => items.push(part.to_owned()),
            }
        }
    }
    items
}

/// A range of groups, of which there are 64.
fn range(text: &str) -> Option<std::ops::RangeInclusive<u8>> {
    let (first, last) = text.split_once('-')?;
    Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
}

fn same(declared: &str, shown: &str) -> bool {
    declared == shown
        || boolean(declared).is_some_and(|value| boolean(shown) == Some(value))
        || number(declared).is_some_and(|value| number(shown) == Some(value))
        || network(declared).is_some_and(|value| network(shown) == Some(value))
}

/// In all the words that Asterisk takes.
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "y" | "t" | "1" | "on" => Some(true),
        "no" | "false" | "n" | "f" | "0" | "off" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// An address, and how many bits of it count.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = match mask {
        None => all,
        Some(mask) => mask.parse().ok().or_else(|| match mask.parse().ok()? {
            IpAddr::V4(mask) => Some(u32::from(mask).count_ones()),
            IpAddr::V6(mask) => Some(u128::from(mask).count_ones()),
        })?,
    };
    Some((address, bits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agreed(attribute: &str, declared: &[&str], shown: &[&str]) -> bool {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        agree(attribute, &owned(declared), &owned(shown))
    }

    #[test]
    fn asterisks_words_are_known() {
        for (attribute, declared, shown) in [
            ("direct_media", "no", "false"),
            ("dtls_verify", "no", "No"),
            ("moh_passthrough", "1", "true"),
            ("qualify_timeout", "3", "3.000000"),
            ("rtp_timeout", " 30", "30"),
            ("allow", "!all,ulaw, alaw", "(ulaw|alaw)"),
            ("allow", "!all", "(nothing)"),
            ("identify_by", "username, ip", "username,ip"),
            ("call_group", "1,3-5", "1, 3, 4, 5"),
            ("named_call_group", "b,a", "a, b"),
            ("match", "127.0.0.1", "127.0.0.1/255.255.255.255"),
            ("match", "10.0.0.0/8", "10.0.0.0/255.0.0.0"),
            ("match", "fe80::/10", "fe80::/ffc0::"),
            ("callerid", "\"Alice A\" <100>", "\"Alice A\" <100>"),
            ("mailboxes", "", ""),
        ] {
            assert!(agreed(attribute, &[declared], &[shown]), "{attribute} {declared} {shown}");
        }
        assert!(agreed("contact", &["sip:a@h", "sip:b@h"], &["sip:b@h", "sip:a@h"]));
        assert!(agreed("contact", &["sip:a@h,sip:b@h"], &["sip:a@h", "sip:b@h"]));
        for (attribute, declared, shown) in [
            ("direct_media", "maybe", "false"),
            ("allow", "!all,ulaw,alaw", "(alaw|ulaw)"),
            ("allow", "!all,ulaw", "(ulaw|alaw)"),
            ("match", "10.0.0.0/8", "10.0.0.0/255.255.0.0"),
            ("context", "x", ""),
            ("call_group", "5-1", "1"),
        ] {
            assert!(!agreed(attribute, &[declared], &[shown]), "{attribute} {declared} {shown}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_there_agrees_with_itself(
            attribute in "[a-z_]{0,8}(_group)?", values in prop::collection::vec("[a-z0-9 ,|()!./:<>-]{0,20}|\\PC*", 0..4),
        ) {
            prop_assert!(agree(&attribute, &values, &values));
        }
    }
}
