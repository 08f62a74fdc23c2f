//! What is declared: objects by kind and id, with the attributes that they are to have.

use std::fmt;

/// Which kind of object it is. They are made in this order, and removed in the opposite one, so that none ever names another that
/// is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Where SIP is spoken.
    Transport,
    /// How somebody proves who they are.
    Auth,
    /// Where somebody is reached (an "address of record").
    Aor,
    /// A phone or a trunk.
    Endpoint,
    /// Which addresses an endpoint's requests come from.
    Identify,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Transport, Self::Auth, Self::Aor, Self::Endpoint, Self::Identify];

    /// As Asterisk calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Auth => "auth",
            Self::Aor => "aor",
            Self::Endpoint => "endpoint",
            Self::Identify => "identify",
        }
    }
}

/// An object by its kind and its id; shown as `endpoint alice`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Name {
    /// What it is.
    pub kind: Kind,
    /// Its id, which no other of its kind has.
    pub id: String,
}

impl Name {
    pub(super) fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.id)
    }
}

/// How the ids of AORs begin that hold the list of a set's objects.
pub(super) const LISTS: &str = "ari-client.";

/// An object as it is declared.
#[derive(Clone)]
pub(super) struct Object {
    pub(super) name: Name,
    attributes: Vec<Attribute>,
}

/// An attribute, with one value or several.
#[derive(Clone)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl Object {
    pub(super) fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { name: Name::new(kind, id), attributes: Vec::new() }
    }

    /// In the order in which they were declared: `disallow` and `allow`, for one, are read in turn.
    pub(super) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Gives an attribute this value and no other.
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, mut value) = (name.into(), value.into());
        if name == "allow" && !value.trim_start().starts_with("!all") {
            // Asterisk would add the codecs to those that are allowed already.
            value.insert_str(0, "!all,");
        }
        match self.attributes.iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.values = vec![value],
            None => self.attributes.push(Attribute { name, values: vec![value] }),
        }
    }

    /// Gives an attribute one more value.
    pub(super) fn add(&mut self, name: &str, value: impl Into<String>) {
        match self.attributes.iter_mut().find(|attribute| attribute.name == name) {
            Some(attribute) => attribute.values.push(value.into()),
            None => self.set(name, value),
        }
    }

    fn has_codecs(&self) -> bool {
        let codecs = self.attributes.iter().find(|attribute| attribute.name == "allow");
        let mut codecs =
            codecs.into_iter().flat_map(|codecs| &codecs.values).flat_map(|value| value.split(','));
        codecs.any(|codec| !codec.trim().is_empty() && !codec.trim().starts_with('!'))
    }

    /// What cannot be declared.
    pub(super) fn check(&self) -> Result<(), String> {
        let id = &self.name.id;
        // In a path the dots are other places, and Asterisk reads no further than a NUL.
        if matches!(id.as_str(), "" | "." | "..") || id.chars().any(char::is_control) {
            return Err("this is no id".to_owned());
        }
        if self.name.kind == Kind::Aor && id.starts_with(LISTS) {
            return Err(format!("ids that begin with {LISTS} are for lists of what a set has"));
        }
        if self.name.kind == Kind::Endpoint && !self.has_codecs() {
            return Err("it has no codecs (`allow`), and Asterisk could not read it again".to_owned());
        }
        let plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match self.attributes.iter().find(|attribute| !plain(&attribute.name)) {
            Some(odd) => Err(format!("{:?} is no name of an attribute", odd.name)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Object {
    /// Without values, some of which are passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        f.debug_struct("Object").field("name", &self.name).field("attributes", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(object: &Object, name: &str) -> Vec<String> {
        let found = object.attributes().iter().filter(|attribute| attribute.name == name);
        found.flat_map(|attribute| attribute.values.clone()).collect()
    }

    #[test]
    fn the_last_word_stands_and_codecs_are_these_and_no_others() {
        let mut object = Object::new(Kind::Endpoint, "alice");
        for codecs in ["ulaw", "!all,gsm", "alaw"] {
            object.set("allow", codecs);
        }
        assert_eq!(values(&object, "allow"), ["!all,alaw"]);
        object.add("set_var", "a=1");
        object.add("set_var", "b=2");
        assert_eq!(values(&object, "set_var"), ["a=1", "b=2"]);
        object.set("set_var", "c=3");
        assert_eq!(values(&object, "set_var"), ["c=3"]);
    }

    #[test]
    fn what_cannot_be_declared_is_told_and_no_value_shown() {
        let mut endpoint = Object::new(Kind::Endpoint, "alice");
        assert!(endpoint.check().is_err());
        for (codecs, usable) in
            [("", false), ("!all", false), (" , !gsm", false), ("ulaw", true), ("all,!gsm", true)]
        {
            endpoint.set("allow", codecs);
            assert_eq!(endpoint.check().is_ok(), usable, "{codecs:?}");
        }
        for id in ["", ".", "..", "a\0b", "a\nb"] {
            assert!(Object::new(Kind::Aor, id).check().is_err(), "{id:?}");
        }
        assert!(Object::new(Kind::Aor, "ari-client.office").check().is_err());
        assert!(Object::new(Kind::Auth, "ari-client.office").check().is_ok());
        for odd in ["", "@ari_client_set", "a b", "a=b"] {
            let mut object = Object::new(Kind::Aor, "alice");
            object.set(odd, "s3cret");
            let problem = object.check().unwrap_err();
            assert!(!format!("{problem} {object:?}").contains("s3cret"));
        }
    }
}
