// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! Operations on the sounds that are installed.

use crate::{
    Method, Operation, OperationInfo, ParameterInfo, Parts, Response, WrongParameter,
    ari::{Sound, SoundId},
};

/// Lists the sounds that are installed.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Sounds_REST_API/#list)
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct List {
    lang: Option<String>,
    format: Option<String>,
}

impl List {
    /// With what it cannot do without.
    pub fn new() -> Self {
        Self { lang: None, format: None }
    }

    /// Only those that are there in this language.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// Only those that are there in this format.
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }
}

impl Operation for List {
    type Answer = Vec<Sound>;
    const INFO: &'static OperationInfo = &OperationInfo::new("sounds", "list", Method::Get, "/sounds")
        .parameters(&[ParameterInfo::query("lang"), ParameterInfo::query("format")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.query("lang", self.lang);
        parts.query("format", self.format);
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Vec<Sound>> {
        response.json()
    }
}

/// Tells about a sound.
///
/// [Reference](https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/Sounds_REST_API/#get)
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an operation is carried out by `Call::run`"]
pub struct Get {
    sound_id: SoundId,
}

impl Get {
    /// With what it cannot do without.
    ///
    /// * `sound_id`: The sound.
    pub fn new(sound_id: impl Into<SoundId>) -> Self {
        Self { sound_id: sound_id.into() }
    }
}

impl Operation for Get {
    type Answer = Sound;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("sounds", "get", Method::Get, "/sounds/{soundId}")
            .parameters(&[ParameterInfo::path("soundId")]);

    fn parts(self) -> Result<Parts, WrongParameter> {
        let mut parts = Parts::new(Self::INFO);
        parts.path("soundId", self.sound_id)?;
        Ok(parts)
    }

    fn answer(response: &Response) -> crate::Result<Sound> {
        response.json()
    }
}
