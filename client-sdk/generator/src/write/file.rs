//! What every file has: who wrote it, and what it uses.

use std::collections::{BTreeMap, BTreeSet};

use super::Writer;

/// By what it is written again.
const COMMAND: &str =
    "cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari";

/// What a file may use beside the types of `ari` itself: a name, and where it is.
const USED: [(&str, &str); 24] = [
    ("BTreeMap", "std::collections::BTreeMap"),
    ("Duration", "std::time::Duration"),
    ("Bytes", "bytes::Bytes"),
    ("Deserialize", "serde::Deserialize"),
    ("Serialize", "serde::Serialize"),
    ("Map", "serde_json::Map"),
    ("Value", "serde_json::Value"),
    ("OffsetDateTime", "time::OffsetDateTime"),
    ("Method", "crate::Method"),
    ("ObjectKind", "crate::ObjectKind"),
    ("Operation", "crate::Operation"),
    ("OperationInfo", "crate::OperationInfo"),
    ("ParameterInfo", "crate::ParameterInfo"),
    ("Parts", "crate::Parts"),
    ("Response", "crate::Response"),
    ("WrongParameter", "crate::WrongParameter"),
    ("Timeout", "crate::ari::Timeout"),
    ("milliseconds", "crate::typed::milliseconds"),
    ("pairs", "crate::typed::pairs"),
    ("seconds", "crate::typed::seconds"),
    ("settings", "crate::typed::settings"),
    ("texts", "crate::typed::texts"),
    ("timestamp", "crate::typed::timestamp"),
    ("tuples", "crate::typed::tuples"),
];

impl Writer<'_> {
    /// A file: what it is about, and its code.
    pub(super) fn file(&self, about: &str, code: &str) -> String {
        format!("{}\n\n{}\n\n{code}", self.head(about), self.uses(code))
    }

    /// The lines that every file begins with.
    pub(super) fn head(&self, about: &str) -> String {
        let version = &self.description.version;
        format!("// Written by `{COMMAND}`\n// from Asterisk {version}. Not to be edited.\n\n//! {about}")
    }

    /// Imports what the code names.
    fn uses(&self, code: &str) -> String {
        let words = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split(|character: char| !character.is_alphanumeric() && character != '_'))
            .collect::<BTreeSet<_>>();
        let is_defined = |name: &str| code.contains(&format!("pub struct {name} {{"));
        let own =
            self.type_names().into_iter().filter(|name| words.contains(name.as_str()) && !is_defined(name));
        let used = USED.into_iter().filter(|(name, _)| words.contains(name)).map(|(_, path)| path);
        let (within, without): (Vec<_>, Vec<_>) = used.partition(|path| path.starts_with("crate::"));
        let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let own = own.map(|name| format!("crate::ari::{name}"));
        for path in within.into_iter().map(str::to_owned).chain(own) {
            if let Some((module, name)) = path.rsplit_once("::") {
                modules.entry(module.to_owned()).or_default().push(name.to_owned());
            }
        }
        let within = modules.into_iter().map(|(module, names)| {
            let names = names.join(", ");
            match module.strip_prefix("crate::") {
                Some(module) => format!("{module}::{{{names}}}"),
                None => names,
            }
        });
        let within: Vec<_> = within.collect();
        // A blank line divides what rustfmt may sort.
        let uses = |paths: Vec<&str>| paths.iter().map(|path| format!("use {path};\n")).collect::<String>();
        let (std, other): (Vec<_>, Vec<_>) = without.into_iter().partition(|path| path.starts_with("std::"));
        format!("{}\n{}\nuse crate::{{{}}};\n", uses(std), uses(other), within.join(", "))
    }

    /// The types that stand in `ari` itself, operations apart.
    fn type_names(&self) -> Vec<String> {
        let models = self.description.models().map(|model| model.name.clone());
        let ids = self.words.ids().map(|(name, _)| name.clone());
        models.chain(ids).chain(self.listed.names()).collect()
    }
}

/// A link to Asterisk's reference, for the end of a comment.
pub(super) fn reference(version: &str, page: &str, anchor: &str) -> String {
    let major = version.split('.').next().unwrap_or_default();
    let anchor = anchor.to_lowercase();
    format!(
        "///\n/// [Reference](https://docs.asterisk.org/Asterisk_{major}_Documentation/API_Documentation/\
         Asterisk_REST_Interface/{page}/#{anchor})\n"
    )
}
