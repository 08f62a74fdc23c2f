//! What a dialog leaves behind in Asterisk when it is over, until Asterisk has it back.

use std::sync::Arc;

use ari_bus::protocol::{Object, ObjectKind};

use super::{Member, Presence, Registry};

/// The channels of a dialog that is over: they are nobody's from then on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// Those in its application.
    pub(crate) entered: Vec<String>,
    /// Those that were called for it and had not entered.
    pub(crate) called: Vec<String>,
}

impl Remains {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.called.is_empty()
    }

    /// All of them.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &String> {
        self.entered.iter().chain(&self.called)
    }
}

impl<D: Member> Registry<D> {
    /// Forgets everything that belongs to a dialog; returns what it leaves behind.
    pub(crate) fn close(&mut self, dialog: &Arc<D>) -> Remains {
        let mut remains = Remains::default();
        let bindings = self.applications.get_mut(dialog.application()).into_iter();
        for (object, mut binding) in bindings.flat_map(|bindings| bindings.take(dialog)) {
            let behind = match binding.presence {
                Presence::Entered => Some(&mut remains.entered),
                Presence::Expected => Some(&mut remains.called),
                Presence::Left | Presence::Moved | Presence::Beside => None,
            };
            if let Some(behind) = behind {
                let place = (dialog.application().to_owned(), object.id.clone());
                self.leaving.insert(place, binding.presence);
                behind.push(object.id);
            }
            binding.become_(Presence::Left);
        }
        remains
    }

    /// Whether a channel in an application belongs to nobody: neither to a dialog, nor is it on its way out.
    pub(crate) fn is_orphan(&self, application: &str, channel: &str) -> bool {
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        self.presence(application, &object).is_none() && self.leaving(application, channel).is_none()
    }

    /// Whether channels are on their way out whose dialogs are over.
    pub(crate) fn is_giving_back(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// A channel that was in a dialog has been given back, or cannot be.
    pub(crate) fn given_back(&mut self, application: &str, channel: &str) {
        self.leaving.remove(&(application.to_owned(), channel.to_owned()));
    }

    /// Whether a channel was called for a dialog that is over: should it be answered in this moment, it is no new call.
    pub(super) fn is_let_go(&self, application: &str, channel: &str) -> bool {
        self.leaving(application, channel) == Some(Presence::Expected)
    }

    /// Where a channel on its way out was when its dialog ended.
    fn leaving(&self, application: &str, channel: &str) -> Option<Presence> {
        self.leaving.get(&(application.to_owned(), channel.to_owned())).copied()
    }
}
