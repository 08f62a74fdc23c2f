//! A caller whom no worker takes: what `dialog.unanswered` says is done, and what follows it where Asterisk cannot do that.

use futures_util::future::join_all;
use reqwest::Method;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::{
    Context, Dialog, called,
    moves::{Fate, Whereabouts, whereabouts},
    registry::Remains,
};
use crate::{
    asterisk::{request::Request, rest::RestError},
    config::{Cause, Place, Reason, Step},
    limits::{ASTERISK_TOLD, GIVE_BACK, LOOK_FOR_MOVED, MAX_OFFER_PAUSE, MOVE_PATIENCE},
    pauses::Pauses,
};

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
enum Tried {
    /// Asterisk did it.
    Done,
    /// The channel is no more, or not in Stasis: somebody else has it.
    Gone,
    /// Asterisk did not do it, and why.
    Refused(String),
    /// There was no connection for it, and why: it is still to be asked for.
    Unsent(String),
    /// Whether it did is not known, and why.
    Unknown(String),
}

/// Gives the channels of a dialog back to Asterisk, until each is neither here nor ours any more: a caller who is left in
/// silence is the worst end of all. What was called for the dialog is hung up.
pub(super) async fn give_back(context: &Context, dialog: &Dialog, remains: &Remains) {
    let giving = async {
        let entered = remains.entered.iter().map(|channel| as_configured(context, dialog, channel));
        let called = remains.called.iter().map(|channel| called::let_go(context, dialog, channel));
        tokio::join!(join_all(entered), join_all(called));
    };
    if context.abandon.run_until_cancelled(giving).await.is_none() {
        warn!(dialog = %dialog.root, channel = dialog.channel(), ?remains, "the proxy stops before Asterisk has the call back");
    }
    for channel in remains.channels() {
        context.registry().given_back(&dialog.application, channel);
    }
}

/// Does with a channel what is configured for callers whom nobody takes.
pub(super) async fn as_configured(context: &Context, dialog: &Dialog, channel: &str) {
    let steps = context.config.dialog.unanswered.steps_in(&dialog.application);
    try_steps(context, dialog, channel, steps).await;
}

/// One step follows another only where Asterisk has said that it did not do that one: while the fate of a request is not
/// known it is tried again, since a hangup, for example, would meet a caller who is in the dialplan already.
pub(super) async fn try_steps(context: &Context, dialog: &Dialog, channel: &str, steps: &[Step]) {
    let root = &dialog.root;
    let until = Instant::now() + GIVE_BACK;
    let mut pauses = Pauses::new(MAX_OFFER_PAUSE);
    let mut failed: Vec<String> = Vec::new();
    loop {
        // One that stood still may have been asked to leave the call to another, and not have read it yet.
        if !context.claim.is_certain() {
            sleep(ASTERISK_TOLD).await;
        }
        if context.status.now().taken.contains(&dialog.application) {
            return debug!(dialog = %root, ?channel, "the call is left to the program that has its application now");
        }
        // There is always one: after the last that failed all begin again.
        let Some(step) = steps.get(failed.len()) else { return };
        let problem = match try_step(context, &dialog.application, channel, step).await {
            Tried::Done if failed.is_empty() => {
                return warn!(dialog = %root, ?channel, "the call is given back: {step}");
            }
            Tried::Done => {
                let failed = failed.join("; ");
                return warn!(dialog = %root, ?channel, %failed, "the call is given back: {step}, as what was to be done failed");
            }
            Tried::Gone => {
                return debug!(dialog = %root, ?channel, "the call to be given back is gone already");
            }
            Tried::Refused(problem) => {
                failed.push(problem);
                if failed.len() < steps.len() {
                    continue;
                }
                let problem = failed.join("; ");
                failed.clear();
                problem
            }
            Tried::Unsent(problem) | Tried::Unknown(problem) => problem,
        };
        if Instant::now() >= until {
            return warn!(dialog = %root, ?channel, %problem, "Asterisk does not take the call back: it stays in Stasis");
        }
        sleep(pauses.next()).await;
    }
}

async fn try_step(context: &Context, application: &str, channel: &str, step: &Step) -> Tried {
    match step {
        Step::Continue(_) | Step::Hangup(_) => send(context, channel, step).await,
        Step::Move { application: to, .. } => try_move(context, application, to, channel, step).await,
    }
}

/// Sends the request of a step, and reads the answer.
async fn send(context: &Context, channel: &str, step: &Step) -> Tried {
    let (what, request) = request(channel, step);
    match context.rest.send(&request).await {
        Ok(answer) => match answer.status {
            200..300 => Tried::Done,
            // A label that is not there is answered 404 as well. If it is the channel that is not, the next step finds out.
            404 if !has_label(step) => Tried::Gone,
            409 => Tried::Gone,
            status => Tried::Refused(format!("{what}: Asterisk answers {status}")),
        },
        // It was not sent, and would not be the next time.
        Err(error @ RestError::Malformed(_)) => Tried::Refused(format!("{what}: {error}")),
        Err(error @ RestError::Unreachable(_)) => Tried::Unsent(format!("{what}: {error}")),
        Err(error) => Tried::Unknown(format!("{what}: {error}")),
    }
}

fn has_label(step: &Step) -> bool {
    matches!(step, Step::Continue(Place { label: Some(_), .. }))
}

/// Moves a channel, and waits until it is known whether it was: Asterisk's answer says no more than that it will try.
async fn try_move(context: &Context, from: &str, to: &str, channel: &str, step: &Step) -> Tried {
    let mut moving = context.moves.expect(from, channel, to);
    let sent = send(context, channel, step).await;
    if matches!(sent, Tried::Gone | Tried::Refused(_) | Tried::Unsent(_)) {
        return sent;
    }
    let until = Instant::now() + MOVE_PATIENCE;
    loop {
        match moving.fate(LOOK_FOR_MOVED).await {
            Some(Fate::Left) => return Tried::Done,
            Some(Fate::Failed) => {
                return Tried::Refused(format!("move: nobody has registered the application {to:?}"));
            }
            // What tells may have come while the websocket was away.
            None => {}
        }
        match whereabouts(context, from, to, channel).await {
            Some(Whereabouts::New) => return Tried::Done,
            Some(Whereabouts::Neither) => return Tried::Gone,
            Some(Whereabouts::Old) if Instant::now() < until => {}
            Some(Whereabouts::Old) => {
                return match sent {
                    Tried::Done => Tried::Refused(format!("move: not done in {MOVE_PATIENCE:?}")),
                    unknown => unknown,
                };
            }
            None => return Tried::Unknown("move: Asterisk does not tell what became of it".to_owned()),
        }
    }
}

/// What a step is called, and how Asterisk is asked for it.
fn request(channel: &str, step: &Step) -> (&'static str, Request) {
    match step {
        Step::Continue(place) => {
            let first = Some(1).filter(|_| place.label.is_none() && *place != Place::default());
            let priority = place.priority.or(first).map(|priority| priority.to_string());
            let request = Request::own(Method::POST, &["channels", channel, "continue"]);
            let parameters = [
                ("context", &place.context),
                ("extension", &place.extension),
                ("priority", &priority),
                ("label", &place.label),
            ];
            let there = parameters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
            ("continue", there.fold(request, |request, (name, value)| request.with(name, value)))
        }
        Step::Hangup(cause) => {
            let request = Request::own(Method::DELETE, &["channels", channel]);
            let request = match cause {
                Cause::Normal => request,
                Cause::Reason(reason) => request.with("reason", reason.as_str()),
                Cause::Number(cause) => match Reason::of(*cause) {
                    // Asterisk 16 knows the words and no number.
                    Some(reason) => request.with("reason", reason.as_str()),
                    None => request.with("reason_code", &cause.to_string()),
                },
            };
            ("hangup", request)
        }
        Step::Move { application, args } => {
            let request = Request::own(Method::POST, &["channels", channel, "move"]).with("app", application);
            ("move", if args.is_empty() { request } else { request.with("appArgs", args) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_asked_for_as_ari_has_it() {
        let text = |text: &str| Some(text.to_owned());
        let place = Place { context: text("sales & co"), label: text("busy"), ..Place::default() };
        let at = |extension: &str| Place { extension: text(extension), ..Place::default() };
        for (step, method, url) in [
            (Step::Continue(Place::default()), Method::POST, "/channels/1%2E1/continue"),
            (
                Step::Continue(place),
                Method::POST,
                "/channels/1%2E1/continue?context=sales%20%26%20co&label=busy",
            ),
            (Step::Continue(at("100")), Method::POST, "/channels/1%2E1/continue?extension=100&priority=1"),
            (
                Step::Continue(Place { priority: Some(3), ..at("+49") }),
                Method::POST,
                "/channels/1%2E1/continue?extension=%2B49&priority=3",
            ),
            (Step::Hangup(Cause::Normal), Method::DELETE, "/channels/1%2E1"),
            (
                Step::Hangup(Cause::Reason(Reason::NoAnswer)),
                Method::DELETE,
                "/channels/1%2E1?reason=no%5Fanswer",
            ),
            (Step::Hangup(Cause::Number(34)), Method::DELETE, "/channels/1%2E1?reason=congestion"),
            (Step::Hangup(Cause::Number(99)), Method::DELETE, "/channels/1%2E1?reason_code=99"),
            (
                Step::Move { application: "b-2".to_owned(), args: "x,y".to_owned() },
                Method::POST,
                "/channels/1%2E1/move?app=b%2D2&appArgs=x%2Cy",
            ),
            (
                Step::Move { application: "b".to_owned(), args: String::new() },
                Method::POST,
                "/channels/1%2E1/move?app=b",
            ),
        ] {
            let (_, request) = request("1.1", &step);
            assert_eq!((request.method, &*request.url), (method, url), "{step:?}");
        }
    }
}
