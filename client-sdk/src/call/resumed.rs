//! What a handler finds when it goes on with a call that another worker had before.

use ari_bus::protocol::{AppStart, Object, ObjectKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

use super::ids::Ids;
use crate::{
    Event,
    error::{CommandError, CommandErrorKind, Result},
};

/// What a handler finds when its call had another owner before: see [`Call::resumed`](crate::Call::resumed).
#[derive(Debug, Clone)]
pub struct Resumed {
    context: Option<String>,
    objects: Vec<Object>,
    unanswered: Vec<String>,
}

/// What a save puts around the handler's state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<'a> {
    /// How many saves were attempted, this one included.
    step: u64,
    /// What else the ids of this step depend on, if anything.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    salt: &'a str,
    #[serde(borrow)]
    state: &'a RawValue,
}

impl Resumed {
    /// `None` for a call that had no owner before.
    pub(super) fn of(offer: &AppStart) -> Option<Self> {
        offer.resume.then(|| Self {
            context: offer.context.clone(),
            objects: offer.objects.clone(),
            unanswered: offer.unanswered.clone(),
        })
    }

    /// The state that was [saved](crate::Call::save) last; `None` if none was, so that the handler begins at its beginning.
    ///
    /// # Errors
    /// `Decode` when it is not an `S`, or was not saved by this crate; [`context`](Self::context) has the text.
    pub fn state<S: DeserializeOwned>(&self) -> Result<Option<S>> {
        let Some(context) = &self.context else { return Ok(None) };
        serde_json::from_str::<Saved<'_>>(context)
            .and_then(|saved| serde_json::from_str(saved.state.get()))
            .map(Some)
            .map_err(|error| {
                let text = format!("what was saved is not this handler's state: {error}");
                CommandError::new(CommandErrorKind::Decode, "resume", text)
            })
    }

    /// What was saved last, as it was sent: text of its own where a worker without this crate did it.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// What belongs to the call: channels, bridges, playbacks, recordings.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The `unique_id` of each command whose answer the last owner did not get. A handler that repeats its step gets these
    /// answers, and need not look here.
    #[must_use]
    pub fn unanswered(&self) -> &[String] {
        &self.unanswered
    }
}

/// The context that a save sends with which this step begins.
pub(super) fn context(step: u64, salt: &str, state: &impl Serialize) -> serde_json::Result<String> {
    let state = serde_json::value::to_raw_value(state)?;
    serde_json::to_string(&Saved { step, salt, state: &state })
}

/// Ids that go on from the step that was saved last. Where somebody else's context stands, theirs are other ids.
pub(crate) fn ids(offer: &AppStart) -> Ids {
    let root = offer.root.as_deref().unwrap_or(&offer.dialog_id);
    let context = offer.context.as_deref().filter(|_| offer.resume).unwrap_or_default();
    match serde_json::from_str::<Saved<'_>>(context) {
        Ok(saved) => Ids::repeatable(root, saved.step, saved.salt),
        Err(_) if context.is_empty() => Ids::repeatable(root, 0, ""),
        // Short, as it goes into every save from now on.
        Err(_) => Ids::repeatable(
            root,
            0,
            &Uuid::new_v5(&Uuid::NAMESPACE_OID, context.as_bytes()).simple().to_string(),
        ),
    }
}

/// The StasisStart with which a resumed call begins: the offer's copy, or what the first channel makes of it.
pub(super) fn start(offer: &AppStart) -> Result<Event, String> {
    if let Some(start) = &offer.start {
        return Ok(Event::from_offer(start.clone(), None));
    }
    let channel = offer.objects.iter().find(|object| object.kind == ObjectKind::Channel);
    let channel = channel.ok_or("the offer has neither its StasisStart nor a channel")?;
    Ok(stasis_start(&offer.application, &channel.id))
}

/// What stands for the StasisStart of a channel of which nothing is known but its id.
pub(crate) fn stasis_start(application: &str, channel: &str) -> Event {
    let start = json!({ "type": "StasisStart", "application": application, "args": [],
        "channel": { "id": channel } });
    Event::from_offer(start.to_string(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resumed(context: Option<&str>) -> (Resumed, Ids) {
        let offer = AppStart {
            dialog_id: "d".to_owned(),
            resume: true,
            context: context.map(str::to_owned),
            ..AppStart::default()
        };
        (Resumed::of(&offer).unwrap(), ids(&offer))
    }

    #[test]
    fn what_was_saved_comes_back_with_its_step() {
        let saved = context(3, "", &json!({ "menu": [2, null] })).unwrap();
        assert_eq!(saved, r#"{"step":3,"state":{"menu":[2,null]}}"#);
        let (resumed, ids) = resumed(Some(&saved));
        assert_eq!(resumed.state().unwrap(), Some(json!({ "menu": [2, null] })));
        assert_eq!((resumed.context(), ids.step()), (Some(saved.as_str()), 3));
        assert_eq!(resumed.state::<u64>().unwrap_err().kind(), CommandErrorKind::Decode);
    }

    #[test]
    fn ids_after_somebody_elses_context_go_on_after_a_save() {
        let of = |ids: &Ids| ids.command("POST", "/x", None).as_str().to_owned();
        let (_, first) = resumed(Some("menu=2"));
        let saved = context(1, first.salt(), &1).unwrap();
        first.advance(1);
        let (resumed, next) = resumed(Some(&saved));
        assert_eq!((resumed.state::<u64>().unwrap(), of(&next)), (Some(1), of(&first)));
        assert_ne!(of(&first), of(&Ids::repeatable("d", 1, "")));
    }

    #[test]
    fn nothing_saved_is_the_beginning_and_what_others_saved_is_text() {
        let (nothing, ids) = resumed(None);
        assert_eq!((nothing.state::<u64>().unwrap(), nothing.context(), ids.step()), (None, None, 0));
        for foreign in ["menu=2", "", "{", r#"{"step":-1,"state":1}"#, r#"{"step":1,"state":1,"x":1}"#] {
            let (other, ids) = resumed(Some(foreign));
            assert_eq!(other.state::<u64>().unwrap_err().kind(), CommandErrorKind::Decode);
            assert_eq!((other.context(), ids.step()), (Some(foreign), 0));
        }
        assert!(Resumed::of(&AppStart::default()).is_none());
    }
}
