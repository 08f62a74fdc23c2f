// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on endpoints, and messages to them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter, ari::Endpoint,
    typed::settings,
};

/// Lists the endpoints that there are.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#list)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct List {}

impl List {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for List {
    type Answer = Vec<Endpoint>;
    const INFO: &'static OperationInfo = &OperationInfo::new("endpoints", "list", Method::Get, "/endpoints");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Endpoint>> {
        response.json()
    }
}

/// Sends a text message to any URI or endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#sendmessage)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SendMessage {
    to: String,
    from: String,
    body: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

impl SendMessage {
    /// With what it cannot do without.
    ///
    /// * `to`: Whom it goes to: a URI, or an endpoint.
    /// * `from`: Who sends it: a URI, or an endpoint.
    pub fn new(to: impl Into<String>, from: impl Into<String>) -> Self {
        Self { to: to.into(), from: from.into(), body: None, variables: None }
    }

    /// What the message says.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Headers of the message, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for SendMessage {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("endpoints", "sendMessage", Method::Put, "/endpoints/sendMessage").parameters(&[
            ParameterInfo::query("to").required(),
            ParameterInfo::query("from").required(),
            ParameterInfo::query("body"),
            ParameterInfo::body("variables"),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("to", Some(self.to));
        parts.query("from", Some(self.from));
        parts.query("body", self.body);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Sends a REFER to any URI or endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#refer)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Refer {
    to: String,
    from: String,
    refer_to: String,
    by_way_of_asterisk: Option<bool>,
    variables: Option<BTreeMap<String, String>>,
}

impl Refer {
    /// With what it cannot do without.
    ///
    /// * `to`: Whom it goes to: a URI, or an endpoint.
    /// * `from`: Who sends it: a URI, or an endpoint.
    /// * `refer_to`: Whom to refer to: a URI, or an endpoint.
    pub fn new(to: impl Into<String>, from: impl Into<String>, refer_to: impl Into<String>) -> Self {
        Self {
            to: to.into(),
            from: from.into(),
            refer_to: refer_to.into(),
            by_way_of_asterisk: None,
            variables: None,
        }
    }

    /// Whether an endpoint in `refer_to` is reached by way of this Asterisk, not by its own contact.
    pub fn by_way_of_asterisk(mut self, by_way_of_asterisk: bool) -> Self {
        self.by_way_of_asterisk = Some(by_way_of_asterisk);
        self
    }

    /// Headers of the REFER, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for Refer {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("endpoints", "refer", Method::Post, "/endpoints/refer").parameters(&[
            ParameterInfo::query("to").required(),
            ParameterInfo::query("from").required(),
            ParameterInfo::query("refer_to").required(),
            ParameterInfo::query("to_self"),
            ParameterInfo::body("variables"),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("to", Some(self.to));
        parts.query("from", Some(self.from));
        parts.query("refer_to", Some(self.refer_to));
        parts.query("to_self", self.by_way_of_asterisk);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lists the endpoints of a technology.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#listbytech)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ListByTech {
    tech: String,
}

impl ListByTech {
    /// With what it cannot do without.
    ///
    /// * `tech`: The technology, such as `PJSIP`.
    pub fn new(tech: impl Into<String>) -> Self {
        Self { tech: tech.into() }
    }
}

impl Operation for ListByTech {
    type Answer = Vec<Endpoint>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("endpoints", "listByTech", Method::Get, "/endpoints/{tech}")
            .parameters(&[ParameterInfo::path("tech")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("tech", self.tech)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Vec<Endpoint>> {
        response.json()
    }
}

/// Tells about an endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    tech: String,
    resource: String,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `tech`: The technology, such as `PJSIP`.
    /// * `resource`: The endpoint's name in its technology.
    pub fn new(tech: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { tech: tech.into(), resource: resource.into() }
    }
}

impl Operation for Get {
    type Answer = Endpoint;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("endpoints", "get", Method::Get, "/endpoints/{tech}/{resource}")
            .parameters(&[ParameterInfo::path("tech"), ParameterInfo::path("resource")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("tech", self.tech)?;
        parts.path("resource", self.resource)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Endpoint> {
        response.json()
    }
}

/// Sends a text message to an endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#sendmessagetoendpoint)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SendMessageToEndpoint {
    tech: String,
    resource: String,
    from: String,
    body: Option<String>,
    variables: Option<BTreeMap<String, String>>,
}

impl SendMessageToEndpoint {
    /// With what it cannot do without.
    ///
    /// * `tech`: The technology, such as `PJSIP`.
    /// * `resource`: The endpoint's name in its technology.
    /// * `from`: Who sends it: a URI, or an endpoint.
    pub fn new(tech: impl Into<String>, resource: impl Into<String>, from: impl Into<String>) -> Self {
        Self { tech: tech.into(), resource: resource.into(), from: from.into(), body: None, variables: None }
    }

    /// What the message says.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Headers of the message, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for SendMessageToEndpoint {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "endpoints",
        "sendMessageToEndpoint",
        Method::Put,
        "/endpoints/{tech}/{resource}/sendMessage",
    )
    .parameters(&[
        ParameterInfo::path("tech"),
        ParameterInfo::path("resource"),
        ParameterInfo::query("from").required(),
        ParameterInfo::query("body"),
        ParameterInfo::body("variables"),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("tech", self.tech)?;
        parts.path("resource", self.resource)?;
        parts.query("from", Some(self.from));
        parts.query("body", self.body);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Sends a REFER to an endpoint.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Endpoints_REST_API/#refertoendpoint)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ReferToEndpoint {
    tech: String,
    resource: String,
    from: String,
    refer_to: String,
    by_way_of_asterisk: Option<bool>,
    variables: Option<BTreeMap<String, String>>,
}

impl ReferToEndpoint {
    /// With what it cannot do without.
    ///
    /// * `tech`: The technology, such as `PJSIP`.
    /// * `resource`: The endpoint's name in its technology.
    /// * `from`: Who sends it: a URI, or an endpoint.
    /// * `refer_to`: Whom to refer to: a URI, or an endpoint.
    pub fn new(
        tech: impl Into<String>,
        resource: impl Into<String>,
        from: impl Into<String>,
        refer_to: impl Into<String>,
    ) -> Self {
        Self {
            tech: tech.into(),
            resource: resource.into(),
            from: from.into(),
            refer_to: refer_to.into(),
            by_way_of_asterisk: None,
            variables: None,
        }
    }

    /// Whether an endpoint in `refer_to` is reached by way of this Asterisk, not by its own contact.
    pub fn by_way_of_asterisk(mut self, by_way_of_asterisk: bool) -> Self {
        self.by_way_of_asterisk = Some(by_way_of_asterisk);
        self
    }

    /// Headers of the REFER, with their values.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.variables = Some(settings(variables));
        self
    }
}

impl Operation for ReferToEndpoint {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "endpoints",
        "referToEndpoint",
        Method::Post,
        "/endpoints/{tech}/{resource}/refer",
    )
    .parameters(&[
        ParameterInfo::path("tech"),
        ParameterInfo::path("resource"),
        ParameterInfo::query("from").required(),
        ParameterInfo::query("refer_to").required(),
        ParameterInfo::query("to_self"),
        ParameterInfo::body("variables"),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("tech", self.tech)?;
        parts.path("resource", self.resource)?;
        parts.query("from", Some(self.from));
        parts.query("refer_to", Some(self.refer_to));
        parts.query("to_self", self.by_way_of_asterisk);
        parts.field("variables", self.variables.map(Value::from_iter));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
