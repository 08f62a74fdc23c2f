//! Taking the claim: at once where nobody has it, otherwise when its holder is gone. Until then this process stands by.

use std::sync::Arc;

use ari_bus::{BusError, Claimed, Reach, Rival, Subscription};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::{Claim, Talk};
use crate::limits::{CLAIM_SILENCE, HANDOVER_STEP, HOLDER_GONE, RECONNECT, STAND_BY_LOOK};

/// Waits until this process may act; `stands_by` is called if another one does. Returns its claim, and the questions of others who ask for its holder.
pub(crate) async fn take(talk: &Talk, stands_by: impl Fn()) -> (Arc<Claim>, Subscription) {
    let heard = Instant::now();
    let mut candidate = Candidate { talk, first: true, heard, nobody: None, rival: None, back: None };
    let (mut said, mut refused) = (false, false);
    loop {
        match candidate.look().await {
            Ok(Some(taken)) => {
                if said {
                    warn!("this process acts now: the other one is gone");
                }
                return taken;
            }
            Ok(None) => {
                if !std::mem::replace(&mut said, true) {
                    stands_by();
                    warn!("another process acts for this server_id: this one stands by until that is gone");
                }
            }
            Err(error) if !error.is_retryable() && !std::mem::replace(&mut refused, true) => {
                warn!(%error, "who acts for this server cannot be found out, will keep trying: this proxy must be allowed to use every topic that begins with its `ari.<server_id>.`");
            }
            Err(error) => debug!(%error, "who acts for this server cannot be found out"),
        }
        sleep(STAND_BY_LOOK).await;
    }
}

/// Takes the claim that its holder gives to this process. Returns the questions of others who ask for its holder.
///
/// # Errors
/// Why it cannot be had.
pub(crate) async fn take_from(talk: &Talk, claim: &Claim) -> Result<Subscription, String> {
    let taking = async {
        loop {
            let asked = Instant::now();
            match talk.bus().claim(talk.holder(), &talk.process, None).await {
                Ok(Claimed::Ours | Claimed::NotKept) => {
                    claim.begin(asked);
                    return talk.listen().await.map_err(|error| error.to_string());
                }
                Ok(Claimed::Theirs(_)) => {}
                Err(error) => debug!(%error, "the claim cannot be taken yet"),
            }
            sleep(STAND_BY_LOOK).await;
        }
    };
    let taken = timeout(HANDOVER_STEP / 2, taking).await;
    let taken = taken.unwrap_or_else(|_| Err("another process has the claim".to_owned()));
    if taken.is_err() {
        // Before the other process hears that we cannot: it looks who has it.
        let _ = talk.bus().unclaim(talk.holder(), &talk.process).await;
    }
    taken
}

struct Candidate<'a> {
    talk: &'a Talk,
    /// Whether nothing was found out yet.
    first: bool,
    /// When whoever acts was heard last.
    heard: Instant,
    /// Since when nobody listens where whoever acts is asked.
    nobody: Option<Instant>,
    /// The holder that the bus named, and since when it has not said again that it is.
    rival: Option<(Rival, Instant)>,
    /// When the bus came back, where it was away since this process stands by.
    back: Option<Instant>,
}

impl Candidate<'_> {
    /// Takes the claim, if it is time.
    async fn look(&mut self) -> Result<Option<(Arc<Claim>, Subscription)>, BusError> {
        let mut link = self.talk.bus().link();
        if !link.is_up() {
            if !link.up().await {
                // The bus is closed: this proxy is about to end.
                std::future::pending::<()>().await;
            }
            self.back = Some(Instant::now()).filter(|_| !self.first);
        }
        if std::mem::take(&mut self.first) {
            return self.claim(true, true).await;
        }
        // After an outage whoever had it comes back first.
        if self.back.is_some_and(|back| back.elapsed() < RECONNECT) {
            (self.heard, self.nobody) = (Instant::now(), None);
            return Ok(None);
        }
        let asked = Instant::now();
        let heard = self.talk.ask(false).await.inspect_err(|_| self.back = Some(Instant::now()))?;
        if heard.others.iter().any(|(_, since)| since.is_some()) {
            (self.heard, self.nobody, self.rival) = (asked, None, None);
            return Ok(None);
        }
        let nobody = match heard.reach {
            Reach::Nobody => Some(*self.nobody.get_or_insert(asked)),
            Reach::Somebody => None,
        };
        self.nobody = nobody;
        let gone = nobody.is_some_and(|since| since.elapsed() >= HOLDER_GONE);
        self.claim(gone, self.heard.elapsed() >= CLAIM_SILENCE).await
    }

    /// Takes it where the bus allows; from a rival if that is gone, or has not said for long that it is there.
    async fn claim(
        &mut self,
        gone: bool,
        silent: bool,
    ) -> Result<Option<(Arc<Claim>, Subscription)>, BusError> {
        let talk = self.talk;
        let stale = |(_, since): &&(Rival, Instant)| gone || since.elapsed() >= CLAIM_SILENCE;
        let over = self.rival.as_ref().filter(stale).map(|(rival, _)| rival.clone());
        let asked = Instant::now();
        match talk.bus().claim(talk.holder(), &talk.process, over.as_ref()).await? {
            Claimed::Ours => {
                let claim = Claim::wanted();
                claim.begin(asked);
                Ok(Some((Arc::new(claim), talk.listen().await?)))
            }
            Claimed::Theirs(rival) => {
                if self.rival.as_ref().is_none_or(|(known, _)| *known != rival) {
                    self.rival = Some((rival, asked));
                }
                Ok(None)
            }
            Claimed::NotKept if gone || silent => self.contend().await,
            Claimed::NotKept => Ok(None),
        }
    }

    /// Takes it where the bus keeps no claims: whoever is there says so, and of several who want it the eldest gets it.
    async fn contend(&self) -> Result<Option<(Arc<Claim>, Subscription)>, BusError> {
        let talk = self.talk;
        // One that stands still is given its time.
        if self.heard.elapsed() < CLAIM_SILENCE && talk.ask(false).await?.reach == Reach::Somebody {
            return Ok(None);
        }
        let claim = Arc::new(Claim::wanted());
        let mut questions = talk.listen().await?;
        let asked = Instant::now();
        let heard = tokio::select! {
            heard = talk.contend() => heard?,
            () = talk.answer(&claim, &mut questions) => return Ok(None),
        };
        let yields = |(from, since): &(String, Option<String>)| since.is_some() || *from < talk.process;
        if !heard.echo || heard.others.iter().any(yields) {
            return Ok(None);
        }
        claim.begin(asked);
        Ok(Some((claim, questions)))
    }
}
