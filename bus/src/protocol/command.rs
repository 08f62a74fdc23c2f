//! Commands, and the reading of whatever arrives on a dialog's commands topic: all of it is hostile.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Accept, Ack, Control, Decline, Release, Resend, Save};

/// The longest `unique_id`, in bytes: it is repeated in answers and remembered.
pub const MAX_UNIQUE_ID: usize = 256;

/// An ARI request that a worker asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Command<'a> {
    /// Repeated in the answer. Empty is no id.
    pub unique_id: Cow<'a, str>,
    /// Path and query under ARI's root, such as `/channels/17.1/answer`.
    pub url: Cow<'a, str>,
    /// The HTTP method.
    pub method: Cow<'a, str>,
    /// The JSON body of the request, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'a, str>>,
    /// 1, 2, 3 … in each term; commands without it run as they arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd_seq: Option<u64>,
}

/// What a message on a commands topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A command to replay.
    Command(Command<'a>),
    /// A control message.
    Control(Control),
    /// Meant as a command or control message, but wrong: it is answered with what is wrong.
    Refused(Refusal),
    /// Nothing that could be answered; the text says why, for the log.
    Noise(&'static str),
}

/// The answer to a message that is not acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `unique_id` to repeat; empty where there was none that could be read.
    pub unique_id: String,
    /// The number of the command, which is used up; `None` where there was none that could be read.
    pub cmd_seq: Option<u64>,
    /// An HTTP status, 4xx or 501.
    pub status: u16,
    /// What is wrong, for the worker's author.
    pub message: String,
}

/// Reads a message from a commands topic.
#[must_use]
pub fn parse_incoming(payload: &[u8]) -> Incoming<'_> {
    let fields: Fields<'_> = match serde_json::from_slice(payload) {
        Ok(fields) => fields,
        Err(error) if error.is_data() => return Incoming::Noise("not a JSON object"),
        Err(_) => return Incoming::Noise("not JSON"),
    };
    let unique_id = match fields.unique_id() {
        Ok(unique_id) => unique_id,
        Err(message) => return fields.refuse("", message),
    };
    if let Some(twice) = fields.twice {
        return fields.refuse(&unique_id, format!("`{twice}` stands there twice"));
    }
    match fields.control {
        Some(control) => read_control(control, payload, unique_id),
        None => fields.command(unique_id),
    }
}

fn read_control<'a>(control: &RawValue, payload: &[u8], unique_id: Cow<'a, str>) -> Incoming<'a> {
    #[derive(Deserialize)]
    struct Term {
        term: Option<u64>,
    }
    let result = match serde_json::from_str::<Cow<'_, str>>(control.get()).as_deref() {
        Ok("accept") => serde_json::from_slice::<Accept>(payload).map(Control::Accept),
        Ok("decline") => serde_json::from_slice::<Decline>(payload).map(Control::Decline),
        Ok("ack") => serde_json::from_slice::<Ack>(payload).map(Control::Ack),
        Ok("resend") => serde_json::from_slice::<Resend>(payload).map(Control::Resend),
        Ok("save") => serde_json::from_slice::<Save>(payload).map(Control::Save),
        Ok("release") => serde_json::from_slice::<Release>(payload).map(Control::Release),
        Ok(other) => serde_json::from_slice::<Term>(payload).map(|Term { term }| Control::Other {
            control: other.to_owned(),
            term,
            unique_id: Some(unique_id.clone().into_owned()).filter(|id| !id.is_empty()),
        }),
        Err(_) => {
            let message = "`control` must be a string".to_owned();
            return Incoming::Refused(Refusal {
                unique_id: unique_id.into_owned(),
                cmd_seq: None,
                status: 400,
                message,
            });
        }
    };
    result.map_or_else(
        |error| {
            let message = format!("control message: {error}");
            Incoming::Refused(Refusal {
                unique_id: unique_id.into_owned(),
                cmd_seq: None,
                status: 400,
                message,
            })
        },
        Incoming::Control,
    )
}

/// The fields of a message, unread; what else it holds is passed over.
#[derive(Default)]
struct Fields<'a> {
    control: Option<&'a RawValue>,
    unique_id: Option<&'a RawValue>,
    url: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    body: Option<&'a RawValue>,
    cmd_seq: Option<&'a RawValue>,
    /// The first known field that stands there twice.
    twice: Option<&'static str>,
}

impl<'a> Fields<'a> {
    /// The id, empty where there is none.
    fn unique_id(&self) -> Result<Cow<'a, str>, String> {
        let id = text("unique_id", self.unique_id)?.unwrap_or_default();
        if id.len() > MAX_UNIQUE_ID {
            return Err(format!("`unique_id` is longer than {MAX_UNIQUE_ID} bytes"));
        }
        Ok(id)
    }

    /// An answer, where the message shows that one is awaited.
    fn refuse(&self, unique_id: &str, message: String) -> Incoming<'a> {
        if self.control.is_none() && self.url.is_none() && self.method.is_none() {
            return Incoming::Noise("a JSON object with neither `url`, `method` nor `control`");
        }
        let cmd_seq = cmd_seq(self.cmd_seq).ok().flatten();
        Incoming::Refused(Refusal { unique_id: unique_id.to_owned(), cmd_seq, status: 400, message })
    }

    fn command(&self, unique_id: Cow<'a, str>) -> Incoming<'a> {
        let required = |name, value| {
            text(name, value)?.filter(|text| !text.is_empty()).ok_or_else(|| format!("`{name}` is missing"))
        };
        let read = || {
            Ok(Command {
                unique_id: unique_id.clone(),
                url: required("url", self.url)?,
                method: required("method", self.method)?,
                body: body(self.body)?,
                cmd_seq: cmd_seq(self.cmd_seq)?,
            })
        };
        match read() {
            Ok(command) => Incoming::Command(command),
            Err(message) => self.refuse(&unique_id, message),
        }
    }

    fn set(&mut self, name: &str, value: &'a RawValue) {
        let (name, field) = match name {
            "control" => ("control", &mut self.control),
            "unique_id" => ("unique_id", &mut self.unique_id),
            "url" => ("url", &mut self.url),
            "method" => ("method", &mut self.method),
            "body" => ("body", &mut self.body),
            "cmd_seq" => ("cmd_seq", &mut self.cmd_seq),
            _ => return,
        };
        if field.replace(value).is_some() {
            self.twice.get_or_insert(name);
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<String>()? {
                    fields.set(&name, map.next_value()?);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A string or null; anything else is an error.
fn text<'a>(name: &str, value: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, String> {
    let Some(raw) = value.map(RawValue::get).filter(|raw| *raw != "null") else { return Ok(None) };
    // Without an escape the text is borrowed.
    if let Ok(plain) = serde_json::from_str::<&str>(raw) {
        return Ok(Some(Cow::Borrowed(plain)));
    }
    serde_json::from_str(raw)
        .map(|text| Some(Cow::Owned(text)))
        .map_err(|_| format!("`{name}` must be a string"))
}

/// The request's body: a string holds it, an object is it (people write these by hand).
fn body(value: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, String> {
    match value {
        Some(raw) if raw.get().starts_with('{') => Ok(Some(Cow::Borrowed(raw.get()))),
        _ => Ok(text("body", value)
            .map_err(|_| "`body` must be a string or an object".to_owned())?
            .filter(|body| !body.is_empty())),
    }
}

fn cmd_seq(value: Option<&RawValue>) -> Result<Option<u64>, String> {
    value
        .map(RawValue::get)
        .filter(|raw| *raw != "null")
        .map(|raw| serde_json::from_str(raw).ok().filter(|seq| *seq > 0))
        .map(|seq| seq.ok_or_else(|| "`cmd_seq` must be a whole number from 1".to_owned()))
        .transpose()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(payload: &str) -> (u16, String, String) {
        match parse_incoming(payload.as_bytes()) {
            Incoming::Refused(refusal) => (refusal.status, refusal.unique_id, refusal.message),
            other => panic!("{payload}: {other:?}"),
        }
    }

    #[test]
    fn a_version_1_command() {
        let text = r#"{"unique_id":"","url":"/channels/1.2/answer","method":"POST","body":"{}"}"#;
        let Incoming::Command(command) = parse_incoming(text.as_bytes()) else { panic!() };
        assert_eq!(command.url, "/channels/1.2/answer");
        assert_eq!(command.body.as_deref(), Some("{}"));
        assert!(matches!(command.url, Cow::Borrowed(_)), "the common case does not copy");
    }

    #[test]
    fn a_body_may_be_an_object_and_keeps_its_bytes() {
        let text = r#"{"url":"/x","method":"POST","body":{"a" : 1.0,"é":[]}}"#;
        let Incoming::Command(command) = parse_incoming(text.as_bytes()) else { panic!() };
        assert_eq!(command.body.as_deref(), Some(r#"{"a" : 1.0,"é":[]}"#));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let (status, id, message) = refused(r#"{"unique_id":"7","url":"/x"}"#);
        assert_eq!((status, id.as_str()), (400, "7"));
        assert!(message.contains("method"), "{message}");
        assert!(refused(r#"{"url":5,"method":"GET"}"#).2.contains("url"));
        assert!(refused(r#"{"url":"/a","url":"/b","method":"GET"}"#).2.contains("twice"));
        assert!(refused(r#"{"url":"/a","method":"GET","body":7}"#).2.contains("body"));
        assert!(refused(r#"{"url":"/a","method":"GET","unique_id":7}"#).2.contains("unique_id"));
        assert!(refused(r#"{"url":"/a","method":"GET","cmd_seq":0}"#).2.contains("cmd_seq"));
        assert!(refused(r#"{"control":"accept","term":1}"#).2.contains("events"));
        assert!(refused(r#"{"control":"resend","term":1}"#).2.contains("from"));
        assert!(refused(r#"{"control":9}"#).2.contains("control"));
    }

    #[test]
    fn what_cannot_be_answered_is_noise() {
        for noise in ["", "DUMMY", "[]", "7", "{}", r#"{"unique_id":"1"}"#, "{\"url\":", "\"x\""] {
            assert!(matches!(parse_incoming(noise.as_bytes()), Incoming::Noise(_)), "{noise}");
        }
        assert!(matches!(parse_incoming(&[0xff, 0xfe]), Incoming::Noise(_)));
    }

    #[test]
    fn controls_are_told_from_commands() {
        let accept = Accept { term: 3, events: "e".into(), responses: "r".into(), ..Accept::default() };
        let control = Control::Accept(accept);
        assert_eq!(parse_incoming(&control.to_json()), Incoming::Control(control));
        let save = parse_incoming(br#"{"control":"save","term":2,"unique_id":"u","context":"x"}"#);
        let Incoming::Control(save) = save else { panic!() };
        assert_eq!((save.word(), save.unique_id()), ("save", Some("u")));
        let other = parse_incoming(br#"{"control":"dance","unique_id":"u"}"#);
        let Incoming::Control(other) = other else { panic!() };
        assert_eq!((other.word(), other.unique_id()), ("dance", Some("u")));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_incoming(&bytes);
        }

        #[test]
        fn a_command_survives_the_way(url in "/.*", method in "[A-Z]{1,6}", body in ".*", id in ".{0,20}") {
            let command = Command {
                unique_id: id.into(), url: url.into(), method: method.into(),
                body: Some(body).filter(|body| !body.is_empty()).map(Cow::Owned), cmd_seq: Some(4),
            };
            let bytes = serde_json::to_vec(&command).unwrap();
            prop_assert_eq!(parse_incoming(&bytes), Incoming::Command(command));
        }
    }
}
