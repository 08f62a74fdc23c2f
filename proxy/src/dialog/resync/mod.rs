//! After a gap in Asterisk's events, what happened meanwhile is told: Asterisk is asked what there still is, and events that
//! are missing for what has gone, or has come, get a stand-in. So no handler waits for ever for an event that went by.

mod stand_ins;
mod survey;

use std::{collections::HashSet, sync::Arc};

use ari_bus::protocol::{Object, ObjectKind};
use tracing::{debug, info};

use super::{
    Context,
    registry::{Bound, Presence},
    restart,
    router::Router,
};
use crate::{asterisk::websocket::Fence, limits::DEAF_RESYNC};
pub(super) use stand_ins::StandIn;
pub(super) use survey::Survey;

/// There is a connection again: tells what became of an application's objects, and offers channels that entered unseen. What the
/// connection tells itself since it is there is not told here.
pub(super) async fn run(context: &Arc<Context>, application: &str, fence: &Fence) {
    let _sorting = Arc::clone(&context.sorting);
    let bound = context.registry().bound(application);
    let Some(survey) = Survey::take(context, application).await else { return };
    tell(context, &survey, Some(fence), bound).await;
    // In the first seconds of a process what nobody has may still be brought.
    if fence.passed().await && !context.settling().is_active() {
        restart::adopt(context, application, &survey).await;
        look_again(context, application, Some(fence)).await;
    }
}

/// Tells what became of an application's objects that were given to dialogs just now: what ended before that was nobody's.
pub(super) async fn look_again(context: &Arc<Context>, application: &str, fence: Option<&Fence>) {
    let bound = context.registry().bound(application);
    if !bound.is_empty()
        && let Some(survey) = Survey::take(context, application).await
    {
        tell(context, &survey, fence, bound).await;
    }
}

/// Tells what became of these objects.
pub(super) async fn tell(
    context: &Arc<Context>,
    survey: &Survey,
    fence: Option<&Fence>,
    mut bound: Vec<Bound>,
) {
    let _sorting = Arc::clone(&context.sorting);
    let Some(ended) = survey::ended(context, &bound).await else { return };
    if let Some(fence) = fence
        && !fence.passed().await
    {
        return debug!("the connection was lost again before what happened meanwhile was told");
    }
    let router = Router::new(Arc::clone(context));
    // The end of what is on a channel comes before that of the channel.
    bound.sort_by_key(|bound| match bound.object.kind {
        ObjectKind::Playback | ObjectKind::Recording => 0,
        ObjectKind::Channel => 1,
        ObjectKind::Bridge => 2,
    });
    let mut told = 0;
    for bound in bound {
        let mut presence = bound.presence;
        for StandIn { kind, body, after } in stand_ins(survey, &ended, &bound) {
            if router.stand_in(&bound, presence, kind, &body) {
                told += 1;
            }
            presence = after;
        }
    }
    if told > 0 {
        info!(events = told, "told what was missed while Asterisk's events were away");
    }
}

/// Tells it again and again while no events come, so that calls end all the same.
pub(super) async fn while_deaf(context: &Arc<Context>, application: &str) {
    loop {
        tokio::time::sleep(DEAF_RESYNC).await;
        look_again(context, application, None).await;
    }
}

/// The events that must have been missed.
fn stand_ins(survey: &Survey, ended: &HashSet<Object>, bound: &Bound) -> Vec<StandIn> {
    let (application, id) = (&bound.application, &bound.object.id);
    let missed = |is_there: bool, stand_in: fn(&Survey, &Bound) -> StandIn| {
        if is_there { Vec::new() } else { vec![stand_in(survey, bound)] }
    };
    match bound.object.kind {
        ObjectKind::Playback => missed(!ended.contains(&bound.object), StandIn::playback_finished),
        ObjectKind::Recording => missed(!ended.contains(&bound.object), StandIn::recording_finished),
        ObjectKind::Bridge => missed(survey.has_bridge(id), StandIn::bridge_destroyed),
        ObjectKind::Channel => {
            let mut events = Vec::new();
            let there = survey.channel(id);
            match bound.presence {
                Presence::Entered if there.is_none() || !survey.lists(id) => {
                    events.push(StandIn::stasis_end(survey, bound));
                }
                Presence::Expected => {
                    events.extend(
                        survey
                            .entered(application, id)
                            .map(|args| StandIn::stasis_start(survey, bound, &args)),
                    );
                }
                // Of a channel that moved away nothing more belongs here.
                Presence::Moved => return events,
                Presence::Entered | Presence::Left | Presence::Beside => {}
            }
            if there.is_none() {
                events.push(StandIn::channel_destroyed(survey, bound));
            }
            events
        }
    }
}

#[cfg(test)]
mod tests;
