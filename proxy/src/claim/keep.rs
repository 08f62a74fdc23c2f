//! Keeping the claim: it is renewed twice a second, and whoever finds another in its place has lost it.

use ari_bus::{Claimed, Link, Subscription};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::{Claim, Talk};
use crate::limits::{CLAIM_EVERY, CLAIM_OF_OUR_OWN};

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
            Ok(Claimed::Ours) => {
                theirs_since = None;
                claim.renew(asked);
            }
            // Nobody but the others knows.
            Ok(Claimed::NotKept) => match talk.ask(true).await {
                Ok(heard) if heard.others.iter().any(|(_, since)| acts_later(since, claim)) => break,
                Ok(heard) if heard.echo => claim.renew(asked),
                Ok(_) => {}
                Err(error) => debug!(%error, "other processes cannot be asked"),
            },
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

/// Whether another process began to act after this one.
fn acts_later(since: &Option<String>, claim: &Claim) -> bool {
    since.as_ref().is_some_and(|since| claim.since().is_none_or(|ours| *since > ours))
}
