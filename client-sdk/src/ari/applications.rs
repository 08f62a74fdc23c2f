// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on Stasis applications, and what they are subscribed to.

use serde_json::Value;

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{Application, ApplicationName},
    typed::texts,
};

/// Lists the applications that there are.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Applications_REST_API/#list)
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
    type Answer = Vec<Application>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("applications", "list", Method::Get, "/applications");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Application>> {
        response.json()
    }
}

/// Tells what an application is subscribed to.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Applications_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    application_name: ApplicationName,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `application_name`: The application.
    pub fn new(application_name: impl Into<ApplicationName>) -> Self {
        Self { application_name: application_name.into() }
    }
}

impl Operation for Get {
    type Answer = Application;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("applications", "get", Method::Get, "/applications/{applicationName}")
            .parameters(&[ParameterInfo::path("applicationName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("applicationName", self.application_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Application> {
        response.json()
    }
}

/// Subscribes an application to further sources of events.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Applications_REST_API/#subscribe)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Subscribe {
    application_name: ApplicationName,
    event_source: Vec<String>,
}

impl Subscribe {
    /// With what it cannot do without.
    ///
    /// * `application_name`: The application.
    /// * `event_source`: The sources: `channel:ID`, `bridge:ID`, `endpoint:TECH/NAME`, `deviceState:NAME`.
    pub fn new(
        application_name: impl Into<ApplicationName>,
        event_source: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { application_name: application_name.into(), event_source: texts(event_source) }
    }
}

impl Operation for Subscribe {
    type Answer = Application;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "applications",
        "subscribe",
        Method::Post,
        "/applications/{applicationName}/subscription",
    )
    .parameters(&[
        ParameterInfo::path("applicationName"),
        ParameterInfo::query("eventSource").required().list(),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("applicationName", self.application_name)?;
        parts.list("eventSource", self.event_source)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Application> {
        response.json()
    }
}

/// Ends an application's subscription to sources of events.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Applications_REST_API/#unsubscribe)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Unsubscribe {
    application_name: ApplicationName,
    event_source: Vec<String>,
}

impl Unsubscribe {
    /// With what it cannot do without.
    ///
    /// * `application_name`: The application.
    /// * `event_source`: The sources: `channel:ID`, `bridge:ID`, `endpoint:TECH/NAME`, `deviceState:NAME`.
    pub fn new(
        application_name: impl Into<ApplicationName>,
        event_source: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self { application_name: application_name.into(), event_source: texts(event_source) }
    }
}

impl Operation for Unsubscribe {
    type Answer = Application;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "applications",
        "unsubscribe",
        Method::Delete,
        "/applications/{applicationName}/subscription",
    )
    .parameters(&[
        ParameterInfo::path("applicationName"),
        ParameterInfo::query("eventSource").required().list(),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("applicationName", self.application_name)?;
        parts.list("eventSource", self.event_source)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Application> {
        response.json()
    }
}

/// Sets which types of events an application gets, and which it does not.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Applications_REST_API/#filter)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Filter {
    application_name: ApplicationName,
    filter: Option<Value>,
}

impl Filter {
    /// With what it cannot do without.
    ///
    /// * `application_name`: The application.
    pub fn new(application_name: impl Into<ApplicationName>) -> Self {
        Self { application_name: application_name.into(), filter: None }
    }

    /// The filter: `allowed` and `disallowed`, each a list of `{"type": …}`.
    pub fn filter(mut self, filter: impl Into<Value>) -> Self {
        self.filter = Some(filter.into());
        self
    }
}

impl Operation for Filter {
    type Answer = Application;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "applications",
        "filter",
        Method::Put,
        "/applications/{applicationName}/eventFilter",
    )
    .parameters(&[ParameterInfo::path("applicationName"), ParameterInfo::body("filter")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("applicationName", self.application_name)?;
        parts.body(self.filter);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Application> {
        response.json()
    }
}
