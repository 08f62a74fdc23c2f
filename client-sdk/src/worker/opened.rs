//! Opening a call that nobody made: what is said to the proxies, and the call's way from there.

use std::{sync::Arc, time::Duration};

use ari_bus::{
    Reach,
    protocol::{Answer, AppStart, Bodies, FixedControl, Open, OpenReply, PROTOCOL, check_topic},
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};
use tracing::debug;
use uuid::Uuid;

use super::{dialer::unavailable, handler::Handler, room::Place, run::Running, serve::Tenure};
use crate::{
    Call, CommandError, CommandErrorKind, Result,
    call::{Answers, stasis_start},
    inbox::Address,
    limits::{ACCEPT_DEADLINE, ACCEPT_INTERVAL, RETRY_PAUSE},
};

/// The call that is wanted.
pub(super) struct Wanted {
    pub(super) application: String,
    /// Of which proxy; of any where it does not matter.
    pub(super) server_id: Option<String>,
}

/// Opens a call and runs its handler. Who waits is told as soon as it is open; the place is the call's until its handler is through.
pub(super) async fn serve(
    running: Arc<Running>,
    wanted: Wanted,
    content: String,
    handler: Box<dyn Handler>,
    place: Place,
    begun: oneshot::Sender<Result<Call>>,
) {
    let answers = Arc::new(Answers::default());
    let address = running.inbox.register_replies(Arc::clone(&answers));
    let opening = open(&running, &wanted, &address, &answers);
    let opened = match running.cancelled.run_until_cancelled(opening).await {
        Some(opened) => opened,
        None => Err(unavailable("the worker stops")),
    };
    let reply = match opened {
        Ok(reply) => reply,
        Err(error) => {
            drop(place);
            // Nobody may wait any more.
            return drop(begun.send(Err(error)));
        }
    };
    let mut offer = AppStart {
        application: wanted.application,
        dialog_id: reply.dialog_id,
        server_id: reply.server_id,
        protocol: Some(PROTOCOL),
        root: Some(reply.root),
        term: Some(reply.term),
        commands: Some(reply.commands),
        ..AppStart::default()
    };
    // The channel has its id before it is there.
    let channel = Tenure::first_channel(&offer, &content);
    let start = stasis_start(&offer.application, &channel);
    offer.start = Some(start.body().to_owned());
    let mut tenure = Tenure::opened(&running, offer, address);
    let call = match Call::new(tenure.dialog(), start) {
        Ok(call) => call,
        Err(problem) => {
            let error = CommandError::new(CommandErrorKind::Decode, "open", problem);
            drop(place);
            return drop(begun.send(Err(error)));
        }
    };
    let _ = begun.send(Ok(call.clone()));
    let more = tenure.handle(&running, &*handler, call).await;
    drop(place);
    if more {
        running.spawn_settling(tenure.settle_opened());
    }
}

/// Says it until a proxy does it, for a while.
async fn open(
    running: &Running,
    wanted: &Wanted,
    address: &Address,
    answers: &Arc<Answers>,
) -> Result<OpenReply> {
    let topic = match &wanted.server_id {
        Some(server_id) => running.names.control(server_id),
        None => running.names.open(&wanted.application),
    };
    check_topic(&topic)
        .map_err(|error| CommandError::new(CommandErrorKind::BadRequest, "open", error.to_string()))?;
    let unique_id = format!("open.{}", Uuid::now_v7().simple());
    let open = FixedControl::Open(Open {
        unique_id: unique_id.clone(),
        worker_id: running.worker_id.clone(),
        application: wanted.application.clone(),
        events: address.events(),
        responses: address.responses(),
        bodies: Bodies::String,
    });
    // Strings always serialize.
    let payload = serde_json::to_vec(&open).unwrap_or_default();
    let until = Instant::now() + ACCEPT_DEADLINE;
    loop {
        let mut expected = answers.expect(&unique_id);
        let why = match running.bus.offer(&topic, payload.clone().into(), ACCEPT_INTERVAL).await {
            Ok(Reach::Somebody) => match timeout(ACCEPT_INTERVAL, expected.arrived()).await {
                Ok(Ok(answer)) if answer.status == 503 => refusal(&answer),
                Ok(Ok(answer)) => return read(&answer),
                Ok(Err(problem)) => CommandError::new(CommandErrorKind::Decode, "open", problem),
                Err(_) => unavailable("no proxy has answered in time"),
            },
            Ok(Reach::Nobody) => unavailable(&format!("no proxy serves {:?}", wanted.application)),
            Err(error) if error.is_retryable() => unavailable(&format!("bus: {error}")),
            Err(error) => return Err(CommandError::from_bus("open", error)),
        };
        if Instant::now() >= until {
            return Err(why);
        }
        debug!(%why, "a call cannot be opened yet");
        sleep(RETRY_PAUSE.min(Duration::from_secs(1))).await;
    }
}

fn refusal(answer: &Answer) -> CommandError {
    CommandError::from_answer("open", answer.status, &answer.body)
}

fn read(answer: &Answer) -> Result<OpenReply> {
    if answer.status != 200 {
        return Err(refusal(answer));
    }
    let reply = serde_json::from_slice::<OpenReply>(&answer.body).map_err(|error| error.to_string());
    let reply = reply.and_then(|reply| {
        check_topic(&reply.commands).map(|()| reply).map_err(|error| format!("`commands`: {error}"))
    });
    reply.map_err(|problem| {
        CommandError::new(
            CommandErrorKind::Decode,
            "open",
            format!("the proxy's answer cannot be used: {problem}"),
        )
    })
}
