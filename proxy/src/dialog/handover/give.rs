//! The process that acts, and hands over.

use std::sync::Arc;

use ari_bus::Claimed;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use super::{
    super::Context,
    form::{Part, VERSION},
};
use crate::{
    claim::{Say, Talk, Word},
    limits::{BOTH_READ, HANDOVER_STEP},
};

/// What a handover needs from outside.
pub(crate) struct Giver<'a> {
    pub(crate) context: &'a Arc<Context>,
    pub(crate) talk: &'a Talk,
}

/// What became of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// Another process has said that it has them.
    Taken,
    /// Another process has the claim, and has not said that it has them.
    Silently,
}

/// Waits for a process that wants to take over; returns when this one has nothing any more.
pub(crate) async fn give(giver: &Giver<'_>, words: &mut mpsc::Receiver<Word>) -> Given {
    loop {
        let Some(word) = words.recv().await else { return std::future::pending().await };
        let Word::Say(Say::TakeOver { from, replies, version, applications }) = word else { continue };
        if !giver.talk.reaches(&replies) {
            debug!(?replies, "a process that wants to take over cannot be spoken to there");
            continue;
        }
        let _unchanged = match giver.ready(version, &applications).await {
            Ok(unchanged) => unchanged,
            Err(not_now) => {
                debug!(?not_now, "a process that wants to take over is to wait");
                giver.talk.tell(&replies, &not_now).await;
                continue;
            }
        };
        info!(process = from, "another process takes over: handing it all calls");
        giver.context.status.expect_handover(true);
        let done = giver.hand_over(&replies, &applications, words).await;
        match done {
            Ok(given) => return given,
            Err(why) => {
                warn!(why, "the handover failed: the calls stay with this process");
                let later = true;
                giver.talk.tell(&replies, &Say::NotNow { why, later }).await;
                // What it has lost by this, and nothing that other programs have.
                giver.context.status.take_back();
            }
        }
        giver.context.status.expect_handover(false);
    }
}

impl<'a> Giver<'a> {
    /// Whether everything can be handed over now. As long as what is returned is held, no application is added or removed.
    async fn ready(&self, version: u32, applications: &[String]) -> Result<impl Drop + use<'a>, Say> {
        let never = |why: String| Err(Say::NotNow { why, later: false });
        let later = |why: &str| Err(Say::NotNow { why: why.to_owned(), later: true });
        if version != VERSION {
            return never(format!(
                "the running process hands over in version {VERSION}, the new one takes version {version}: stop the one, then start the other"
            ));
        }
        // First: the other process reads which were added when it hears that this one is ready.
        // Sooner than that one gives up: it asks again.
        let Some(unchanged) = self.context.applications.unchanged(HANDOVER_STEP / 2).await else {
            return later("the running process is just adding or removing an application");
        };
        let dialogs = self.context.dialogs();
        if let Some(left) = dialogs.values().find(|dialog| !applications.contains(&dialog.application)) {
            let why = format!(
                "there are calls in the application {:?}, which the new process does not serve: leave it in `applications` until they have ended",
                left.application
            );
            // One that was added may be there since the other process has read which are.
            let later = !self.context.applications.is_configured(&left.application);
            return Err(Say::NotNow { why, later });
        }
        drop(dialogs);
        if self.context.is_sorting_out() {
            return later("the running process still sorts out the calls of an earlier one, or of a gap");
        }
        if self.context.registry().is_giving_back() {
            return later("the running process gives callers back whom no worker took");
        }
        if self.context.status.now().ours.is_empty() {
            return later("the running process has no connection to Asterisk");
        }
        Ok(unchanged)
    }

    async fn hand_over(
        &self,
        replies: &str,
        applications: &[String],
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<Given, String> {
        let (context, talk) = (self.context, self.talk);
        // What an earlier attempt said.
        while words.try_recv().is_ok() {}
        let ready = Say::Ready {
            replies: talk.own().clone(),
            incarnation: context.incarnation.clone(),
            taken: Vec::from_iter(self.context.status.now().taken),
        };
        talk.tell(replies, &ready).await;
        let mut ours = self.context.status.now().ours;
        ours.retain(|application| applications.contains(application));
        let replaced = self.context.status.until(|now| ours.is_subset(&now.taken));
        let lost = self
            .context
            .status
            .until(|now| !ours.iter().all(|one| now.ours.contains(one) || now.taken.contains(one)));
        tokio::select! {
            replaced = timeout(HANDOVER_STEP, replaced) => {
                replaced.map_err(|_| "the other process did not connect to Asterisk".to_owned())?;
            }
            () = lost => return Err("the connection to Asterisk was lost".to_owned()),
            why = until_it_cannot(words) => return Err(why),
        }
        // Every event of before the change has been read. What comes now comes to the other process.
        let given = self.hand_over_dialogs(replies, words).await;
        if given.is_err() {
            context.claim.keep_after_all();
            context.thaw().await;
        }
        given
    }

    async fn hand_over_dialogs(
        &self,
        replies: &str,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<Given, String> {
        let (context, talk) = (self.context, self.talk);
        let parts = context.freeze.begin(|| context.dialogs().len()).await;
        let parts = parts.ok_or("a call does not come to rest: Asterisk does not answer a command")?;
        debug!(parts = parts.len(), "all calls stand still");
        let parts = self.send(replies, parts).await?;
        debug!("all calls are sent");
        // The other process listens after that: what has come by now comes to this one alone.
        let alone = context.freeze.mail();
        talk.tell(replies, &Say::Frozen { parts }).await;
        until(words, |say| matches!(say, Say::Joined)).await?;
        debug!("the other process listens to the workers");
        sleep(BOTH_READ).await;
        let mail = context.freeze.leave().await.ok_or("the bus does not let go of the workers' topics")?;
        debug!(messages = mail.len(), "nobody here listens to the workers any more");
        let heard_too = if context.bus.shared_comes_to_all() { mail.len().saturating_sub(alone) } else { 0 };
        let parts = self.send(replies, mail.into_iter().map(Part::Mail).collect()).await?;
        context.claim.give(talk).await;
        talk.tell(replies, &Say::All { parts, heard_too }).await;
        let taken = until(words, |say| matches!(say, Say::Taken)).await;
        match taken {
            Ok(()) => Ok(Given::Taken),
            // Whoever has the claim has the calls: this one stands by, should the other not come to life.
            Err(_) if self.is_claimed().await => Ok(Given::Silently),
            Err(why) => Err(why),
        }
    }

    /// Whether another process has the claim by now.
    async fn is_claimed(&self) -> bool {
        match self.talk.bus().claim(self.talk.holder(), &self.talk.process, None).await {
            Ok(Claimed::Ours) => false,
            Ok(Claimed::Theirs(_)) => true,
            Ok(Claimed::NotKept) | Err(_) => self.talk.somebody_acts().await,
        }
    }

    async fn send(&self, replies: &str, parts: Vec<Part>) -> Result<usize, String> {
        let (largest, count) = (self.context.bus.largest_message(), parts.len());
        let encoded = Part::encode(parts, largest).ok_or("a call is larger than a message of this bus")?;
        self.talk.send(replies, encoded).await.map_err(|error| error.to_string())?;
        Ok(count)
    }
}

/// Waits until the other process says something.
async fn until(words: &mut mpsc::Receiver<Word>, is: impl Fn(&Say) -> bool) -> Result<(), String> {
    let said = async {
        loop {
            match words.recv().await {
                Some(Word::Say(Say::Cannot { why })) => return Err(why),
                Some(Word::Say(say)) if is(&say) => return Ok(()),
                Some(_) => {}
                None => return Err("the bus is closed".to_owned()),
            }
        }
    };
    timeout(HANDOVER_STEP, said).await.unwrap_or_else(|_| Err("the other process is silent".to_owned()))
}

/// Waits until the other process says that it cannot go on.
async fn until_it_cannot(words: &mut mpsc::Receiver<Word>) -> String {
    loop {
        match words.recv().await {
            Some(Word::Say(Say::Cannot { why })) => return why,
            Some(_) => {}
            None => return "the bus is closed".to_owned(),
        }
    }
}
