// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on Asterisk itself: its modules, logs, configuration and global variables.

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{
        AsteriskInfo, AsteriskPing, ConfigTuple, InfoSection, LogChannel, LogChannelName, Module, ModuleName,
        Variable,
    },
    typed::{pairs, texts, tuples},
};

/// Reads an object of the dynamic configuration.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#getobject)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetObject {
    config_class: String,
    object_type: String,
    id: String,
}

impl GetObject {
    /// With what it cannot do without.
    ///
    /// * `config_class`: The class of the configuration, such as `res_pjsip`.
    /// * `object_type`: The type of the object, such as `endpoint`.
    /// * `id`: The id of the object.
    pub fn new(
        config_class: impl Into<String>,
        object_type: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        Self { config_class: config_class.into(), object_type: object_type.into(), id: id.into() }
    }
}

impl Operation for GetObject {
    type Answer = Vec<ConfigTuple>;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "asterisk",
        "getObject",
        Method::Get,
        "/asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    )
    .parameters(&[
        ParameterInfo::path("configClass"),
        ParameterInfo::path("objectType"),
        ParameterInfo::path("id"),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("configClass", self.config_class)?;
        parts.path("objectType", self.object_type)?;
        parts.path("id", self.id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Vec<ConfigTuple>> {
        response.json()
    }
}

/// Makes an object of the dynamic configuration, or changes it.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#updateobject)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct UpdateObject {
    config_class: String,
    object_type: String,
    id: String,
    fields: Option<Vec<(String, String)>>,
}

impl UpdateObject {
    /// With what it cannot do without.
    ///
    /// * `config_class`: The class of the configuration, such as `res_pjsip`.
    /// * `object_type`: The type of the object, such as `endpoint`.
    /// * `id`: The id of the object.
    pub fn new(
        config_class: impl Into<String>,
        object_type: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        Self {
            config_class: config_class.into(),
            object_type: object_type.into(),
            id: id.into(),
            fields: None,
        }
    }

    /// The attributes with their values, in this order.
    pub fn fields(
        mut self,
        fields: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.fields = Some(pairs(fields));
        self
    }
}

impl Operation for UpdateObject {
    type Answer = Vec<ConfigTuple>;
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "asterisk",
        "updateObject",
        Method::Put,
        "/asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    )
    .parameters(&[
        ParameterInfo::path("configClass"),
        ParameterInfo::path("objectType"),
        ParameterInfo::path("id"),
        ParameterInfo::body("fields"),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("configClass", self.config_class)?;
        parts.path("objectType", self.object_type)?;
        parts.path("id", self.id)?;
        parts.field("fields", self.fields.map(tuples));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Vec<ConfigTuple>> {
        response.json()
    }
}

/// Deletes an object of the dynamic configuration.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#deleteobject)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct DeleteObject {
    config_class: String,
    object_type: String,
    id: String,
}

impl DeleteObject {
    /// With what it cannot do without.
    ///
    /// * `config_class`: The class of the configuration, such as `res_pjsip`.
    /// * `object_type`: The type of the object, such as `endpoint`.
    /// * `id`: The id of the object.
    pub fn new(
        config_class: impl Into<String>,
        object_type: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        Self { config_class: config_class.into(), object_type: object_type.into(), id: id.into() }
    }
}

impl Operation for DeleteObject {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "asterisk",
        "deleteObject",
        Method::Delete,
        "/asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    )
    .parameters(&[
        ParameterInfo::path("configClass"),
        ParameterInfo::path("objectType"),
        ParameterInfo::path("id"),
    ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("configClass", self.config_class)?;
        parts.path("objectType", self.object_type)?;
        parts.path("id", self.id)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Tells what Asterisk this is, and how it was built and started.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#getinfo)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetInfo {
    only: Vec<InfoSection>,
}

impl GetInfo {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self { only: Vec::new() }
    }

    /// Only these parts.
    pub fn only(mut self, only: impl IntoIterator<Item = impl Into<InfoSection>>) -> Self {
        self.only = texts(only);
        self
    }
}

impl Operation for GetInfo {
    type Answer = AsteriskInfo;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "getInfo", Method::Get, "/asterisk/info").parameters(&[
            ParameterInfo::query("only").list().values(&["build", "system", "config", "status"]),
        ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.list("only", self.only)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<AsteriskInfo> {
        response.json()
    }
}

/// Asks for a sign of life.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#ping)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Ping {}

impl Ping {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for Ping {
    type Answer = AsteriskPing;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "ping", Method::Get, "/asterisk/ping");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<AsteriskPing> {
        response.json()
    }
}

/// Lists the modules that are loaded.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#listmodules)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ListModules {}

impl ListModules {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for ListModules {
    type Answer = Vec<Module>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "listModules", Method::Get, "/asterisk/modules");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<Module>> {
        response.json()
    }
}

/// Tells about a module.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#getmodule)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetModule {
    module_name: ModuleName,
}

impl GetModule {
    /// With what it cannot do without.
    ///
    /// * `module_name`: The module.
    pub fn new(module_name: impl Into<ModuleName>) -> Self {
        Self { module_name: module_name.into() }
    }
}

impl Operation for GetModule {
    type Answer = Module;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "getModule", Method::Get, "/asterisk/modules/{moduleName}")
            .parameters(&[ParameterInfo::path("moduleName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("moduleName", self.module_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Module> {
        response.json()
    }
}

/// Loads a module.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#loadmodule)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct LoadModule {
    module_name: ModuleName,
}

impl LoadModule {
    /// With what it cannot do without.
    ///
    /// * `module_name`: The module.
    pub fn new(module_name: impl Into<ModuleName>) -> Self {
        Self { module_name: module_name.into() }
    }
}

impl Operation for LoadModule {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "loadModule", Method::Post, "/asterisk/modules/{moduleName}")
            .parameters(&[ParameterInfo::path("moduleName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("moduleName", self.module_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Unloads a module.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#unloadmodule)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct UnloadModule {
    module_name: ModuleName,
}

impl UnloadModule {
    /// With what it cannot do without.
    ///
    /// * `module_name`: The module.
    pub fn new(module_name: impl Into<ModuleName>) -> Self {
        Self { module_name: module_name.into() }
    }
}

impl Operation for UnloadModule {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "unloadModule", Method::Delete, "/asterisk/modules/{moduleName}")
            .parameters(&[ParameterInfo::path("moduleName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("moduleName", self.module_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets a module read its configuration again.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#reloadmodule)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ReloadModule {
    module_name: ModuleName,
}

impl ReloadModule {
    /// With what it cannot do without.
    ///
    /// * `module_name`: The module.
    pub fn new(module_name: impl Into<ModuleName>) -> Self {
        Self { module_name: module_name.into() }
    }
}

impl Operation for ReloadModule {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "reloadModule", Method::Put, "/asterisk/modules/{moduleName}")
            .parameters(&[ParameterInfo::path("moduleName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("moduleName", self.module_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lists the files that Asterisk logs to.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#listlogchannels)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct ListLogChannels {}

impl ListLogChannels {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self {}
    }
}

impl Operation for ListLogChannels {
    type Answer = Vec<LogChannel>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "listLogChannels", Method::Get, "/asterisk/logging");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<LogChannel>> {
        response.json()
    }
}

/// Lets Asterisk log to a further file.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#addlog)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct AddLog {
    log_channel_name: LogChannelName,
    configuration: String,
}

impl AddLog {
    /// With what it cannot do without.
    ///
    /// * `log_channel_name`: The log channel.
    /// * `configuration`: What it logs, such as `notice,warning,error`.
    pub fn new(log_channel_name: impl Into<LogChannelName>, configuration: impl Into<String>) -> Self {
        Self { log_channel_name: log_channel_name.into(), configuration: configuration.into() }
    }
}

impl Operation for AddLog {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "addLog", Method::Post, "/asterisk/logging/{logChannelName}")
            .parameters(&[
                ParameterInfo::path("logChannelName"),
                ParameterInfo::query("configuration").required(),
            ]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("logChannelName", self.log_channel_name)?;
        parts.query("configuration", Some(self.configuration));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Lets Asterisk log to a file no more.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#deletelog)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct DeleteLog {
    log_channel_name: LogChannelName,
}

impl DeleteLog {
    /// With what it cannot do without.
    ///
    /// * `log_channel_name`: The log channel.
    pub fn new(log_channel_name: impl Into<LogChannelName>) -> Self {
        Self { log_channel_name: log_channel_name.into() }
    }
}

impl Operation for DeleteLog {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "deleteLog", Method::Delete, "/asterisk/logging/{logChannelName}")
            .parameters(&[ParameterInfo::path("logChannelName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("logChannelName", self.log_channel_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Begins a new file for a log channel.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#rotatelog)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct RotateLog {
    log_channel_name: LogChannelName,
}

impl RotateLog {
    /// With what it cannot do without.
    ///
    /// * `log_channel_name`: The log channel.
    pub fn new(log_channel_name: impl Into<LogChannelName>) -> Self {
        Self { log_channel_name: log_channel_name.into() }
    }
}

impl Operation for RotateLog {
    type Answer = ();
    const INFO: &'static OperationInfo = &OperationInfo::new(
        "asterisk",
        "rotateLog",
        Method::Put,
        "/asterisk/logging/{logChannelName}/rotate",
    )
    .parameters(&[ParameterInfo::path("logChannelName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("logChannelName", self.log_channel_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Reads a global variable.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#getglobalvar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct GetGlobalVar {
    variable: String,
}

impl GetGlobalVar {
    /// With what it cannot do without.
    ///
    /// * `variable`: The name of the variable or function.
    pub fn new(variable: impl Into<String>) -> Self {
        Self { variable: variable.into() }
    }
}

impl Operation for GetGlobalVar {
    type Answer = Variable;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "getGlobalVar", Method::Get, "/asterisk/variable")
            .parameters(&[ParameterInfo::query("variable").required()]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("variable", Some(self.variable));
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Variable> {
        response.json()
    }
}

/// Sets a global variable.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Asterisk_REST_API/#setglobalvar)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct SetGlobalVar {
    variable: String,
    value: Option<String>,
}

impl SetGlobalVar {
    /// With what it cannot do without.
    ///
    /// * `variable`: The name of the variable or function.
    pub fn new(variable: impl Into<String>) -> Self {
        Self { variable: variable.into(), value: None }
    }

    /// The value; an empty one if it is left out.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }
}

impl Operation for SetGlobalVar {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("asterisk", "setGlobalVar", Method::Post, "/asterisk/variable")
            .parameters(&[ParameterInfo::query("variable").required(), ParameterInfo::query("value")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("variable", Some(self.variable));
        parts.query("value", self.value);
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
