//! Asterisk's times: `2026-11-21T12:34:56.123+0000`, which is not RFC 3339.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize as _, Serializer, de, ser};
use time::{OffsetDateTime, format_description::FormatItem, macros::format_description};

const FORM: &[FormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3][offset_hour sign:mandatory][offset_minute]"
);

/// A time, or one that may be missing.
pub(crate) trait Timestamp: Sized {
    fn text(&self) -> Result<Option<String>, time::error::Format>;
    fn of(text: Option<&str>) -> Result<Self, String>;
}

impl Timestamp for OffsetDateTime {
    fn text(&self) -> Result<Option<String>, time::error::Format> {
        self.format(FORM).map(Some)
    }

    fn of(text: Option<&str>) -> Result<Self, String> {
        let text = text.ok_or("no time")?;
        Self::parse(text, FORM).map_err(|error| format!("{text:?} is no time: {error}"))
    }
}

impl<T: Timestamp> Timestamp for Option<T> {
    fn text(&self) -> Result<Option<String>, time::error::Format> {
        self.as_ref().map_or(Ok(None), T::text)
    }

    fn of(text: Option<&str>) -> Result<Self, String> {
        text.map(|text| T::of(Some(text))).transpose()
    }
}

pub(crate) fn serialize<T: Timestamp, S: Serializer>(time: &T, to: S) -> Result<S::Ok, S::Error> {
    time.text().map_err(ser::Error::custom)?.serialize(to)
}

pub(crate) fn deserialize<'de, T: Timestamp, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(from)?;
    T::of(text.as_deref()).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Times {
        #[serde(with = "super")]
        at: OffsetDateTime,
        #[serde(default, with = "super", skip_serializing_if = "Option::is_none")]
        until: Option<OffsetDateTime>,
    }

    #[test]
    fn a_time_is_read_and_written_as_asterisk_does() {
        for text in [
            r#"{"at":"2026-11-21T12:34:56.123+0000"}"#,
            r#"{"at":"1999-01-01T00:00:00.000-0330","until":"2026-11-21T12:34:56.123+0100"}"#,
        ] {
            let times: Times = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&times).unwrap(), text);
        }
        for text in ["\"\"", "5", "null", r#""2026-11-21T12:34:56Z""#, r#""2026-13-21T12:34:56.123+0000""#] {
            assert!(serde_json::from_str::<Times>(&format!("{{\"at\":{text}}}")).is_err(), "{text}");
        }
    }
}
