//! What the channels of a dialog are told of it: a channel variable with the dialog's root and term, which a later process of
//! this proxy reads.

use std::sync::Arc;

use ari_bus::protocol::ObjectKind;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tracing::debug;

use super::super::{Context, Dialog};
use crate::{
    asterisk::request::Request,
    limits::{MARK_PATIENCE, MARKS_AT_ONCE},
};

/// The variable. Events that tell of it are not passed on.
pub(in super::super) const VARIABLE: &str = "ARI_PROXY";

/// The marks that are being written.
pub(crate) struct Marks(Arc<Semaphore>);

/// What a channel says of its dialog.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) root: String,
    pub(super) term: u64,
}

/// What a channel says is not known.
#[derive(Debug)]
pub(super) struct Unknown;

impl Default for Marks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MARKS_AT_ONCE)))
    }
}

impl Marks {
    /// A dialog has an owner in this term: its channels are told, off the fast path.
    pub(in super::super) fn owned(&self, context: &Arc<Context>, dialog: &Arc<Dialog>, term: u64) {
        let objects = context.registry().objects(dialog).into_iter();
        let channels = objects.filter(|object| object.kind == ObjectKind::Channel).map(|object| object.id);
        self.write(context, channels.collect(), Mark { root: dialog.root.clone(), term });
    }

    /// A channel that a dialog has made is in the application from now on.
    pub(in super::super) fn entered(&self, context: &Arc<Context>, dialog: &Dialog, channel: &str) {
        let term = dialog.owner().as_ref().map_or(0, |owner| owner.term);
        self.write(context, vec![channel.to_owned()], Mark { root: dialog.root.clone(), term });
    }

    fn write(&self, context: &Arc<Context>, channels: Vec<String>, mark: Mark) {
        if !context.config.asterisk.mark_channels {
            return;
        }
        let Ok(turn) = Arc::clone(&self.0).try_acquire_owned() else {
            return debug!(root = mark.root, "channels are not marked: too many others are being marked");
        };
        let writing = Arc::clone(context);
        context.spawn(async move {
            for channel in channels {
                let mut request = Request::own(Method::POST, &["channels", &channel, "variable"]);
                let value = format!("{} {}", mark.root, mark.term);
                request.body = Some(json!({ "variable": VARIABLE, "value": value }).to_string());
                if let Err(error) = writing.rest.send(&request).await {
                    debug!(channel, %error, "a channel could not be marked");
                }
            }
            drop(turn);
        });
    }
}

impl Mark {
    /// What a channel says, if it says anything.
    ///
    /// # Errors
    /// Asterisk does not answer.
    pub(super) async fn read(context: &Context, channel: &str) -> Result<Option<Self>, Unknown> {
        let question =
            Request::own(Method::GET, &["channels", channel, "variable"]).with("variable", VARIABLE);
        let answer = context.rest.ask(&question, MARK_PATIENCE, &context.stop).await.ok_or(Unknown)?;
        let value = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        Ok(value["value"].as_str().and_then(Self::parse))
    }

    fn parse(value: &str) -> Option<Self> {
        let (root, term) = value.rsplit_once(' ')?;
        (!root.is_empty()).then_some(Self { root: root.to_owned(), term: term.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_anything_else_is_none() {
        let mark = |root: &str, term| Some(Mark { root: root.to_owned(), term });
        assert_eq!(Mark::parse("pbx.1 3"), mark("pbx.1", 3));
        assert_eq!(Mark::parse("a b 3"), mark("a b", 3));
        for other in ["", "3", " 3", "pbx.1", "pbx.1 x", "pbx.1 -1"] {
            assert_eq!(Mark::parse(other), None, "{other:?}");
        }
    }
}
