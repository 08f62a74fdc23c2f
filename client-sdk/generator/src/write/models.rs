//! The models: a structure for each.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{Writer, file::reference, names};
use crate::{Error, Field, Model, Resource, Result};

impl Writer<'_> {
    /// The models of a resource that are no events; `None` where there are none.
    pub(super) fn models(&mut self, resource: &Resource) -> Result<Option<String>> {
        let mut code = String::new();
        for model in self.description.objects(resource) {
            code.push_str(&self.model(model)?);
        }
        let about = format!("Models that came with the resource `{}`.", resource.name);
        Ok(Some(self.file(&about, &code)).filter(|_| !code.is_empty()))
    }

    pub(super) fn model(&mut self, model: &Model) -> Result<String> {
        let name = &model.name;
        let mut code = format!("/// {}\n", self.words.model(name));
        code.push_str(&reference(&self.description.version, "Asterisk_REST_Data_Models", name));
        let _ = writeln!(
            code,
            "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n#[non_exhaustive]\npub struct {name} {{"
        );
        for field in self.description.fields(model) {
            code.push_str(&self.field(model, field)?);
        }
        code.push_str(
            "/// What else came, by name.\n#[serde(flatten)]\npub extra: Map<String, Value>,\n}\n\n",
        );
        Ok(code)
    }

    fn field(&mut self, model: &Model, field: &Field) -> Result<String> {
        let mut kind = self.field_type(model, field)?;
        let given = self.words.field_name(&model.name, &field.name);
        let name = given.map_or_else(|| names::field(&field.name), str::to_owned);
        let mut code = format!("/// {}\n", self.words.field(&model.name, &field.name));
        if name.trim_start_matches("r#") != field.name {
            let _ = writeln!(code, "#[serde(rename = {:?})]", field.name);
        }
        if kind == "OffsetDateTime" {
            code.push_str("#[serde(with = \"timestamp\")]\n");
        }
        if !field.required || self.words.is_lenient(&model.name, &field.name) {
            kind = format!("Option<{kind}>");
            code.push_str("#[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
        }
        let _ = writeln!(code, "pub {name}: {kind},");
        Ok(code)
    }

    fn field_type(&mut self, model: &Model, field: &Field) -> Result<String> {
        let given = self.words.field_type(&model.name, &field.name);
        let entry = field.kind.strip_prefix("List[").and_then(|rest| rest.strip_suffix(']'));
        if !field.values.is_empty() {
            let name = given.map_or_else(|| model.name.clone() + &names::pascal(&field.name), str::to_owned);
            self.listed.value(&name, &field.values)?;
            return Ok(name);
        }
        let one = match (given, entry.unwrap_or(&field.kind)) {
            (Some("any"), _) => "Value",
            (Some("time"), _) => "OffsetDateTime",
            (Some(id), "string") if self.words.is_id(id) => id,
            (None, "string") => "String",
            (None, "int" | "long") => "i64",
            (None, "double") => "f64",
            (None, "boolean") => "bool",
            (None, "Date") => "OffsetDateTime",
            (None, "object") => "Map<String, Value>",
            (None, other) if self.description.models().any(|model| model.name == other) => other,
            (given, kind) => {
                let problem = format!("{}.{} is {kind}, in Rust {given:?}", model.name, field.name);
                return Err(Error::description(&model.name, problem));
            }
        };
        Ok(match entry {
            Some(_) => format!("Vec<{one}>"),
            None if self.reaches(one, &model.name, &mut BTreeSet::new()) => format!("Box<{one}>"),
            None => one.to_owned(),
        })
    }

    /// Whether a model has another inside, at any depth, other than in a list.
    fn reaches(&self, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
        let Some(model) = self.description.models().find(|model| model.name == from) else { return false };
        if from == to || !seen.insert(from.to_owned()) {
            return from == to;
        }
        self.description.fields(model).iter().any(|field| self.reaches(&field.kind, to, seen))
    }

    pub(super) fn model_root(&self) -> String {
        let mut code = String::new();
        for resource in &self.description.resources {
            if self.description.objects(resource).next().is_some() {
                let module = names::snake(&resource.name);
                let _ = writeln!(code, "mod {module};\npub use {module}::*;");
            }
        }
        format!("{}\n\n{code}", self.head("What operations answer and events tell of."))
    }
}
