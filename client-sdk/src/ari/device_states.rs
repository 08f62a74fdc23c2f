// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on the states of devices that ARI controls.

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{DeviceName, DeviceState, SettableDeviceState},
};

/// Lists the devices whose state ARI controls.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Devicestates_REST_API/#list)
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
    type Answer = Vec<DeviceState>;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("deviceStates", "list", Method::Get, "/deviceStates");

    fn parts(self) -> Result<Parts, WrongParameter> {
        Ok(Parts::new(Self::INFO))
    }

    fn answer(response: &Response) -> crate::Result<Vec<DeviceState>> {
        response.json()
    }
}

/// Tells the state of a device.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Devicestates_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    device_name: DeviceName,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `device_name`: The device.
    pub fn new(device_name: impl Into<DeviceName>) -> Self {
        Self { device_name: device_name.into() }
    }
}

impl Operation for Get {
    type Answer = DeviceState;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("deviceStates", "get", Method::Get, "/deviceStates/{deviceName}")
            .parameters(&[ParameterInfo::path("deviceName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("deviceName", self.device_name)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<DeviceState> {
        response.json()
    }
}

/// Sets the state of a device that ARI controls; makes it if need be.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Devicestates_REST_API/#update)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Update {
    device_name: DeviceName,
    device_state: SettableDeviceState,
}

impl Update {
    /// With what it cannot do without.
    ///
    /// * `device_name`: The device.
    /// * `device_state`: Its new state.
    pub fn new(device_name: impl Into<DeviceName>, device_state: SettableDeviceState) -> Self {
        Self { device_name: device_name.into(), device_state }
    }
}

impl Operation for Update {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("deviceStates", "update", Method::Put, "/deviceStates/{deviceName}").parameters(
            &[
                ParameterInfo::path("deviceName"),
                ParameterInfo::query("deviceState").required().values(&[
                    "NOT_INUSE",
                    "INUSE",
                    "BUSY",
                    "INVALID",
                    "UNAVAILABLE",
                    "RINGING",
                    "RINGINUSE",
                    "ONHOLD",
                ]),
            ],
        );

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("deviceName", self.device_name)?;
        parts.query("deviceState", Some(self.device_state));
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}

/// Forgets a device that ARI controls.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Devicestates_REST_API/#delete)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Delete {
    device_name: DeviceName,
}

impl Delete {
    /// With what it cannot do without.
    ///
    /// * `device_name`: The device.
    pub fn new(device_name: impl Into<DeviceName>) -> Self {
        Self { device_name: device_name.into() }
    }
}

impl Operation for Delete {
    type Answer = ();
    const INFO: &'static OperationInfo =
        &OperationInfo::new("deviceStates", "delete", Method::Delete, "/deviceStates/{deviceName}")
            .parameters(&[ParameterInfo::path("deviceName")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("deviceName", self.device_name)?;
        Ok(parts)
    }

    fn answer(_: &Response) -> crate::Result<()> {
        Ok(())
    }
}
