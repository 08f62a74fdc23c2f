//! What a script is made of.

use serde_json::Value;

pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Do>,
}

impl Script {
    /// Whether the script chose this id: others are different every time.
    pub(crate) fn chose(&self, id: &str) -> bool {
        self.steps.iter().any(|step| match step {
            Do::Ask(_, path, body) => {
                path.contains(id) || body.as_ref().is_some_and(|body| body.to_string().contains(id))
            }
            Do::Send(text) => text.contains(id),
            Do::Phone(_) => id == "{phone}",
            Do::Until(_) | Do::Await(..) => false,
        })
    }
}

#[derive(Clone)]
pub(crate) enum Do {
    /// A request, whose answer is compared.
    Ask(&'static str, String, Option<Value>),
    /// Asks until the answer is 200; none of the answers is compared.
    Until(String),
    /// A frame to the websocket.
    Send(String),
    /// Waits for an event whose text holds something.
    Await(&'static str, String),
    /// A SIP phone calls 1000; its channel is `{phone}` from then on.
    Phone(Phone),
}

#[derive(Clone, Copy)]
pub(crate) enum Phone {
    Waits,
    HangsUp,
    HoldsAndHangsUp,
}

pub(crate) fn ask(method: &'static str, path: &str) -> Do {
    Do::Ask(method, path.to_owned(), None)
}

pub(crate) fn ask_with(method: &'static str, path: &str, body: Value) -> Do {
    Do::Ask(method, path.to_owned(), Some(body))
}

pub(crate) fn wait(kind: &'static str, about: &str) -> Do {
    Do::Await(kind, about.to_owned())
}

pub(crate) fn until(path: &str) -> Do {
    Do::Until(path.to_owned())
}

pub(crate) fn get(path: &str) -> Do {
    ask("GET", path)
}

pub(crate) fn post(path: &str) -> Do {
    ask("POST", path)
}

pub(crate) fn delete(path: &str) -> Do {
    ask("DELETE", path)
}

/// A call to 1000 by way of a `Local/` pair: `id` enters Stasis, as a call from a phone does.
pub(crate) fn incoming(id: &str) -> Vec<Do> {
    vec![
        post(&format!(
            "/channels?endpoint=Local/1000@default&extension=park&context=default&priority=1\
             &channelId=far-{id}&otherChannelId={id}&callerId=Bob%20<4711>"
        )),
        wait("StasisStart", id),
        post(&format!("/channels/{id}/answer")),
        wait("ChannelStateChange", id),
    ]
}

pub(crate) fn script(name: &'static str, steps: impl IntoIterator<Item = Vec<Do>>) -> Script {
    Script { name, steps: steps.into_iter().flatten().collect() }
}
