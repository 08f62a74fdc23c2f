//! The objects of a dialog, as another process goes on with them.

use std::sync::Arc;

use ari_bus::protocol::Object;

use super::{Binding, Found, Member, Presence, Registry};

/// An object of a dialog with everything that is known of it.
pub(crate) struct Handed<D> {
    pub(crate) object: Object,
    pub(crate) presence: Presence,
    pub(crate) found: Option<Found>,
    /// The dialog to which its next StasisEnd belongs.
    pub(crate) before: Option<Arc<D>>,
}

impl<D: Member> Registry<D> {
    /// Everything that belongs to a dialog.
    pub(crate) fn hand_over(&self, dialog: &Arc<D>) -> Vec<Handed<D>> {
        let bindings = self.applications.get(dialog.application()).into_iter();
        let handed = bindings.flat_map(|bindings| bindings.of(dialog)).map(
            |(object, Binding { presence, found, before, .. })| Handed {
                object: object.clone(),
                presence: *presence,
                found: *found,
                before: before.clone(),
            },
        );
        handed.collect()
    }

    /// Gives a dialog what it had in another process.
    pub(crate) fn take_over(&mut self, dialog: &Arc<D>, handed: Vec<Handed<D>>) {
        let objects = self.applications.entry(dialog.application().to_owned()).or_default();
        for Handed { object, presence, found, before } in handed {
            let binding = Binding { found, ..Binding::new(dialog, presence, false, before) };
            objects.insert(object, binding);
        }
    }
}
