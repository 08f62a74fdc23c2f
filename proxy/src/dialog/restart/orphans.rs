//! Channels in Stasis that nobody has: their worker died with the proxy, or they entered unseen. Those of one dialog are
//! offered together, as one call that goes on.

use std::{collections::BTreeMap, sync::Arc};

use ari_bus::protocol::{Names, Object, ObjectKind};
use tracing::info;

use super::{
    super::{
        Context, Dialog,
        kept::KeptEvent,
        life::{self, Beginning},
        registry::{Bound, Presence},
        resync::{StandIn, Survey},
        terms::Terms,
    },
    mark::Mark,
};

/// Offers what an application has and no dialog does. Afterwards Asterisk is to be asked once more: what ended in this moment
/// was nobody's.
pub(in super::super) async fn adopt(context: &Arc<Context>, application: &str, survey: &Survey) {
    let mut calls: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    for channel in survey.listed() {
        if !context.registry().is_orphan(application, channel) {
            continue;
        }
        let mark = Mark::read(context, channel).await;
        // One that is not marked is a call of its own, if it is in the application at all.
        let (root, term) = match mark {
            Some(Mark { root, term }) => (root, term),
            None if survey.entered(application, channel).is_some() => {
                (Names::dialog_id(&context.config.server_id), 0)
            }
            None => continue,
        };
        let call = calls.entry(root).or_default();
        call.0 = call.0.max(term);
        call.1.push(channel.to_owned());
    }
    for (root, (term, channels)) in calls {
        offer(context, application, survey, root, term, channels);
    }
}

/// Offers the channels of one call.
fn offer(
    context: &Arc<Context>,
    application: &str,
    survey: &Survey,
    root: String,
    term: u64,
    mut channels: Vec<String>,
) {
    // The call begins with one that is in the application.
    channels.sort_by_key(|channel| (survey.entered(application, channel).is_none(), channel.clone()));
    let Some(first) = channels.first().cloned() else { return };
    let start = start(survey, application, &first);
    let bridges = survey.bridges_of(&channels).into_iter().map(|id| Object { kind: ObjectKind::Bridge, id });
    let objects = objects(survey, application, &channels).into_iter();
    let objects = objects.chain(bridges.map(|bridge| (bridge, Presence::Beside))).collect();
    let mut settling = context.settling();
    let mut dialogs = context.dialogs();
    if dialogs.contains_key(&root) {
        // Its worker came in this moment.
        return;
    }
    let (dialog, mail) = Dialog::new(context, root.clone(), application, &first, start.as_str().into());
    let bound = context.registry().adopt(&dialog, objects);
    dialog.delivery.push(KeptEvent::stand_in("StasisStart", start.into()));
    dialog.delivery.push(KeptEvent::missed(None));
    dialogs.insert(root, Arc::clone(&dialog));
    drop(dialogs);
    super::attach::release(context, &mut settling, &bound);
    drop(settling);
    info!(dialog = %dialog.root, ?channels, "a call that nobody has is offered");
    context.tasks.spawn(life::run(Arc::clone(context), dialog, mail, Beginning::Orphan(Terms::after(term))));
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
