//! The first seconds of a process: it is found out which channels were there before it, and events of these that no dialog
//! has are held until their workers have had time to bring their dialogs. New calls do not wait for that.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use ari_bus::protocol::{Object, ObjectKind};
use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{info, warn};

use super::{
    super::{
        Context,
        resync::{self, Survey},
        router::Router,
    },
    orphans,
};
use crate::{
    asterisk::{
        event::{Header, Named},
        request::Request,
        websocket::Fence,
    },
    limits::{ATTACH_WINDOW, LOOK_AGAIN, SETTLING_EVENTS},
    metrics::Lost,
};

/// Events that may be for calls of an earlier process.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    phase: Phase,
    held: VecDeque<Held>,
    /// What there was when this process began, by application.
    surveys: HashMap<String, Arc<Survey>>,
}

/// An event that is held, with the objects that it names.
#[derive(Debug)]
struct Held {
    text: Utf8Bytes,
    objects: Vec<Object>,
    /// The channel whose StasisStart it is.
    starts: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing is held: there is no earlier process to speak of, or its calls have been sorted out.
    #[default]
    Over,
    /// What was there before is not known yet.
    Counting,
    /// These channels were.
    Waiting(HashSet<String>),
}

impl Settling {
    /// Whether events may have to be held.
    pub(in super::super) fn is_active(&self) -> bool {
        self.phase != Phase::Over
    }

    /// Holds an event of objects that no dialog has, if they may be of an earlier process; says whether it does.
    pub(in super::super) fn holds(
        &mut self,
        context: &Context,
        header: &Header<'_>,
        text: &Utf8Bytes,
    ) -> bool {
        let mut channels = header.objects.iter().filter(|named| named.kind == ObjectKind::Channel).peekable();
        let holds = match &self.phase {
            Phase::Over => false,
            Phase::Counting => !header.objects.is_empty(),
            // What names no channel is a bridge's or playback's, of whoever.
            Phase::Waiting(_) if channels.peek().is_none() => !header.objects.is_empty(),
            Phase::Waiting(old) => channels.any(|named| old.contains(&*named.id)),
        };
        if holds {
            if self.held.len() >= SETTLING_EVENTS {
                self.held.pop_front();
                context.metrics.lost(1, Lost::Unsettled);
            }
            self.held.push_back(Held {
                text: text.as_str().to_owned().into(),
                objects: header.objects.iter().map(Named::object).collect(),
                starts: header.id_in("channel").filter(|_| header.kind == "StasisStart").map(str::to_owned),
            });
        }
        holds
    }

    /// What there was of an application when this process began, if that still says something.
    pub(super) fn survey(&self, application: &str) -> Option<Arc<Survey>> {
        self.surveys.get(application).cloned()
    }

    /// Whether that is still being found out.
    pub(super) fn is_counting(&self) -> bool {
        self.phase == Phase::Counting
    }

    /// Lets workers bring dialogs with what there is, if there is anything.
    fn wait(&mut self, surveys: HashMap<String, Arc<Survey>>) {
        let old: HashSet<String> = surveys
            .values()
            .flat_map(|survey| survey.listed().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        (self.phase, self.surveys) = match old.is_empty() {
            true => (Phase::Over, HashMap::new()),
            false => (Phase::Waiting(old), surveys),
        };
    }

    /// Whether workers may bring dialogs.
    fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_))
    }

    /// Takes out the held events that name one of these objects, in their order.
    pub(super) fn take(&mut self, objects: &HashSet<Object>) -> Vec<Utf8Bytes> {
        let names = |held: &Held| held.objects.iter().any(|object| objects.contains(object));
        let (taken, left): (Vec<Held>, Vec<Held>) =
            std::mem::take(&mut self.held).into_iter().partition(names);
        self.held = left.into();
        taken.into_iter().map(|held| held.text).collect()
    }
}

/// Finds out what there is before the first event can come: whatever is not among it is new. If Asterisk is away, that is left
/// to [`settle`].
pub(crate) async fn look(context: &Arc<Context>) {
    context.settling().phase = Phase::Counting;
    if let Some(Ok(surveys)) = context.stop.run_until_cancelled(count(context)).await {
        context.settling().wait(surveys);
        context.surveyed.send_replace(true);
    }
}

/// The first connection to Asterisk is there: sorts out what an earlier process left.
pub(crate) async fn settle(context: Arc<Context>, fence: Fence) {
    if !context.settling().is_active() {
        return;
    }
    let stop = context.stop.clone();
    stop.run_until_cancelled(sort_out(&context, &fence)).await;
    end(&context, &mut context.settling());
    for application in &context.applications.served() {
        if !stop.is_cancelled() {
            resync::look_again(&context, application, Some(&fence)).await;
        }
    }
}

async fn sort_out(context: &Arc<Context>, fence: &Fence) {
    let until = Instant::now() + ATTACH_WINDOW;
    if context.settling().is_counting() {
        let mut counting = count(context).await;
        // An Asterisk that dials in may be gone for a moment, and its REST interface with it.
        while counting.is_err() && Instant::now() < until {
            sleep(LOOK_AGAIN).await;
            counting = count(context).await;
        }
        match counting {
            Ok(surveys) => counted(context, surveys),
            Err(Away) => warn!("Asterisk does not tell what calls of an earlier process there are"),
        }
    }
    context.surveyed.send_replace(true);
    if !context.settling().is_waiting() {
        return;
    }
    info!("there may be calls of an earlier process: waiting for their workers");
    sleep_until(until).await;
    // As it is now: what came and went meanwhile is nobody's business any more.
    let Ok(Some(surveys)) = timeout(ATTACH_WINDOW, survey(context, &context.applications.served())).await
    else {
        return warn!("Asterisk does not tell which calls nobody has: they are left alone");
    };
    // What the survey has seen has told so by then.
    if fence.passed().await {
        for (application, survey) in &surveys {
            orphans::adopt(context, application, survey).await;
        }
    }
}

/// Asterisk does not answer.
struct Away;

/// What there is of the applications that have any channels. Most often that is none, which one question for each tells.
async fn count(context: &Context) -> Result<HashMap<String, Arc<Survey>>, Away> {
    timeout(ATTACH_WINDOW, count_patiently(context)).await.unwrap_or(Err(Away))
}

async fn count_patiently(context: &Context) -> Result<HashMap<String, Arc<Survey>>, Away> {
    let mut used = Vec::new();
    for application in &context.applications.served() {
        let question = Request::own(Method::GET, &["applications", application]);
        let answer = context.rest.send(&question).await.map_err(|_| Away)?;
        // One that Asterisk does not know, or does not tell of, has none.
        let listed = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
        if listed["channel_ids"].as_array().is_some_and(|channels| !channels.is_empty()) {
            used.push(application.clone());
        }
    }
    survey(context, &used).await.ok_or(Away)
}

/// It is known now what there was before. Events of new calls were held only because it was not.
fn counted(context: &Arc<Context>, surveys: HashMap<String, Arc<Survey>>) {
    let router = Router::new(Arc::clone(context));
    let mut settling = context.settling();
    settling.wait(surveys);
    let held = std::mem::take(&mut settling.held);
    if let Phase::Waiting(old) = &mut settling.phase {
        // What entered while it was counted is new.
        held.iter().filter_map(|held| held.starts.as_ref()).for_each(|new| {
            old.remove(new);
        });
    }
    for Held { text, .. } in held {
        router.route_again(&mut settling, &text);
    }
}

async fn survey(context: &Context, applications: &[String]) -> Option<HashMap<String, Arc<Survey>>> {
    let mut surveys = HashMap::new();
    for application in applications {
        surveys.insert(application.clone(), Arc::new(Survey::take(context, application).await?));
    }
    Some(surveys)
}

/// Holds everything that may be for dialogs which another process is about to hand over, until [`end`].
pub(crate) fn hold_all(context: &Context) {
    context.settling().phase = Phase::Counting;
}

/// Holds nothing any more.
pub(in super::super) fn end(context: &Arc<Context>, settling: &mut Settling) {
    let router = Router::new(Arc::clone(context));
    for Held { text, .. } in std::mem::take(settling).held {
        router.route_again(settling, &text);
    }
    context.surveyed.send_replace(true);
}
