//! What an Asterisk says of its ARI, in Swagger 1.1 or 1.2, without its texts.

use serde::Deserialize;
use serde_json::Value;

use crate::{Error, Result, swagger};

/// A whole description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The version of the Asterisk that it is of, such as `22.10.1`.
    pub version: String,
    /// The resources, by name.
    pub resources: Vec<Resource>,
}

/// A resource: the operations and models of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name, such as `deviceStates`.
    pub name: String,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// The models that it brings.
    pub models: Vec<Model>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name, unique in its resource.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// The path, with its parameters in braces.
    pub path: String,
    /// The type that it answers: `void`, a model, `List[…]` of one.
    pub answer: String,
    /// Whether it opens a websocket.
    pub websocket: bool,
    /// What it takes.
    pub parameters: Vec<Parameter>,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In the JSON body.
    Body,
}

/// A parameter of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its type; of a list that of an entry.
    pub kind: String,
    /// Whether the operation cannot do without. What stands in a path always is, whatever the description says.
    pub required: bool,
    /// Whether it is a list.
    pub list: bool,
    /// The values that it may have, where they are listed.
    pub values: Vec<String>,
    /// What it must lie within.
    pub range: Range,
}

/// What a number must lie within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// The least.
    pub least: Option<i64>,
    /// The most.
    pub most: Option<i64>,
}

/// A model: an object that operations answer, or an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The models that are this one and more.
    pub subtypes: Vec<String>,
    /// Its fields, without those that it has from a model that it is a subtype of.
    pub fields: Vec<Field>,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is always there.
    pub required: bool,
    /// The values that it may have, where they are listed.
    pub values: Vec<String>,
}

impl Description {
    /// Reads it: each resource's name with its JSON.
    ///
    /// # Errors
    /// `Description` when one is not Swagger as Asterisk writes it.
    pub fn read(version: &str, files: &[(String, Value)]) -> Result<Self> {
        let resource = |(name, json): &(String, Value)| {
            serde_json::from_value::<swagger::Resource>(json.clone())
                .map_err(|error| Error::description(name, error))
                .map(|read| read.into_resource(name))
        };
        let mut resources = files.iter().map(resource).collect::<Result<Vec<_>>>()?;
        resources.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { version: version.to_owned(), resources })
    }

    /// All operations, each with its resource.
    pub fn operations(&self) -> impl Iterator<Item = (&Resource, &Operation)> {
        self.resources
            .iter()
            .flat_map(|resource| resource.operations.iter().map(move |operation| (resource, operation)))
    }

    /// All models, whichever resource brings them.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.resources.iter().flat_map(|resource| &resource.models)
    }

    /// The models that are events.
    pub fn events(&self) -> impl Iterator<Item = &Model> {
        let base = self.models().find(|model| model.name == EVENT);
        let names = base.map(|model| model.subtypes.as_slice()).unwrap_or_default();
        self.models().filter(|model| names.contains(&model.name))
    }

    /// The models of a resource that are neither events nor what events have in common.
    pub fn objects<'a>(&'a self, resource: &'a Resource) -> impl Iterator<Item = &'a Model> {
        let is_event = |model: &Model| self.events().any(|event| event.name == model.name);
        resource.models.iter().filter(move |model| model.name != EVENT && !is_event(model))
    }

    /// All fields of a model, those of what it is a subtype of first.
    pub fn fields<'a>(&'a self, model: &'a Model) -> Vec<&'a Field> {
        let mut line = vec![model];
        while let Some(above) = line.last().and_then(|last| self.above(last))
            // A description that goes in circles ends here.
            && !line.contains(&above)
        {
            line.push(above);
        }
        line.iter().rev().flat_map(|model| &model.fields).collect()
    }

    fn above(&self, model: &Model) -> Option<&Model> {
        self.models().find(|above| above.subtypes.contains(&model.name))
    }
}

/// The model that all events are subtypes of.
pub(crate) const EVENT: &str = "Event";

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A description of our own.
    pub(crate) fn garden() -> Description {
        let files = [
            (
                "plants".to_owned(),
                json!({
                    "apis": [
                        { "path": "/plants", "operations": [
                            { "httpMethod": "GET", "nickname": "list", "responseClass": "List[Plant]" },
                            { "httpMethod": "POST", "nickname": "sow", "responseClass": "Plant", "parameters": [
                                { "name": "plantId", "paramType": "query", "dataType": "string" },
                                { "name": "kind", "paramType": "query", "dataType": "string", "required": true,
                                  "allowMultiple": true,
                                  "allowableValues": { "valueType": "LIST", "values": ["tall", "half-tall", "*"] } },
                                { "name": "depthms", "paramType": "query", "dataType": "int",
                                  "allowableValues": { "valueType": "RANGE", "min": 0, "max": 9 } },
                                { "name": "variables", "paramType": "body", "dataType": "containers" },
                            ] },
                        ] },
                        { "path": "/plants/{plantId}", "operations": [
                            { "httpMethod": "DELETE", "nickname": "pull", "responseClass": "void", "parameters": [
                                { "name": "plantId", "paramType": "path", "dataType": "string" },
                            ] },
                            { "httpMethod": "GET", "nickname": "watch", "responseClass": "Message", "upgrade": "websocket" },
                        ] },
                    ],
                    "models": {
                        "Plant": { "id": "Plant", "properties": {
                            "id": { "type": "string", "required": true },
                            "state": { "type": "string", "required": true,
                                       "allowableValues": { "valueType": "LIST", "values": ["seed", "in bloom"] } },
                            "sown": { "type": "Date", "required": true },
                            "mother": { "type": "Plant" },
                        } },
                    },
                }),
            ),
            (
                "events".to_owned(),
                json!({
                    "apis": [],
                    "models": {
                        "Message": { "id": "Message", "subTypes": ["Event"], "properties": {
                            "type": { "type": "string", "required": true } } },
                        "Event": { "id": "Event", "subTypes": ["Rain"], "properties": {
                            "application": { "type": "string", "required": true },
                            "timestamp": { "type": "Date", "required": true } } },
                        "Rain": { "id": "Rain", "properties": { "on": { "type": "List[Plant]", "required": true } } },
                    },
                }),
            ),
        ];
        Description::read("1.2.3", &files).unwrap()
    }

    #[test]
    fn a_description_is_read_with_all_that_it_says() {
        let garden = garden();
        let names: Vec<_> = garden.resources.iter().map(|resource| resource.name.as_str()).collect();
        assert_eq!(names, ["events", "plants"]);
        let operations: Vec<_> = garden.operations().map(|(_, operation)| operation).collect();
        assert_eq!(operations.len(), 4);
        assert_eq!(operations[1].parameters[1].values, ["tall", "half-tall", "*"]);
        assert_eq!(operations[1].parameters[2].range, Range { least: Some(0), most: Some(9) });
        assert!(operations[2].parameters[0].required, "a path cannot do without");
        assert!(operations[3].websocket && !operations[2].websocket);
    }

    #[test]
    fn an_event_has_the_fields_of_all_above_it() {
        let garden = garden();
        let rain = garden.events().next().unwrap();
        let fields: Vec<_> = garden.fields(rain).into_iter().map(|field| field.name.as_str()).collect();
        assert_eq!(fields, ["type", "application", "timestamp", "on"]);
    }

    #[test]
    fn what_is_no_description_is_an_error_that_names_the_part() {
        let error = Description::read("1", &[("x".to_owned(), json!({ "apis": 5 }))]).unwrap_err();
        assert!(error.to_string().starts_with("the description of x: "), "{error}");
        let circle = json!({ "apis": [], "models": { "A": { "subTypes": ["A"] } } });
        let circle = Description::read("1", &[("x".to_owned(), circle)]).unwrap();
        assert_eq!(circle.models().map(|model| circle.fields(model).len()).collect::<Vec<_>>(), [0]);
    }
}
