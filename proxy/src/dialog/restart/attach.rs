//! `attach`: a worker brings a dialog that it had with an earlier process.

use std::sync::Arc;

use ari_bus::protocol::{
    Accept, Answer, Attach, AttachReply, Control, MAX_CONTEXT, MAX_UNIQUE_ID, Names, Object, ObjectKind,
};
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use super::{
    super::{
        Context, Dialog, Mail,
        kept::KeptEvent,
        leases::check_name,
        life::{self, Beginning},
        offers::Offer,
        owner::Owner,
        registry::{Bound, Presence},
        resync::{self, Survey},
        router::Router,
        terms::Terms,
    },
    mark::{Mark, Unknown},
    orphans::{objects, start},
    settling::Settling,
};
use crate::limits::{ATTACH_OBJECTS, ATTACH_WINDOW, LAST_TERM, LATE_ATTACH, MIN_PAUSE};

/// Gives a dialog back to the worker that had it; the answer is for the worker.
pub(crate) async fn attach(context: &Arc<Context>, attach: &Attach) -> Answer {
    match take(context, attach).await {
        Ok(reply) => Answer { status: 200, body: serde_json::to_vec(&reply).unwrap_or_default().into() },
        Err(refusal) => refusal,
    }
}

async fn take(context: &Arc<Context>, attach: &Attach) -> Result<AttachReply, Answer> {
    check(context, attach)?;
    let known = context.dialogs().get(&attach.root).cloned();
    if let Some(dialog) = known {
        return give(context, &dialog, attach).await;
    }
    let survey = survey(context, &attach.application).await?;
    let (channels, others): (Vec<_>, Vec<_>) =
        attach.objects.iter().cloned().partition(|object| object.kind == ObjectKind::Channel);
    let Own { channels, first, marked } = own(context, &survey, attach, channels).await?;
    let term = attach.term.unwrap_or_default();
    let mut terms = Terms::after(term.max(marked));
    let term = terms.next();
    let dialog_id = Names::dialog_id(&context.config.server_id);
    let accept = accept(attach, term);
    let owner =
        Owner::version_2(context, &accept, &dialog_id).map_err(|problem| Answer::error(400, &problem))?;
    let start = start(&survey, &attach.application, &first);
    let mut bindings = objects(&survey, &attach.application, &channels);
    bindings.extend(others.into_iter().map(|object| (object, Presence::Beside)));

    let mut settling = context.settling();
    let mut dialogs = context.dialogs();
    if let Some(dialog) = dialogs.get(&attach.root) {
        // It came twice, or too late, in this very moment.
        return has_already(context, dialog, attach);
    }
    if context.freeze.is_frozen() {
        // In this very moment, too: nobody would hand it over.
        return Err(Answer::error(503, "the calls are being handed over to another process"));
    }
    let root = attach.root.clone();
    let (dialog, mail) = match survey.entered(&attach.application, &first) {
        Some(_) => Dialog::new(context, root, &attach.application, &first, start.into()),
        // It rings.
        None => Dialog::without_channel(context, root, &attach.application),
    };
    let bound = context.registry().adopt(&dialog, bindings);
    if !bound.iter().any(|bound| bound.object.kind == ObjectKind::Channel) {
        context.registry().close(&dialog);
        return Err(Answer::error(409, "its channels belong to another dialog"));
    }
    *dialog.saved() = attach.context.clone();
    dialog.delivery.push(KeptEvent::missed(None));
    terms.add(term, &dialog_id);
    context.offers().add(&dialog_id, Offer { dialog: Arc::clone(&dialog), term });
    // Before anybody can find the dialog, so that the same attach, said again, finds its owner.
    let holding = owner.with_lease(context, &accept).hold(&dialog);
    dialogs.insert(attach.root.clone(), Arc::clone(&dialog));
    drop(dialogs);
    release(context, &mut settling, &bound);
    drop(settling);
    info!(dialog = %dialog.root, term, "a worker brings the call back");
    let life = life::run(Arc::clone(context), Arc::clone(&dialog), mail, Beginning::Owned(terms, holding));
    context.spawn(life);
    let telling = Arc::clone(context);
    context.spawn(async move { resync::tell(&telling, &survey, None, bound).await });
    Ok(AttachReply { term, commands: context.commands_topic(&dialog_id) })
}

/// The channels of an attach that are its own, as far as they tell.
struct Own {
    channels: Vec<String>,
    /// One that is there.
    first: String,
    /// The last term that they tell of.
    marked: u64,
}

/// Leaves out the channels that are another dialog's.
async fn own(
    context: &Context,
    survey: &Survey,
    attach: &Attach,
    channels: Vec<Object>,
) -> Result<Own, Answer> {
    let mut own = Own { channels: Vec::new(), first: String::new(), marked: 0 };
    let mut foreign = None;
    for Object { id, .. } in channels {
        let is_there = survey.channel(&id).is_some();
        let mark = match is_there {
            true => Mark::read(context, &id).await.map_err(|Unknown| away())?,
            false => None,
        };
        match mark {
            Some(mark) if mark.root != attach.root => {
                foreign = Some(mark);
                continue;
            }
            Some(mark) if attach.term.is_some_and(|term| term < mark.term) => {
                return Err(Answer::error(409, &format!("the dialog was in term {} since", mark.term)));
            }
            mark => own.marked = own.marked.max(mark.map_or(0, |mark| mark.term)),
        }
        let entered = |id: &str| survey.entered(&attach.application, id).is_some();
        if is_there && (own.first.is_empty() || (entered(&id) && !entered(&own.first))) {
            own.first.clone_from(&id);
        }
        own.channels.push(id);
    }
    match foreign {
        _ if !own.first.is_empty() => Ok(own),
        Some(mark) => Err(Answer::error(409, &format!("its channels belong to {}", mark.root))),
        None => Err(Answer::error(404, "none of its channels is there any more")),
    }
}

/// What an attach must fulfil beyond its form.
fn check(context: &Context, attach: &Attach) -> Result<(), Answer> {
    let bad = |problem: String| Answer::error(400, &problem);
    check_name(&attach.worker_id).map_err(bad)?;
    if attach.root.is_empty() || attach.root.len() > MAX_UNIQUE_ID {
        return Err(bad(format!("`root` is empty or longer than {MAX_UNIQUE_ID} bytes")));
    }
    if attach.objects.len() > ATTACH_OBJECTS {
        return Err(bad(format!("`objects` has more than {ATTACH_OBJECTS} entries")));
    }
    if attach.objects.iter().any(|object| object.id.is_empty() || object.id.len() > MAX_UNIQUE_ID) {
        return Err(bad(format!("an id in `objects` is empty or longer than {MAX_UNIQUE_ID} bytes")));
    }
    if attach.term.is_some_and(|term| term > LAST_TERM) {
        return Err(bad(format!("`term` is larger than {LAST_TERM}")));
    }
    if attach.context.as_ref().is_some_and(|context| context.len() > MAX_CONTEXT) {
        return Err(Answer::error(413, &format!("`context` is longer than {MAX_CONTEXT} bytes")));
    }
    if !context.applications.serves(&attach.application) {
        return Err(Answer::error(404, "the application is none of this proxy's"));
    }
    Ok(())
}

fn away() -> Answer {
    Answer::error(503, "Asterisk does not tell what calls there are")
}

/// Gives the worker a dialog that is here: it has brought it before, or it comes late, and nobody has accepted an offer yet.
async fn give(context: &Context, dialog: &Arc<Dialog>, attach: &Attach) -> Result<AttachReply, Answer> {
    let offered = context.offers().last_of(dialog).map(|(_, term)| term);
    let owned = dialog.owner().as_ref().map(|owner| owner.term);
    if let Some(term) = offered.filter(|term| owned.is_none_or(|owned| owned < *term)) {
        let payload = Control::Accept(accept(attach, term)).to_json().into();
        // Where it cannot keep up it is tried again.
        if dialog.mail.try_send(Mail { term, version_1: false, payload }).is_ok() {
            let until = Instant::now() + LATE_ATTACH;
            while Instant::now() < until && has_already(context, dialog, attach).is_err() {
                sleep(MIN_PAUSE).await;
            }
        }
    }
    let reply = has_already(context, dialog, attach)?;
    let mut saved = dialog.saved();
    if saved.is_none() {
        saved.clone_from(&attach.context);
    }
    Ok(reply)
}

/// What an attach says in the words of an accept.
fn accept(attach: &Attach, term: u64) -> Accept {
    Accept {
        term,
        unique_id: None,
        worker_id: Some(attach.worker_id.clone()),
        events: attach.events.clone(),
        responses: attach.responses.clone(),
        bodies: attach.bodies,
    }
}

/// The dialog is here: the worker has it already, or it is another's.
fn has_already(context: &Context, dialog: &Dialog, attach: &Attach) -> Result<AttachReply, Answer> {
    let owner = dialog.owner().clone();
    match owner {
        Some(owner)
            if *owner.events() == *attach.events
                && *owner.responses() == *attach.responses
                // The last owner stays known when its term is over.
                && context.offers().get(&owner.dialog_id).is_some() =>
        {
            Ok(AttachReply { term: owner.term, commands: context.commands_topic(&owner.dialog_id) })
        }
        _ => Err(Answer::error(409, "the dialog is another worker's")),
    }
}

/// What there is of an application.
async fn survey(context: &Context, application: &str) -> Result<Arc<Survey>, Answer> {
    if context.settling().is_counting() {
        let mut surveyed = context.surveyed.subscribe();
        // The sender lives as long as the context: only the time can be up.
        timeout(ATTACH_WINDOW, surveyed.wait_for(|surveyed| *surveyed))
            .await
            .map_err(|_| away())?
            .map_err(|_| away())?;
    }
    if let Some(survey) = context.settling().survey(application) {
        return Ok(survey);
    }
    let survey = timeout(ATTACH_WINDOW, Survey::take(context, application)).await;
    survey.ok().flatten().map(Arc::new).ok_or_else(away)
}

/// Objects have a dialog now: it gets what was held of them.
pub(super) fn release(context: &Arc<Context>, settling: &mut Settling, bound: &[Bound]) {
    let objects = bound.iter().map(|bound| bound.object.clone()).collect();
    let router = Router::new(Arc::clone(context));
    for text in settling.take(&objects) {
        router.route_again(settling, &text);
    }
}
