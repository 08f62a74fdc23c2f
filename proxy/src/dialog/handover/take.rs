//! The process that takes over.

use std::sync::Arc;

use ari_bus::{Reach, Subscription};
use futures_util::{StreamExt as _, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tracing::info;

use super::{
    super::{Context, inbox},
    Copies,
    adopt::Draft,
    form::{MailForm, Part, VERSION},
};
use crate::{
    applications::Applications,
    claim::{Say, Talk, Word, take_from},
    config::Topology,
    limits::{DECLARED_AT_ONCE, FREEZE, HANDOVER_STEP, TAKE_OVER_AGAIN, TAKE_OVER_PATIENCE},
};

/// What the process grants that acts.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The incarnation that goes on.
    pub(crate) incarnation: String,
    /// The applications that other programs have.
    pub(crate) taken: Vec<String>,
    /// Where that process is spoken to.
    replies: String,
}

/// Asks the process that acts to hand over, with the applications that it has kept; `None` if there is none.
///
/// # Errors
/// Why it does not.
pub(crate) async fn ask(
    talk: &Talk,
    words: &mut mpsc::Receiver<Word>,
    applications: &Applications,
) -> Result<Option<Granted>, String> {
    let until = Instant::now() + TAKE_OVER_PATIENCE;
    let mut last = "nobody answers".to_owned();
    let mut nobody = 0;
    while Instant::now() < until {
        // Each time: some may have been added since.
        applications.restore().await;
        match talk.want_over(VERSION, &applications.all()).await {
            // Its connection may just be made anew.
            Ok(Reach::Nobody) if nobody >= 2 => return Ok(None),
            Ok(Reach::Nobody) => nobody += 1,
            Ok(Reach::Somebody) => {
                nobody = 0;
                match timeout(HANDOVER_STEP, answer(words)).await {
                    Ok(Say::Ready { replies, incarnation, taken }) if talk.reaches(&replies) => {
                        return Ok(Some(Granted { incarnation, taken, replies }));
                    }
                    Ok(Say::NotNow { why, later: false }) => return Err(why),
                    Ok(Say::NotNow { why, .. }) => last = why,
                    Ok(_) => {}
                    Err(_) => last = "the process that acts does not answer".to_owned(),
                }
            }
            Err(error) => last = error.to_string(),
        }
        sleep(TAKE_OVER_AGAIN).await;
    }
    Err(last)
}

async fn answer(words: &mut mpsc::Receiver<Word>) -> Say {
    loop {
        match words.recv().await {
            Some(Word::Say(say @ (Say::Ready { .. } | Say::NotNow { .. }))) => return say,
            Some(_) => {}
            None => return std::future::pending().await,
        }
    }
}

/// Takes everything, while Asterisk's events are held; returns what the workers say from then on, and the questions of other
/// processes.
///
/// # Errors
/// Why it could not be taken: the other process keeps it.
pub(crate) async fn take(
    context: &Arc<Context>,
    talk: &Talk,
    words: &mut mpsc::Receiver<Word>,
    granted: &Granted,
) -> Result<(inbox::Inbox, Subscription), String> {
    let took = Taking { context, talk, words, granted }.run().await;
    if let Err(why) = &took {
        talk.tell(&granted.replies, &Say::Cannot { why: why.clone() }).await;
    }
    took
}

struct Taking<'a> {
    context: &'a Arc<Context>,
    talk: &'a Talk,
    words: &'a mut mpsc::Receiver<Word>,
    granted: &'a Granted,
}

impl Taking<'_> {
    async fn run(mut self) -> Result<(inbox::Inbox, Subscription), String> {
        let (context, talk, replies) = (self.context, self.talk, &self.granted.replies);
        // Sooner than the other process gives up.
        let connected = timeout(HANDOVER_STEP / 2, context.status.until(|status| !status.ours.is_empty()));
        connected.await.map_err(|_| "the new process cannot connect to Asterisk")?;
        let status = &context.status;
        let frozen = |say: &Say| if let Say::Frozen { parts } = say { Some(*parts) } else { None };
        let parts = tokio::select! {
            parts = self.parts(frozen) => parts?,
            // What goes by now would be told to nobody.
            () = status.until(|status| status.ours.is_empty()) => {
                return Err("the connection to Asterisk was lost".to_owned());
            }
        };
        let drafts = Draft::read(parts)?;
        // Before it is known that we listen: what is sent then must find its way.
        let failed = |error: ari_bus::BusError| error.to_string();
        let mut workers = inbox::subscribe(context).await.map_err(failed)?;
        if context.config.bus_config.topology == Topology::Dedicated {
            let topics: Vec<String> = drafts.iter().flat_map(|draft| draft.topics(&context.names)).collect();
            let declaring = topics.into_iter().map(|topic| async move { context.bus.declare(&topic).await });
            let mut declared = stream::iter(declaring).buffer_unordered(DECLARED_AT_ONCE);
            while let Some(declared) = declared.next().await {
                declared.map_err(failed)?;
            }
        }
        talk.tell(replies, &Say::Joined).await;
        let mut heard_too = 0;
        let all = |say: &Say| {
            let Say::All { parts, heard_too: heard } = say else { return None };
            heard_too = *heard;
            Some(*parts)
        };
        let parts = self.parts(all).await?;
        let mail =
            parts.into_iter().filter_map(|part| if let Part::Mail(mail) = part { Some(mail) } else { None });
        let mail: Vec<MailForm> = mail.collect();
        let alone = mail.len().saturating_sub(heard_too);
        workers.copies = Copies::of(&mail[alone..]);
        let questions = take_from(talk, &context.claim).await?;
        let dialogs = drafts.len();
        // First: should it not be heard, the claim tells.
        talk.tell(replies, &Say::Taken).await;
        super::adopt::adopt(context, drafts, mail);
        info!(dialogs, "took over from another process");
        Ok((workers, questions))
    }

    /// The parts that come until it is said how many there were.
    async fn parts(&mut self, mut end: impl FnMut(&Say) -> Option<usize>) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        loop {
            // As long as anything comes it is not silent.
            let word = timeout(HANDOVER_STEP + FREEZE, self.words.recv()).await;
            match word.map_err(|_| "the process that hands over is silent")? {
                Some(Word::Part(message)) => {
                    let read = Part::read(&message);
                    parts.extend(read.map_err(|error| format!("a part cannot be read: {error}"))?);
                }
                Some(Word::Say(Say::NotNow { why, .. })) => return Err(why),
                Some(Word::Say(say)) => match end(&say) {
                    Some(count) if count == parts.len() => return Ok(parts),
                    Some(count) => return Err(format!("{} of {count} parts came", parts.len())),
                    None => {}
                },
                None => return Err("the bus is closed".to_owned()),
            }
        }
    }
}
