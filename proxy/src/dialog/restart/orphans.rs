//! Channels in Stasis that nobody has: their worker died with the proxy, or they entered unseen. Those of one dialog are
//! offered together, as one call that goes on.

use std::{collections::BTreeMap, sync::Arc};

use ari_bus::protocol::{Names, Object, ObjectKind};
use futures_util::{StreamExt as _, stream};
use tracing::{info, warn};

use super::{
    super::{
        Context, Dialog,
        kept::KeptEvent,
        life::{self, Beginning},
        registry::{Bound, Presence},
        resync::{StandIn, Survey},
        terms::Terms,
    },
    mark::{Mark, Unknown},
};
use crate::limits::MARKS_READ_AT_ONCE;

/// A call that nobody has: the last term that it had, and its channels.
type Call = (u64, Vec<String>);

/// Offers what an application has and no dialog does. Afterwards Asterisk is to be asked once more: what ended in this moment
/// was nobody's. If Asterisk does not answer, nothing is done: the next connection will tell.
pub(in super::super) async fn adopt(context: &Arc<Context>, application: &str, survey: &Survey) {
    let listed = survey.listed().filter(|channel| context.registry().is_orphan(application, channel));
    let orphans: Vec<String> = listed.map(str::to_owned).collect();
    let marks = orphans.into_iter().map(|channel| async move {
        let mark = Mark::read(context, &channel).await;
        (channel, mark)
    });
    let marks: Vec<_> = stream::iter(marks).buffer_unordered(MARKS_READ_AT_ONCE).collect().await;
    let mut calls: BTreeMap<String, Call> = BTreeMap::new();
    for (channel, mark) in marks {
        let (root, term) = match mark {
            Err(Unknown) => {
                return warn!("Asterisk does not tell whose channels in Stasis are: they are left alone");
            }
            Ok(Some(Mark { root, term })) => (root, term),
            // One that is not marked is a call of its own, if it is in the application at all.
            Ok(None) if survey.entered(application, &channel).is_some() => {
                (Names::dialog_id(&context.config.server_id), 0)
            }
            Ok(None) => continue,
        };
        let call = calls.entry(root).or_default();
        call.0 = call.0.max(term);
        call.1.push(channel);
    }
    for (root, call) in calls {
        offer(context, application, survey, root, call);
    }
}

/// Offers the channels of one call, or gives them to their dialog, if that is here.
fn offer(
    context: &Arc<Context>,
    application: &str,
    survey: &Survey,
    root: String,
    (term, mut channels): Call,
) {
    // The call begins with one that is in the application.
    channels.sort_by_key(|channel| (survey.entered(application, channel).is_none(), channel.clone()));
    let Some(first) = channels.first().cloned() else { return };
    let bridges = survey.bridges_of(&channels).into_iter().map(|id| Object { kind: ObjectKind::Bridge, id });
    let found = objects(survey, application, &channels).into_iter();
    let found = found.chain(bridges.map(|bridge| (bridge, Presence::Beside))).collect();
    let start = start(survey, application, &first);
    let mut settling = context.settling();
    let mut dialogs = context.dialogs();
    let here = dialogs.get(&root).filter(|dialog| dialog.application == application).cloned();
    let (dialog, mail) = match here {
        Some(dialog) => (dialog, None),
        None => {
            // Of a dialog of another application it has become independent.
            let root =
                if dialogs.contains_key(&root) { Names::dialog_id(&context.config.server_id) } else { root };
            let (dialog, mail) = Dialog::new(context, root, application, &first, start.as_str().into());
            (dialog, Some(mail))
        }
    };
    let bound = context.registry().adopt(&dialog, found);
    if !bound.iter().any(|bound| bound.object.kind == ObjectKind::Channel) {
        // They got a dialog in this moment.
        if mail.is_some() {
            context.registry().close(&dialog);
        }
        return;
    }
    dialog.delivery.push(KeptEvent::stand_in("StasisStart", start.into()));
    context.registry().told(application, &first);
    if mail.is_some() {
        dialog.delivery.push(KeptEvent::missed(None));
        dialogs.insert(dialog.root.clone(), Arc::clone(&dialog));
    }
    drop(dialogs);
    super::attach::release(context, &mut settling, &bound);
    drop(settling);
    info!(dialog = %dialog.root, ?channels, "channels that nobody has get a dialog");
    if let Some(mail) = mail {
        let life = life::run(Arc::clone(context), dialog, mail, Beginning::Orphan(Terms::after(term)));
        context.spawn(life);
    }
}

/// Channels as a dialog has them, where Asterisk says that they are.
pub(super) fn objects(survey: &Survey, application: &str, channels: &[String]) -> Vec<(Object, Presence)> {
    let presence = |channel: &String| match survey.entered(application, channel) {
        Some(_) => Presence::Entered,
        // It rings, or has left: that it is there says no more.
        None if survey.lists(channel) => Presence::Expected,
        None if survey.channel(channel).is_some() => Presence::Beside,
        None => Presence::Entered,
    };
    let object = |channel: &String| Object { kind: ObjectKind::Channel, id: channel.clone() };
    channels.iter().map(|channel| (object(channel), presence(channel))).collect()
}

/// The StasisStart with which a channel that is there may have entered the application.
pub(super) fn start(survey: &Survey, application: &str, channel: &str) -> String {
    let object = Object { kind: ObjectKind::Channel, id: channel.to_owned() };
    let bound = Bound { application: application.to_owned(), object, presence: Presence::Expected };
    let arguments = survey.entered(application, channel).unwrap_or_default();
    StandIn::stasis_start(survey, &bound, &arguments).body
}
