//! The bindings of one application, found by their object and by their dialog: neither takes longer the more dialogs there are.

use std::{
    collections::{HashMap, HashSet, hash_map},
    sync::Arc,
};

use ari_bus::protocol::Object;

use super::Binding;

/// All bindings of an application.
pub(super) struct Bindings<D> {
    objects: HashMap<Object, Binding<D>>,
    /// The objects whose bindings name a dialog, by its address. What named it only as the one before stays here until the
    /// dialog is closed, though its binding may name it no more.
    of_dialogs: HashMap<usize, HashSet<Object>>,
}

impl<D> Default for Bindings<D> {
    fn default() -> Self {
        Self { objects: HashMap::new(), of_dialogs: HashMap::new() }
    }
}

impl<D> Bindings<D> {
    pub(super) fn get(&self, object: &Object) -> Option<&Binding<D>> {
        self.objects.get(object)
    }

    /// A binding, to change anything of it but its dialogs.
    pub(super) fn get_mut(&mut self, object: &Object) -> Option<&mut Binding<D>> {
        self.objects.get_mut(object)
    }

    pub(super) fn insert(&mut self, object: Object, binding: Binding<D>) {
        self.remove(&object);
        for dialog in [Some(&binding.dialog), binding.before.as_ref()].into_iter().flatten() {
            self.of_dialogs.entry(address(dialog)).or_default().insert(object.clone());
        }
        self.objects.insert(object, binding);
    }

    pub(super) fn remove(&mut self, object: &Object) -> Option<Binding<D>> {
        let binding = self.objects.remove(object)?;
        for dialog in [Some(&binding.dialog), binding.before.as_ref()].into_iter().flatten() {
            if let hash_map::Entry::Occupied(mut named) = self.of_dialogs.entry(address(dialog)) {
                named.get_mut().remove(object);
                if named.get().is_empty() {
                    named.remove();
                }
            }
        }
        Some(binding)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Object, &Binding<D>)> {
        self.objects.iter()
    }

    /// The bindings that are a dialog's own.
    pub(super) fn of(&self, dialog: &Arc<D>) -> impl Iterator<Item = (&Object, &Binding<D>)> {
        let named = self.of_dialogs.get(&address(dialog)).into_iter().flatten();
        let bound = named.filter_map(|object| self.objects.get_key_value(object));
        bound.filter(|(_, binding)| Arc::ptr_eq(&binding.dialog, dialog))
    }

    /// Takes the bindings that are a dialog's own. No other one names it as the dialog before, from then on.
    pub(super) fn take(&mut self, dialog: &Arc<D>) -> Vec<(Object, Binding<D>)> {
        let mut own = Vec::new();
        for object in self.of_dialogs.remove(&address(dialog)).into_iter().flatten() {
            match self.objects.get_mut(&object) {
                Some(binding) if Arc::ptr_eq(&binding.dialog, dialog) => {
                    own.extend(self.remove(&object).map(|binding| (object, binding)));
                }
                Some(binding) => {
                    binding.before.take_if(|before| Arc::ptr_eq(before, dialog));
                }
                None => {}
            }
        }
        own
    }

    /// Whether nothing is bound, and nothing kept of what was.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.of_dialogs.is_empty()
    }

    /// No end of a dialog before is still to come.
    pub(super) fn forget_before(&mut self) {
        for binding in self.objects.values_mut() {
            binding.before = None;
        }
    }
}

fn address<D>(dialog: &Arc<D>) -> usize {
    Arc::as_ptr(dialog).addr()
}
