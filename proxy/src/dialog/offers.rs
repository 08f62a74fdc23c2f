//! The addresses of live offers: which dialog and term a message from the bus is for.

use std::{collections::HashMap, sync::Arc};

use super::Dialog;

/// All live offers, by the last token of their dialog id.
#[derive(Default)]
pub(crate) struct Offers(HashMap<String, Offer>);

/// One live offer.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) dialog: Arc<Dialog>,
    pub(crate) term: u64,
}

impl Offers {
    /// Adds an offer under its dialog id.
    pub(crate) fn add(&mut self, dialog_id: &str, offer: Offer) {
        self.0.insert(uuid_of(dialog_id).to_owned(), offer);
    }

    /// The offer that the last token of a topic names.
    pub(crate) fn get(&self, topic: &str) -> Option<Offer> {
        self.0.get(uuid_of(topic)).cloned()
    }

    /// The last offer of a dialog, by its dialog id's last token, if there is any.
    pub(crate) fn last_of(&self, dialog: &Arc<Dialog>) -> Option<(&str, u64)> {
        let own = self.0.iter().filter(|(_, offer)| Arc::ptr_eq(&offer.dialog, dialog));
        own.map(|(id, offer)| (id.as_str(), offer.term)).max_by_key(|(_, term)| *term)
    }

    /// Removes the offers of one dialog.
    pub(crate) fn remove<'a>(&mut self, dialog_ids: impl IntoIterator<Item = &'a str>) {
        for dialog_id in dialog_ids {
            self.0.remove(uuid_of(dialog_id));
        }
    }
}

/// The uuid of an offer, in its dialog id as in its topics: what follows the last dot, which no server or prefix can bring
/// in doubt.
pub(super) fn uuid_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
