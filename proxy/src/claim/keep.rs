//! Keeping the claim: it is renewed twice a second, and whoever finds another in its place has lost it.

use ari_bus::{BusError, Claimed, Link, Subscription};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::{Claim, Talk};
use crate::limits::{ASK_TIMES, CLAIM_EVERY, CLAIM_OF_OUR_OWN};

/// Keeps the claim and answers those who ask for its holder, until it is lost.
pub(crate) async fn keep(talk: &Talk, claim: &Claim, mut questions: Subscription) {
    let mut link = talk.bus().link();
    let doubt = async {
        loop {
            // Without a connection the broker may give it to another.
            if link.changed().await != Link::Up {
                claim.doubt();
            }
        }
    };
    tokio::select! {
        () = renew(talk, claim) => {}
        () = doubt => {}
        // Ends when the bus is closed.
        () = talk.answer(claim, &mut questions) => {}
    }
}

async fn renew(talk: &Talk, claim: &Claim) {
    let mut theirs_since = None;
    loop {
        // While it is given to another process it is not ours to keep.
        let _ = claim.given.subscribe().wait_for(|given| !*given).await;
        let turn = claim.renewing.lock().await;
        if *claim.given.borrow() {
            continue;
        }
        let asked = Instant::now();
        match talk.bus().claim(talk.holder(), &talk.process, None).await {
            Ok(Claimed::Ours) if claim.is_certain() => {
                theirs_since = None;
                claim.renew(asked);
            }
            // Nobody but the others knows, or they may have decided among themselves while this one stood still.
            Ok(claimed @ (Claimed::Ours | Claimed::NotKept)) => {
                let times = if claim.is_certain() { 1 } else { ASK_TIMES };
                match others(talk, claim, times).await {
                    Ok(Others::ActLater) => break,
                    Ok(Others::Silent { echo }) if echo || claimed == Claimed::Ours => claim.renew(asked),
                    Ok(Others::Silent { .. }) => {}
                    Err(error) => debug!(%error, "other processes cannot be asked"),
                }
            }
            Ok(Claimed::Theirs(rival)) => {
                if rival.holder.is_some_and(|holder| holder != talk.process) {
                    break;
                }
                // It may be our own connection of before, of which the broker does not know yet that it is dead.
                let since = *theirs_since.get_or_insert(asked);
                let others = talk.ask(false).await.map(|heard| heard.others).unwrap_or_default();
                if others.iter().any(|(_, since)| since.is_some()) || since.elapsed() >= CLAIM_OF_OUR_OWN {
                    break;
                }
            }
            Err(error) => debug!(%error, "whether this process still acts cannot be asked"),
        }
        drop(turn);
        sleep_until(asked + CLAIM_EVERY).await;
    }
    warn!("another process acts for this server now: this one drops its calls, and stands by");
    claim.lose();
}

/// What the other processes say.
enum Others {
    /// One of them began to act after this one.
    ActLater,
    /// None of them; whether our own question came back.
    Silent { echo: bool },
}

/// Asks them so many times.
async fn others(talk: &Talk, claim: &Claim, times: usize) -> Result<Others, BusError> {
    let mut echo = true;
    for _ in 0..times {
        let heard = talk.ask(true).await?;
        if heard.others.iter().any(|(_, since)| acts_later(since, claim)) {
            return Ok(Others::ActLater);
        }
        echo &= heard.echo;
    }
    Ok(Others::Silent { echo })
}

/// Whether another process began to act after this one.
fn acts_later(since: &Option<String>, claim: &Claim) -> bool {
    since.as_ref().is_some_and(|since| claim.since().is_none_or(|ours| *since > ours))
}
