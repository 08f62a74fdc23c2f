//! What has to be done with an object that is there, so that it is what was declared.

use super::{
    mark::Mark,
    object::{Kind, Object},
    shown::{Shown, agree},
};

/// Attributes that may stand several times. Asterisk adds to them instead of setting them.
const ADDED_TO: [&str; 4] = ["contact", "local_net", "match", "set_var"];

/// What has to be done, and for which attributes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Nothing,
    /// Set these, which may be none: then only the mark is not up to date.
    Change(Vec<&'a str>),
    /// Make it anew: Asterisk has no way to change these.
    Replace(Vec<&'a str>),
}

/// What has to be done with one that is shown like this, and is of this set.
///
/// Asterisk keeps what a change leaves out. So what is not declared any more would stay as it is, if the object were not made
/// anew.
pub(super) fn step<'a>(object: &'a Object, shown: &'a Shown) -> Step<'a> {
    let (before, now) = (Mark::on(shown), Mark::of(object));
    let (mut set, mut replace) = (Vec::new(), Vec::new());
    for attribute in object.attributes() {
        let (name, known) = (attribute.name.as_str(), before.knows(attribute));
        match shown.get(name) {
            None if known => {}
            None => replace.push(name),
            Some(shown) if *shown == attribute.values => {}
            // Only what was declared before, so that no new value is ever taken for the old one.
            Some(shown) if known && is_as_declared(object, name, &attribute.values, shown) => {}
            Some(shown) => {
                let several = attribute.values.len() > 1 || shown.len() > 1 || ADDED_TO.contains(&name);
                if several { &mut replace } else { &mut set }.push(name);
            }
        }
    }
    let declared = |name: &&str| object.attributes().iter().any(|attribute| attribute.name == **name);
    replace.extend(before.names().filter(|name| !declared(name)));
    if object.name.kind == Kind::Transport {
        // One that is made anew goes on as it was, since Asterisk does not close its socket.
        set.append(&mut replace);
        set.retain(declared);
    }
    if !replace.is_empty() {
        set.append(&mut replace);
        Step::Replace(set)
    } else if set.is_empty() && before == now {
        Step::Nothing
    } else {
        Step::Change(set)
    }
}

/// Whether the attribute of an object is shown as it was declared. What belongs to a password is compared as it is.
pub(super) fn is_as_declared(
    object: &Object,
    attribute: &str,
    declared: &[String],
    shown: &[String],
) -> bool {
    *shown == *declared || (object.name.kind != Kind::Auth && agree(attribute, declared, shown))
}

#[cfg(test)]
mod tests;
