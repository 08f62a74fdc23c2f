//! What the process before has taken of the workers' messages, and may come to this one as well: on NATS both read for a moment.

use std::collections::HashMap;

use bytes::Bytes;
use tokio::time::Instant;

use super::form::MailForm;
use crate::limits::COPIES;

/// Messages that were handed over, each to be left out once should it come again.
#[derive(Debug, Default)]
pub(crate) struct Copies(Option<Expected>);

#[derive(Debug)]
struct Expected {
    /// When the last of them has come, if it comes at all; not known before they are read.
    until: Option<Instant>,
    messages: HashMap<(String, bool, Bytes), usize>,
}

impl Copies {
    /// Those of what was handed over.
    pub(super) fn of(mail: &[MailForm]) -> Self {
        let mut messages = HashMap::new();
        for MailForm { offer, version_1, payload } in mail {
            *messages.entry((offer.clone(), *version_1, payload.0.clone())).or_default() += 1;
        }
        Self((!messages.is_empty()).then_some(Expected { until: None, messages }))
    }

    /// They are read from now on, what has come before at once.
    pub(crate) fn begin(&mut self) {
        if let Some(expected) = &mut self.0 {
            expected.until = Some(Instant::now() + COPIES);
        }
    }

    /// Whether none is awaited, as most of the time.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a message is one of them.
    pub(crate) fn take(&mut self, mail: &MailForm) -> bool {
        let Some(expected) = &mut self.0 else { return false };
        if expected.until.is_some_and(|until| Instant::now() >= until) {
            self.0 = None;
            return false;
        }
        let key = (mail.offer.clone(), mail.version_1, mail.payload.0.clone());
        let Some(left) = expected.messages.get_mut(&key) else { return false };
        *left -= 1;
        if *left == 0 {
            expected.messages.remove(&key);
        }
        if expected.messages.is_empty() {
            self.0 = None;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{super::form::Binary, *};

    fn mail(offer: &str, text: &'static str) -> MailForm {
        MailForm {
            offer: offer.to_owned(),
            version_1: false,
            payload: Binary(Bytes::from_static(text.as_bytes())),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_copy_is_left_out_once_and_not_for_ever() {
        let mut copies = Copies::of(&[mail("a", "x"), mail("a", "x"), mail("b", "y"), mail("c", "z")]);
        copies.begin();
        let mut take = |offer, text| copies.take(&mail(offer, text));
        assert!(take("a", "x") && take("a", "x") && !take("a", "x"), "it was sent a third time");
        assert!(!take("a", "y") && take("b", "y"));
        tokio::time::advance(COPIES).await;
        assert!(!take("c", "z"), "it is said again");
        assert!(copies.is_empty());
    }
}
