//! The state of a device, for the lamps of phones.

use crate::{
    Call, Result,
    ari::{DeviceStateName, SettableDeviceState, device_states},
};

/// A device of the Asterisk of a call, with its state: what the lamps of phones show. Those whose names begin with `Stasis:` are for
/// programs to set.
///
/// Its errors are those of any [command](crate::CommandError): `Gone` when the call is over.
#[derive(Debug, Clone)]
pub struct DeviceState {
    call: Call,
    name: String,
}

impl Call {
    /// A handle to the state of a device, such as `Stasis:lamp` or `PJSIP/alice`.
    #[must_use]
    pub fn device_state(&self, device: impl Into<String>) -> DeviceState {
        DeviceState { call: self.clone(), name: device.into() }
    }
}

impl DeviceState {
    /// The name of the device.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its state now; `Unknown` of a device that there is not.
    ///
    /// # Errors
    /// See [`DeviceState`].
    pub async fn state(&self) -> Result<DeviceStateName> {
        Ok(self.call.run(device_states::Get::new(self)).await?.state)
    }

    /// Sets its state. Asterisk keeps it when it is started again.
    ///
    /// # Errors
    /// See [`DeviceState`]; `Conflict` for a device whose name does not begin with `Stasis:`.
    pub async fn set(&self, state: SettableDeviceState) -> Result {
        self.call.run(device_states::Update::new(self, state)).await
    }

    /// Forgets what it was set to.
    ///
    /// # Errors
    /// Those of [`set`](Self::set).
    pub async fn delete(&self) -> Result {
        self.call.run(device_states::Delete::new(self)).await
    }
}
