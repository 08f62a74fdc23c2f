//! A description as Swagger has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::describe;

#[derive(Deserialize)]
pub(crate) struct Resource {
    apis: Vec<Api>,
    #[serde(default)]
    models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct Api {
    path: String,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    http_method: String,
    nickname: String,
    response_class: String,
    upgrade: Option<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameter {
    name: String,
    param_type: describe::Place,
    data_type: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    allow_multiple: bool,
    #[serde(default)]
    allowable_values: Allowable,
}

#[derive(Default, Deserialize)]
struct Allowable {
    #[serde(default)]
    values: Vec<String>,
    min: Option<i64>,
    max: Option<i64>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(default, rename = "subTypes")]
    subtypes: Vec<String>,
    #[serde(default)]
    // By name: what is written from it must not depend on the order of JSON.
    properties: BTreeMap<String, Property>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    allowable_values: Allowable,
}

impl Resource {
    pub(crate) fn into_resource(self, name: &str) -> describe::Resource {
        let operations = self.apis.into_iter().flat_map(|api| {
            api.operations.into_iter().map(move |operation| operation.into_operation(&api.path))
        });
        let models = self.models.into_iter().map(|(name, model)| model.into_model(name));
        describe::Resource {
            name: name.to_owned(),
            operations: operations.collect(),
            models: models.collect(),
        }
    }
}

impl Operation {
    fn into_operation(self, path: &str) -> describe::Operation {
        describe::Operation {
            name: self.nickname,
            method: self.http_method,
            path: path.to_owned(),
            answer: self.response_class,
            websocket: self.upgrade.as_deref() == Some("websocket"),
            parameters: self.parameters.into_iter().map(Parameter::into_parameter).collect(),
        }
    }
}

impl Parameter {
    fn into_parameter(self) -> describe::Parameter {
        let range = describe::Range { least: self.allowable_values.min, most: self.allowable_values.max };
        describe::Parameter {
            name: self.name,
            place: self.param_type,
            kind: self.data_type,
            required: self.required || self.param_type == describe::Place::Path,
            list: self.allow_multiple,
            values: self.allowable_values.values,
            range,
        }
    }
}

impl Model {
    fn into_model(self, name: String) -> describe::Model {
        let fields = self.properties.into_iter().map(|(name, property)| {
            let Property { kind, required, allowable_values } = property;
            describe::Field { name, kind, required, values: allowable_values.values }
        });
        describe::Model { name, subtypes: self.subtypes, fields: fields.collect() }
    }
}
