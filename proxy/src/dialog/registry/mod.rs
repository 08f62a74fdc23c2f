//! Which objects belong to which dialog, and where each event goes because of it. No I/O and no waiting.
//!
//! An object is known by application, kind and id. The application is part of it because a channel that moves between
//! applications is named by the events of both for a while.

mod binding;
mod bindings;
mod handed;
mod remains;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use ari_bus::protocol::{Object, ObjectKind};
use tokio::sync::watch;

use crate::asterisk::{chosen::Chosen, event::Header};
use binding::Binding;
pub(crate) use binding::{Bound, Found, Presence};
use bindings::Bindings;
pub(crate) use handed::Handed;
pub(crate) use remains::Remains;

/// What the registry needs of a dialog: that it can be told from others, and a count of its channels.
pub(crate) trait Member {
    /// The application whose pool it was offered to.
    fn application(&self) -> &str;
    /// How many of its channels are in, or about to enter, its application.
    fn channels(&self) -> &watch::Sender<usize>;
}

/// All bindings of objects to dialogs.
pub(crate) struct Registry<D> {
    applications: HashMap<String, Bindings<D>>,
    /// Channels whose dialogs are over, by application, and where they were then: they are being given back to Asterisk.
    leaving: HashMap<(String, String), Presence>,
}

/// What became of an event.
pub(crate) struct Routed<D> {
    /// The dialogs it goes to, each once.
    pub(crate) dialogs: Vec<Arc<D>>,
    /// The channel whose StasisStart opens a dialog: the caller makes one and hands it to [`Registry::open`].
    pub(crate) opens: Option<String>,
    /// The dialog that the event's channel has left for nobody knows where yet.
    pub(crate) parted: Option<Arc<D>>,
    /// The dialogs that know by this event where its channel is, which had left them.
    pub(crate) settled: Vec<Arc<D>>,
}

impl<D> Default for Registry<D> {
    fn default() -> Self {
        Self { applications: HashMap::new(), leaving: HashMap::new() }
    }
}

impl<D: Member> Registry<D> {
    /// Finds the dialogs of an event and notes what it says about their objects.
    pub(crate) fn route(&mut self, header: &Header<'_>) -> Routed<D> {
        let mut opens = None;
        let mut settled = Vec::new();
        if header.kind == "StasisStart"
            && let Some(channel) = header.id_in("channel")
        {
            settled = self.entered_elsewhere(&header.application, channel);
            match self.found(header, channel) {
                Some(Found::Told) => return Routed { dialogs: Vec::new(), opens, parted: None, settled },
                Some(Found::Silent) => {}
                None if self.enters(header, channel) => {}
                None => opens = Some(channel.to_owned()),
            }
        }
        let ends = header.kind == "StasisEnd";
        let hangs_up = matches!(&*header.kind, "ChannelHangupRequest" | "ChannelDestroyed");
        let mut parted = None;
        let mut dialogs: Vec<Arc<D>> = Vec::new();
        for named in &header.objects {
            // A channel that opens a dialog does not belong to the one that had it before.
            if opens.as_deref() == Some(&*named.id) && named.field == "channel" {
                continue;
            }
            let object = named.object();
            let Some(binding) = self.binding(&header.application, &object) else { continue };
            binding.provisional = false;
            let dialog = if ends && named.field == "channel" && binding.before.is_some() {
                binding.before.take().unwrap_or_else(|| Arc::clone(&binding.dialog))
            } else if binding.presence == Presence::Moved && !ends {
                continue;
            } else {
                Arc::clone(&binding.dialog)
            };
            if ends && named.field == "channel" && Arc::ptr_eq(&dialog, &binding.dialog) {
                if binding.presence != Presence::Moved {
                    binding.become_(Presence::Left);
                    parted = (!binding.hangs_up).then(|| Arc::clone(&dialog));
                }
            } else if hangs_up && named.field == "channel" {
                binding.hangs_up = true;
                if binding.presence == Presence::Left {
                    settled.push(Arc::clone(&dialog));
                }
            }
            if !dialogs.iter().any(|known| Arc::ptr_eq(known, &dialog)) {
                dialogs.push(dialog);
            }
        }
        if let Some(ended) = ended_object(header) {
            self.remove(&header.application, &ended);
        }
        Routed { dialogs, opens, parted, settled }
    }

    /// Whether any object of an event belongs to a dialog.
    pub(crate) fn knows(&self, header: &Header<'_>) -> bool {
        let Some(objects) = self.applications.get(&*header.application) else { return false };
        let mut named = header.objects.iter();
        named.any(|named| objects.get(&named.object()).is_some())
    }

    /// Whether all of these channels that belong to a dialog, one at least, have moved away from it.
    pub(crate) fn have_moved(&self, dialog: &D, channels: &[String]) -> bool {
        let Some(objects) = self.applications.get(dialog.application()) else { return false };
        let mut own = channels
            .iter()
            .filter_map(|id| objects.get(&Object { kind: ObjectKind::Channel, id: id.clone() }))
            .filter(|binding| std::ptr::eq(Arc::as_ptr(&binding.dialog), dialog))
            .peekable();
        own.peek().is_some() && own.all(|binding| binding.presence == Presence::Moved)
    }

    /// Gives a dialog what it had with an earlier process. Objects that another dialog has stay there. Returns what is its own.
    pub(crate) fn adopt(&mut self, dialog: &Arc<D>, found: Vec<(Object, Presence)>) -> Vec<Bound> {
        let objects = self.applications.entry(dialog.application().to_owned()).or_default();
        let mut bound = Vec::new();
        for (object, presence) in found {
            if objects.get(&object).is_some_and(|binding| !binding.is_over()) {
                continue;
            }
            let found = (presence == Presence::Entered).then_some(Found::Silent);
            let binding = Binding { found, ..Binding::new(dialog, presence, false, None) };
            objects.insert(object.clone(), binding);
            bound.push(Bound { application: dialog.application().to_owned(), object, presence });
        }
        bound
    }

    /// The dialog of a channel was told by a stand-in that it has entered.
    pub(crate) fn told(&mut self, application: &str, channel: &str) {
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        if let Some(binding) = self.binding(application, &object) {
            binding.found = Some(Found::Told);
        }
    }

    /// Gives a channel whose StasisStart opened a dialog to that dialog.
    pub(crate) fn open(&mut self, channel: &str, dialog: &Arc<D>) {
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        let objects = self.applications.entry(dialog.application().to_owned()).or_default();
        let before = objects.remove(&object).and_then(|mut old| {
            let owes_end = old.presence == Presence::Entered;
            old.become_(Presence::Left);
            owes_end.then_some(old.dialog)
        });
        objects.insert(object, Binding::new(dialog, Presence::Entered, false, before));
    }

    /// Binds what a command is about to make to its dialog. Objects that another dialog has stay there.
    /// Returns what is new: the caller confirms or undoes it with the command's answer.
    pub(crate) fn bind(&mut self, dialog: &Arc<D>, chosen: Vec<Chosen>) -> Vec<Object> {
        let objects = self.applications.entry(dialog.application().to_owned()).or_default();
        let mut new = Vec::new();
        for Chosen { object, will_enter } in chosen {
            if objects.get(&object).is_some_and(|binding| !binding.is_over()) {
                continue;
            }
            let presence = if will_enter { Presence::Expected } else { Presence::Beside };
            objects.insert(object.clone(), Binding::new(dialog, presence, true, None));
            new.push(object);
        }
        new
    }

    /// Keeps what a command made.
    pub(crate) fn confirm(&mut self, dialog: &Arc<D>, objects: &[Object]) {
        for object in objects {
            if let Some(binding) = self.own(dialog, object) {
                binding.provisional = false;
            }
        }
    }

    /// Binds what a command made under the id that Asterisk gave it in the place of the one that was chosen.
    pub(crate) fn rename(&mut self, dialog: &Arc<D>, made: Chosen, id: String) {
        if self.own(dialog, &made.object).is_some() {
            self.remove(dialog.application(), &made.object);
        }
        let object = Object { kind: made.object.kind, id };
        let new = self.bind(dialog, vec![Chosen { object, will_enter: made.will_enter }]);
        self.confirm(dialog, &new);
    }

    /// Takes back what a failed command was to make, unless an event showed that it exists.
    pub(crate) fn undo(&mut self, dialog: &Arc<D>, objects: &[Object]) {
        for object in objects {
            if self.own(dialog, object).is_some_and(|binding| binding.provisional) {
                self.remove(dialog.application(), object);
            }
        }
    }

    /// Whether an object belongs to a dialog.
    pub(crate) fn owns(&self, dialog: &Arc<D>, object: &Object) -> bool {
        let binding = self.applications.get(dialog.application()).and_then(|objects| objects.get(object));
        binding.is_some_and(|binding| Arc::ptr_eq(&binding.dialog, dialog) && !binding.is_over())
    }

    /// Everything that belongs to a dialog, in the order of the ids.
    pub(crate) fn objects(&self, dialog: &Arc<D>) -> Vec<Object> {
        let bindings = self.applications.get(dialog.application()).into_iter();
        let own = bindings.flat_map(|bindings| bindings.of(dialog)).filter(|(_, binding)| !binding.is_over());
        let mut objects: Vec<Object> = own.map(|(object, _)| object.clone()).collect();
        objects.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        objects
    }

    /// Every object of an application that belongs to a dialog and is not just being made.
    pub(crate) fn bound(&self, application: &str) -> Vec<Bound> {
        let bindings = self.applications.get(application).into_iter().flat_map(Bindings::iter);
        bindings
            .filter(|(_, binding)| !binding.provisional)
            .map(|(object, binding)| Bound {
                application: application.to_owned(),
                object: object.clone(),
                presence: binding.presence,
            })
            .collect()
    }

    /// Where an object is; `None` if it belongs to no dialog.
    pub(crate) fn presence(&self, application: &str, object: &Object) -> Option<Presence> {
        Some(self.applications.get(application)?.get(object)?.presence)
    }

    /// Every dialog that has any object in an application, once.
    pub(crate) fn dialogs(&self, application: &str) -> Vec<Arc<D>> {
        let bindings = self.applications.get(application).into_iter().flat_map(Bindings::iter);
        let mut dialogs: Vec<Arc<D>> = bindings.map(|(_, binding)| Arc::clone(&binding.dialog)).collect();
        dialogs.sort_unstable_by_key(|dialog| Arc::as_ptr(dialog).addr());
        dialogs.dedup_by(|one, other| Arc::ptr_eq(one, other));
        dialogs
    }

    /// After a gap no end of before is still to come.
    pub(crate) fn forget_owed_ends(&mut self, application: &str) {
        if let Some(bindings) = self.applications.get_mut(application) {
            bindings.forget_before();
        }
    }

    /// How the channel of a StasisStart was found in the application before, if it was.
    fn found(&mut self, header: &Header<'_>, channel: &str) -> Option<Found> {
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        let binding = self.binding(&header.application, &object)?;
        binding.found.take().filter(|_| binding.presence == Presence::Entered)
    }

    /// Whether a StasisStart opens no dialog: it belongs to one that is there already, as the first one of a channel that the
    /// dialog made, or of a channel that takes the place of one of its own; or nobody wants its channel any more.
    fn enters(&mut self, header: &Header<'_>, channel: &str) -> bool {
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        if let Some(binding) = self.binding(&header.application, &object)
            && matches!(binding.presence, Presence::Expected | Presence::Beside)
        {
            binding.become_(Presence::Entered);
            return true;
        }
        if self.is_let_go(&header.application, channel) {
            return true;
        }
        let Some(replaced) = header.id_in("replace_channel") else { return false };
        let replaced = Object { kind: ObjectKind::Channel, id: replaced.to_owned() };
        let Some(binding) = self.binding(&header.application, &replaced) else { return false };
        if !binding.presence.holds() {
            return false;
        }
        let dialog = Arc::clone(&binding.dialog);
        self.open(channel, &dialog);
        true
    }

    /// A StasisStart in one application is the implicit end in every other, where the StasisEnd may have come before it.
    /// Returns the dialogs that it had left.
    fn entered_elsewhere(&mut self, application: &str, channel: &str) -> Vec<Arc<D>> {
        let mut had_left = Vec::new();
        let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
        for (name, objects) in &mut self.applications {
            if name != application
                && let Some(binding) = objects.get_mut(&object)
                && matches!(binding.presence, Presence::Entered | Presence::Left)
            {
                if binding.presence == Presence::Left {
                    had_left.push(Arc::clone(&binding.dialog));
                }
                binding.become_(Presence::Moved);
            }
        }
        had_left
    }

    fn binding(&mut self, application: &str, object: &Object) -> Option<&mut Binding<D>> {
        self.applications.get_mut(application)?.get_mut(object)
    }

    fn own(&mut self, dialog: &Arc<D>, object: &Object) -> Option<&mut Binding<D>> {
        self.binding(dialog.application(), object).filter(|binding| Arc::ptr_eq(&binding.dialog, dialog))
    }

    fn remove(&mut self, application: &str, object: &Object) {
        if let Some(mut binding) =
            self.applications.get_mut(application).and_then(|objects| objects.remove(object))
        {
            binding.become_(Presence::Left);
        }
    }
}

/// The object that an event is the last of.
fn ended_object(header: &Header<'_>) -> Option<Object> {
    let (kind, field) = match &*header.kind {
        "ChannelDestroyed" => (ObjectKind::Channel, "channel"),
        "BridgeDestroyed" => (ObjectKind::Bridge, "bridge"),
        "PlaybackFinished" => (ObjectKind::Playback, "playback"),
        "RecordingFinished" | "RecordingFailed" => (ObjectKind::Recording, "recording"),
        _ => return None,
    };
    Some(Object { kind, id: header.id_in(field)?.to_owned() })
}
