//! Asterisk's dynamic configuration, an object at a time.

use serde_json::{Value, json};

use super::{
    Error, Name,
    shown::{Field, Shown},
};
use crate::{CommandError, CommandErrorKind, Method, Request, Response, Session, path};

/// The configuration of the Asterisk that a session reaches.
pub(super) struct Store<'a>(pub(super) &'a Session);

impl Store<'_> {
    /// An object, if it is there.
    pub(super) async fn get(&self, name: &Name) -> Result<Option<Shown>, Error> {
        match self.request(Method::Get, name).await {
            Ok(response) => shown(name, &response).map(Some),
            Err(source) if source.kind() == CommandErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed(name, &[], source)),
        }
    }

    /// Makes an object, or sets attributes of one; yields how it is shown then.
    pub(super) async fn put(&self, name: &Name, fields: &[(String, String)]) -> Result<Shown, Error> {
        let response = self.send(name, fields).await.map_err(|source| failed(name, fields, source))?;
        shown(name, &response)
    }

    /// Sets attributes of an object; `None` if Asterisk cannot change this one, whatever the values. It changes a copy, and has no way to
    /// copy some, such as an endpoint with `set_var`.
    pub(super) async fn change(
        &self,
        name: &Name,
        fields: &[(String, String)],
    ) -> Result<Option<Shown>, Error> {
        match self.send(name, fields).await {
            Ok(response) => shown(name, &response).map(Some),
            Err(source) if source.status() == Some(500) => Ok(None),
            Err(source) => Err(failed(name, fields, source)),
        }
    }

    async fn send(&self, name: &Name, fields: &[(String, String)]) -> Result<Response, CommandError> {
        let body: Vec<Value> =
            fields.iter().map(|(name, value)| json!({ "attribute": name, "value": value })).collect();
        self.request(Method::Put, name).json(json!({ "fields": body })).await
    }

    /// Removes an object; it may be gone already.
    pub(super) async fn delete(&self, name: &Name) -> Result<(), Error> {
        match self.request(Method::Delete, name).await {
            Err(source) if source.kind() != CommandErrorKind::NotFound => Err(failed(name, &[], source)),
            _ => Ok(()),
        }
    }

    fn request(&self, method: Method, name: &Name) -> Request {
        let path = path(&["asterisk", "config", "dynamic", "res_pjsip", name.kind.as_str(), &name.id]);
        self.0.command(method, path)
    }
}

fn shown(name: &Name, response: &Response) -> Result<Shown, Error> {
    let fields = response.json::<Vec<Field>>().map_err(|source| failed(name, &[], source))?;
    Ok(fields.into_iter().collect())
}

fn failed(name: &Name, fields: &[(String, String)], source: CommandError) -> Error {
    let mut attributes: Vec<String> =
        fields.iter().map(|(name, _)| name.clone()).filter(|name| !name.starts_with('@')).collect();
    attributes.dedup();
    Error::Command { name: name.clone(), attributes, source: Box::new(source) }
}
