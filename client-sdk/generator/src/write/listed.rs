//! Types of which the description lists the values: choices for parameters, values for fields.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Writer, names::pascal};
use crate::{Error, Result};

/// Those that were met, with their values.
#[derive(Default)]
pub(super) struct Listed {
    choices: Types,
    values: Types,
}

impl Listed {
    /// A parameter has this type.
    pub(super) fn choice(&mut self, name: &str, values: &[String]) -> Result<()> {
        add(&mut self.choices, &self.values, name, values)
    }

    /// A field has this type.
    pub(super) fn value(&mut self, name: &str, values: &[String]) -> Result<()> {
        add(&mut self.values, &self.choices, name, values)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.choices.keys().chain(self.values.keys()).cloned()
    }
}

type Types = BTreeMap<String, Vec<String>>;

fn add(types: &mut Types, others: &Types, name: &str, values: &[String]) -> Result<()> {
    if others.contains_key(name) {
        return Err(Error::Words(format!("{name} is one type for a parameter and a field")));
    }
    let mut values = values.to_vec();
    values.sort();
    let known = types.entry(name.to_owned()).or_insert_with(|| values.clone());
    if *known == values {
        Ok(())
    } else {
        Err(Error::Words(format!("{name} is one type for two lists of values, {known:?} and {values:?}")))
    }
}

impl Writer<'_> {
    pub(super) fn choices(&self) -> String {
        self.lists("Values of parameters.", "choice", &self.listed.choices)
    }

    pub(super) fn values(&self) -> String {
        self.lists("Values of fields.", "value", &self.listed.values)
    }

    fn lists(&self, about: &str, maker: &str, table: &Types) -> String {
        let mut code = format!("{}\n\nuse crate::typed::{maker};\n", self.head(about));
        for (name, values) in table {
            let _ = writeln!(code, "\n{maker}! {{\n    /// {}\n    {name} {{", self.words.values(name));
            for value in values {
                let (variant, words) = self.words.value(name, value);
                let variant = variant.map_or_else(|| pascal(value), str::to_owned);
                let _ = writeln!(code, "        /// {words}\n        {variant} = {value:?},");
            }
            code.push_str("    }\n}\n");
        }
        code
    }

    pub(super) fn ids(&self) -> String {
        let mut code = format!("{}\n\nuse crate::typed::id;\n", self.head("Ids and names."));
        for (name, words) in self.words.ids() {
            let _ = write!(code, "\nid! {{\n    /// {words}\n    {name}\n}}\n");
        }
        code
    }
}
