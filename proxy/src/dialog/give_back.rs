//! Giving calls back to Asterisk: a call that no worker took goes on in the dialplan; if that cannot be, it is hung up.

use futures_util::future::join_all;
use reqwest::Method;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::Context;
use crate::{
    asterisk::request::Request,
    limits::{GIVE_BACK, MAX_OFFER_PAUSE},
    pauses::Pauses,
};

/// What became of a try.
enum Tried {
    /// Asterisk did this.
    Done(&'static str),
    /// The channel is no more, or not in Stasis: somebody else has it.
    Gone,
    /// Nothing that we know of, and why.
    Failed(String),
}

/// Gives the channels of a dialog back, until each is neither here nor ours any more: a caller who is left in silence is
/// the worst end of all.
pub(super) async fn give_back(context: &Context, root: &str, channels: &[String]) {
    let giving = join_all(channels.iter().map(|channel| give_back_one(context, root, channel)));
    if context.abandon.run_until_cancelled(giving).await.is_none() {
        warn!(dialog = root, ?channels, "the proxy stops before Asterisk has the call back");
    }
}

async fn give_back_one(context: &Context, root: &str, channel: &str) {
    let until = Instant::now() + GIVE_BACK;
    let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
    loop {
        let problem = match try_once(context, channel).await {
            Tried::Done(outcome) => {
                return warn!(dialog = root, ?channel, "the call is given back: {outcome}");
            }
            Tried::Gone => {
                return debug!(dialog = root, ?channel, "the call to be given back is gone already");
            }
            Tried::Failed(problem) => problem,
        };
        if Instant::now() >= until {
            return warn!(dialog = root, ?channel, %problem, "Asterisk does not take the call back: it stays in Stasis");
        }
        sleep(pauses.next()).await;
    }
}

/// Hangs up only if Asterisk has said that the call cannot go on: a `continue` whose fate is not known may still be acted
/// upon, and a hangup would then meet a caller who is in the dialplan already.
async fn try_once(context: &Context, channel: &str) -> Tried {
    let go_on = Request::own(Method::POST, &["channels", channel, "continue"]);
    let hang_up = Request::own(Method::DELETE, &["channels", channel]);
    let mut refused = String::new();
    for (request, outcome) in
        [(go_on, "it goes on in the dialplan"), (hang_up, "hung up, as it could not go on in the dialplan")]
    {
        match context.rest.send(&request).await {
            Ok(answer) => match answer.status {
                200..300 => return Tried::Done(outcome),
                404 | 409 => return Tried::Gone,
                status => refused = format!("Asterisk answers {status} to {}", request.method),
            },
            Err(error) => return Tried::Failed(error.to_string()),
        }
    }
    Tried::Failed(refused)
}
