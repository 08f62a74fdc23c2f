//! Standing still: while dialogs are handed over, each comes to rest and tells what there is of it, and what is sent to them
//! is kept. If nobody takes them, they go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{sync::watch, time::timeout};

use super::form::{MailForm, Part};
use crate::limits::{FREEZE, MAIL_KEPT};

/// Whether the dialogs of this process stand still.
#[derive(Debug)]
pub(crate) struct Freeze {
    frozen: watch::Sender<bool>,
    state: Mutex<Option<Still>>,
    /// How many dialogs have come to rest.
    rested: watch::Sender<usize>,
    /// Whether the topics of the workers are to be left to another process.
    leaving: watch::Sender<Leaving>,
}

/// What belongs to one dialog and comes to rest by itself: its events and its mail. Both go on by themselves, too.
#[derive(Debug, Default)]
pub(in super::super) struct Resting(watch::Sender<usize>);

impl Resting {
    /// One of them rests while dialogs stand still.
    pub(in super::super) async fn rest(&self, freeze: &Freeze) {
        self.0.send_modify(|resting| *resting += 1);
        freeze.thawed().await;
        self.0.send_modify(|resting| *resting -= 1);
    }

    /// Resolves when both rest: then nothing is half-done.
    pub(in super::super) async fn both(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.0.subscribe().wait_for(|resting| *resting == 2).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    Asked,
    Done,
}

/// What has come to rest.
#[derive(Debug, Default)]
struct Still {
    parts: Vec<Part>,
    mail: Vec<MailForm>,
}

impl Default for Freeze {
    fn default() -> Self {
        let (frozen, rested) = (watch::Sender::new(false), watch::Sender::new(0));
        Self { frozen, state: Mutex::default(), rested, leaving: watch::Sender::new(Leaving::No) }
    }
}

impl Freeze {
    /// Whether dialogs are to come to rest.
    pub(in super::super) fn is_frozen(&self) -> bool {
        *self.frozen.borrow()
    }

    /// Resolves when dialogs are to come to rest.
    pub(in super::super) async fn frozen(&self) {
        // The sender lives as long as `self`: this cannot fail.
        let _ = self.frozen.subscribe().wait_for(|frozen| *frozen).await;
    }

    /// Resolves when dialogs go on.
    pub(in super::super) async fn thawed(&self) {
        let _ = self.frozen.subscribe().wait_for(|frozen| !*frozen).await;
    }

    /// A dialog has come to rest.
    pub(in super::super) fn rest(&self, parts: Vec<Part>) {
        if let Some(still) = &mut *self.state() {
            still.parts.extend(parts);
            self.rested.send_modify(|rested| *rested += 1);
        }
    }

    /// A dialog goes on, and has its mail back.
    pub(in super::super) fn goes_on(&self) {
        self.rested.send_modify(|rested| *rested = rested.saturating_sub(1));
    }

    /// Keeps a message to a dialog if they stand still, and passes it on otherwise: in one step, so that none comes to a
    /// dialog which has come to rest. False where it is lost, since too many are kept.
    pub(in super::super) fn pass(&self, mail: impl FnOnce() -> MailForm, on: impl FnOnce()) -> bool {
        match &mut *self.state() {
            Some(still) if still.mail.len() >= MAIL_KEPT => return false,
            Some(still) => still.mail.push(mail()),
            None => on(),
        }
        true
    }

    /// How many messages are kept.
    pub(super) fn mail(&self) -> usize {
        self.state().as_ref().map_or(0, |still| still.mail.len())
    }

    /// Brings all dialogs to rest; returns what they tell, or `None` where they do not come to rest in time.
    pub(super) async fn begin(&self, dialogs: impl Fn() -> usize) -> Option<Vec<Part>> {
        *self.state() = Some(Still::default());
        self.rested.send_replace(0);
        self.frozen.send_replace(true);
        let mut rested = self.rested.subscribe();
        let all = rested.wait_for(|rested| *rested >= dialogs());
        timeout(FREEZE, all).await.ok()?.ok()?;
        Some(std::mem::take(&mut self.state().as_mut()?.parts))
    }

    /// The number of dialogs has changed.
    pub(in super::super) fn look_again(&self) {
        self.rested.send_modify(|_| {});
    }

    /// Resolves when the topics of the workers are to be left to another process.
    pub(in super::super) async fn leaving(&self) {
        let _ = self.leaving.subscribe().wait_for(|leaving| *leaving == Leaving::Asked).await;
    }

    /// They have been left.
    pub(in super::super) fn has_left(&self) {
        self.leaving.send_replace(Leaving::Done);
    }

    /// Leaves the topics of the workers to another process. Returns what was sent to the dialogs since they stand still;
    /// `None` if that takes too long.
    pub(super) async fn leave(&self) -> Option<Vec<MailForm>> {
        let mut left = self.leaving.subscribe();
        self.leaving.send_replace(Leaving::Asked);
        timeout(FREEZE, left.wait_for(|leaving| *leaving == Leaving::Done)).await.ok()?.ok()?;
        self.state().as_ref().map(|still| still.mail.clone())
    }

    /// Lets them go on, with what was sent to them meanwhile, before anything that comes now.
    pub(in super::super) async fn end(&self, deliver: impl Fn(MailForm)) {
        self.leaving.send_replace(Leaving::No);
        self.frozen.send_replace(false);
        let mut rested = self.rested.subscribe();
        let _ = timeout(FREEZE, rested.wait_for(|rested| *rested == 0)).await;
        let mut state = self.state();
        state.take().into_iter().flat_map(|still| still.mail).for_each(deliver);
    }

    fn state(&self) -> MutexGuard<'_, Option<Still>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
