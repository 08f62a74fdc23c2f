//! The ids that a command chooses for the objects it makes.
//!
//! Events of an object can come before the HTTP answer that names it, so its id must be known before the request is
//! sent: read from the path, the query or the body, or chosen here where the worker left it open.

use ari_bus::protocol::{Object, ObjectKind};
use reqwest::Method;
use uuid::Uuid;

use super::request::Request;
use crate::fields::Fields;

/// An object that a command makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) object: Object,
    /// Whether it is a channel that is going to enter the dialog's own application: the dialog lives as long as it does.
    pub(crate) will_enter: bool,
}

/// Where a request names the id of what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The last segment of the path.
    Path,
    /// This parameter of the query or field of the body; chosen here if it is absent or no text.
    Open(&'static str),
    /// This parameter or field; without it the request makes no such object.
    Given(&'static str),
}

/// The objects that a request makes, the one that its answer names first; with an id chosen and written into the request
/// wherever the worker left it open.
///
/// A channel that is made for another application is not among them: its StasisStart opens a dialog there.
pub(crate) fn choose_ids(request: &mut Request, application: &str) -> Vec<Chosen> {
    if request.method != Method::POST {
        return Vec::new();
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (kind, place) = match segments.as_slice() {
        ["channels"] | ["channels", "create" | "externalMedia"] => {
            (ObjectKind::Channel, Place::Open("channelId"))
        }
        ["channels", _] => (ObjectKind::Channel, Place::Path),
        ["channels", _, "snoop"] => (ObjectKind::Channel, Place::Open("snoopId")),
        ["channels", _, "snoop", _] => (ObjectKind::Channel, Place::Path),
        ["channels" | "bridges", _, "play"] => (ObjectKind::Playback, Place::Open("playbackId")),
        ["channels" | "bridges", _, "play", _] => (ObjectKind::Playback, Place::Path),
        ["channels" | "bridges", _, "record"] => (ObjectKind::Recording, Place::Given("name")),
        ["bridges"] => (ObjectKind::Bridge, Place::Open("bridgeId")),
        ["bridges", _] => (ObjectKind::Bridge, Place::Path),
        _ => return Vec::new(),
    };
    if kind == ObjectKind::Channel && request.parameter("app").is_none_or(|app| app != application) {
        return Vec::new();
    }
    let id = match place {
        Place::Path => segments.last().map(|id| (*id).to_owned()),
        Place::Given(name) => request.parameter(name),
        Place::Open(name) => Some(request.parameter(name).unwrap_or_else(|| {
            let id = Uuid::now_v7().to_string();
            request.set(name, &id);
            id
        })),
    };
    let mut chosen = Vec::new();
    if let Some(id) = id {
        chosen.push(Chosen { object: Object { kind, id }, will_enter: kind == ObjectKind::Channel });
    }
    // The other half of a Local channel runs in the dialplan: it belongs to the dialog, which does not wait for it.
    let is_dialled =
        matches!(segments.as_slice(), ["channels", at @ ..] if at.len() < 2 && at != ["externalMedia"]);
    let other = is_dialled.then(|| request.parameter("otherChannelId")).flatten();
    chosen.extend(other.map(|id| Chosen { object: Object { kind, id }, will_enter: false }));
    chosen
}

/// The id that Asterisk gave to what a command made, from the body of its 2xx answer. None where the body names none.
///
/// It is that of the first object of [`choose_ids`], of which this takes the kind; no answer names the other half of a
/// Local channel. Asterisk has the last word: where the two differ, its events will bear this id.
pub(crate) fn answered_id(kind: ObjectKind, body: &[u8]) -> Option<String> {
    let name = if kind == ObjectKind::Recording { "name" } else { "id" };
    Fields::read(body)?.get(name)?.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str, body: Option<&str>) -> (Request, Vec<(ObjectKind, String)>) {
        let mut request = Request { method: Method::POST, url: url.into(), body: body.map(str::to_owned) };
        let chosen = choose_ids(&mut request, "app");
        (request, chosen.into_iter().map(|chosen| (chosen.object.kind, chosen.object.id)).collect())
    }

    #[test]
    fn ids_are_read_wherever_they_stand() {
        use ObjectKind::{Bridge, Channel, Playback, Recording};
        for (url, body, kind, id) in [
            ("/channels?app=app&channelId=c1", None, Channel, "c1"),
            ("/channels?app=app&channelId=c0&channelId=last", None, Channel, "last"),
            ("/channels/+49301?app=app", None, Channel, " 49301"),
            ("/channels/%2B49301?app=app", None, Channel, "+49301"),
            ("/channels?channelId=query", Some(r#"{"app":"app","channelId":"body"}"#), Channel, "body"),
            ("/channels/c2?app=app", None, Channel, "c2"),
            ("/channels/create", Some(r#"{"app":"app","channelId":"c3"}"#), Channel, "c3"),
            ("/channels/externalMedia?app=app&channelId=c4", None, Channel, "c4"),
            ("/channels/1.2/snoop?app=app&snoopId=s1", None, Channel, "s1"),
            ("/channels/1.2/snoop/s2?app=app", None, Channel, "s2"),
            ("/channels/1.2/play?playbackId=p1&media=x", None, Playback, "p1"),
            ("/bridges/b/play/p2", None, Playback, "p2"),
            ("/channels/1.2/record?name=a%20b&format=wav", None, Recording, "a b"),
            ("/bridges", Some(r#"{"bridgeId":"b1"}"#), Bridge, "b1"),
            ("/bridges/b2", None, Bridge, "b2"),
        ] {
            let (request, chosen) = post(url, body);
            assert_eq!(chosen, [(kind, id.to_owned())], "{url}");
            assert_eq!(request.url, url, "nothing was added");
        }
    }

    #[test]
    fn an_id_that_was_left_open_is_chosen_and_added() {
        for url in ["/channels?app=app", "/channels/1/snoop?app=app", "/channels/1/play?media=x", "/bridges"]
        {
            let (request, chosen) = post(url, None);
            assert!(request.url.ends_with(&format!("={}", chosen[0].1)), "{}", request.url);
        }
    }

    #[test]
    fn a_chosen_id_stands_where_asterisk_reads_it() {
        for (url, name) in [
            ("/channels?app=app", "channelId"),
            ("/channels/1/snoop?app=app", "snoopId"),
            ("/channels/1/play?media=x", "playbackId"),
            ("/bridges", "bridgeId"),
        ] {
            for none in [r#""""#, "null", "5", "{}"] {
                let (request, chosen) =
                    post(url, Some(&format!(r#"{{"timeout" : 3.0, "{name}": {none}, "v":{{ "a":1e2 }}}}"#)));
                let id = &chosen[0].1;
                assert_eq!(id.len(), 36, "{id}");
                assert_eq!(request.url, url, "the query does not help");
                let body = format!(r#"{{"timeout":3.0,"{name}":"{id}","v":{{ "a":1e2 }}}}"#);
                assert_eq!(request.body.as_deref(), Some(&*body));
                assert_eq!(request.parameter(name).as_ref(), Some(id));
            }
            // The body without the field, or no object: it is left alone.
            for body in [r#"{ "timeout" : 3.0 }"#, "[]", "{"] {
                let (request, chosen) = post(url, Some(body));
                assert_eq!(request.body.as_deref(), Some(body));
                assert!(request.url.ends_with(&format!("{name}={}", chosen[0].1)), "{}", request.url);
            }
        }
        let (_, chosen) = post("/bridges", Some(r#"{"bridgeId":null,"bridgeId":"last"}"#));
        assert_eq!(chosen, [(ObjectKind::Bridge, "last".to_owned())]);
        let (request, chosen) = post("/bridges?bridgeId=a&bridgeId=", None);
        assert_eq!(request.parameter("bridgeId").as_ref(), Some(&chosen[0].1));
        assert_eq!(chosen[0].1.len(), 36);
    }

    #[test]
    fn an_answer_names_what_was_made() {
        use ObjectKind::{Bridge, Channel, Playback, Recording};
        let id = |kind, body: &str| answered_id(kind, body.as_bytes());
        for kind in [Channel, Bridge, Playback] {
            let body = r#"{"id":"x","name":"SIP/n","channel":{"id":"y"}}"#;
            assert_eq!(id(kind, body).as_deref(), Some("x"));
        }
        assert_eq!(id(Recording, r#"{"name":"a b","id":"x"}"#).as_deref(), Some("a b"));
        for body in ["", "[]", "{}", r#"{"id":5}"#, r#"{"id":""}"#, "\u{0}", r#""id""#] {
            assert_eq!(id(Channel, body), None, "{body}");
        }
        assert_eq!(answered_id(Channel, &[0xff]), None);
    }

    #[test]
    fn what_makes_nothing_for_the_dialog_binds_nothing() {
        for url in [
            "/channels?endpoint=x&extension=1",
            "/channels?app=other",
            "/channels/1/answer",
            "/bridges/b/addChannel",
            "/channels/1/record",
            "/events/user/x",
        ] {
            assert_eq!(post(url, None).1, [], "{url}");
        }
        let mut get = Request { method: Method::GET, url: "/bridges/b".into(), body: None };
        assert_eq!(choose_ids(&mut get, "app"), []);
    }

    #[test]
    fn both_halves_of_a_local_channel_belong_to_the_dialog() {
        for url in ["/channels?channelId=a", "/channels/create?channelId=a", "/channels/a?x"] {
            let (_, chosen) = post(&format!("{url}&app=app&otherChannelId=b"), None);
            assert_eq!(chosen, ["a", "b"].map(|id| (ObjectKind::Channel, id.to_owned())), "{url}");
        }
        // What has no such parameter makes no other half.
        for url in
            ["/channels/externalMedia?channelId=a", "/channels/1/snoop?snoopId=a", "/channels/1/snoop/a?x"]
        {
            let (_, chosen) = post(&format!("{url}&app=app&otherChannelId=b"), None);
            assert_eq!(chosen, [(ObjectKind::Channel, "a".to_owned())], "{url}");
        }
    }
}
