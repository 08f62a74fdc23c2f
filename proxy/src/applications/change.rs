//! Adding and removing applications while the proxy runs: each change is whole, or it is as if it had not been asked for.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::Method;
use tokio::{sync::MutexGuard, time::timeout};
use tracing::{info, warn};

use super::{Added, Applications, check_name};
use crate::{
    asterisk::{request::Request, sizes::check_line, websocket::handshake},
    dialog::Context,
};

/// Applications that may be added to those of the configuration. All are registered by one request, whose line must hold their names.
pub(super) const MOST: usize = 100;
/// How long Asterisk may take to say whether somebody has an application.
const ASK: Duration = Duration::from_secs(5);
/// How long the link to Asterisk may take to register an application, or to give it up: longer than a handshake that gets no answer,
/// so that it is tried once more.
const REGISTER: Duration = Duration::from_secs(15);

/// A change that was not made, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The name cannot be one.
    #[error("{0}")]
    Name(String),
    /// It would take the events of the channels away from the stream.
    #[error(
        "the stream hears of all channels under this name: give the application, or `stream.channels_application`, another"
    )]
    Ours,
    /// There is no such application.
    #[error("this proxy has no such application")]
    Unknown,
    /// Somebody else has it.
    #[error(
        "Asterisk knows this application: another program has it, or had it and left calls or subscriptions there; `?force=true` takes it"
    )]
    Held,
    /// Calls are up.
    #[error("the application has {0} dialogs: send it no more calls, and try again when they have ended")]
    HasDialogs(usize),
    /// There may be calls that nobody knows of yet.
    #[error(
        "it is not known yet whether the application has calls: those of an earlier process, or of a gap, are being sorted out; try again"
    )]
    Unsettled,
    /// The configuration has it, and its calls are dialogs.
    #[error(
        "the application is one of the configuration, whose calls go to workers: take it out of `applications` there, and start anew"
    )]
    Configured,
    /// There is no room.
    #[error("no further application can be added: {0}")]
    TooMany(String),
    /// It is not known how Asterisk is.
    #[error("Asterisk does not answer now: try again")]
    AsteriskAway,
    /// It was tried.
    #[error("Asterisk did not register the application in {REGISTER:?}: nothing is changed")]
    NotRegistered,
    /// Another process is about to act, or this one is.
    #[error("one process hands all calls over to another just now: try again")]
    HandingOver,
    /// It could not be written down.
    #[error("it would not outlive this process, so nothing is changed: {0}")]
    NotKept(String),
}

/// Adds an application, without dialogs unless they are asked for; one that is there already stays as it is in what is not asked
/// for. One of the configuration streams again. What another program has taken since is registered first.
///
/// # Errors
/// Why nothing is changed.
pub(crate) async fn add(
    context: &Arc<Context>,
    name: &str,
    dialogs: Option<bool>,
    force: bool,
) -> Result<(), Refused> {
    let applications = &context.applications;
    applications.check(context, name)?;
    if applications.is_configured(name) && dialogs == Some(false) {
        return Err(Refused::Configured);
    }
    let mut alone = applications.begin(context).await?;
    if applications.is_configured(name) {
        take_back(context, name, force).await?;
        applications.live.send_modify(|live| {
            live.quiet.remove(name);
        });
        info!(application = name, "the events of this application go to the stream");
        return Ok(());
    }
    applications.knows(&mut alone).await?;
    let added = applications.added(name);
    let wanted = Added { dialogs: dialogs.unwrap_or(added.is_some_and(|added| added.dialogs)) };
    match added {
        Some(added) => {
            take_back(context, name, force).await?;
            if added != wanted {
                applications.is_settled(context, name)?;
                applications.alter(context, name, Some(wanted)).await?;
            }
        }
        None => register(context, name, wanted, force).await?,
    }
    let kept = applications.kept.is_some();
    info!(application = name, dialogs = wanted.dialogs, kept, "this application is here from now on");
    if !kept {
        warn!(
            application = name,
            "this application is forgotten when the process ends: `state_dir` is not set"
        );
    }
    if !wanted.dialogs && !applications.streaming {
        warn!(
            application = name,
            "nobody hears of this application: it has no dialogs, and there is no section `stream`"
        );
    }
    Ok(())
}

/// Removes an application that was added; the events of one of the configuration do not stream any more, until the next start.
///
/// # Errors
/// Why nothing is changed.
pub(crate) async fn remove(context: &Arc<Context>, name: &str) -> Result<(), Refused> {
    let applications = &context.applications;
    applications.check(context, name)?;
    let mut alone = applications.begin(context).await?;
    if applications.is_configured(name) {
        applications.live.send_modify(|live| {
            live.quiet.insert(name.to_owned());
        });
        info!(
            application = name,
            "the events of this application do not go to the stream until the next start"
        );
        return Ok(());
    }
    applications.knows(&mut alone).await?;
    if applications.added(name).is_none() {
        return Err(Refused::Unknown);
    }
    applications.is_settled(context, name)?;
    applications.alter(context, name, None).await?;
    // Where another program has taken it, it is not waited for any more.
    context.status.given_back(&[name.to_owned()]);
    // It is not ours any more in any case: the link gives it up as soon as it can.
    let _ = timeout(REGISTER, context.status.until(|now| !now.ours.contains(name))).await;
    info!(application = name, "this application is not here any more");
    Ok(())
}

/// Registers an application that nobody has.
async fn register(context: &Arc<Context>, name: &str, wanted: Added, force: bool) -> Result<(), Refused> {
    let applications = &context.applications;
    applications.check_room(context, name)?;
    if context.status.now().ours.is_empty() {
        return Err(Refused::AsteriskAway);
    }
    may_take(context, name, force).await?;
    applications.keep(applications.with(name, Some(wanted))).await?;
    applications.set(name, Some(wanted));
    if is_registered(context, name).await {
        return Ok(());
    }
    match applications.alter(context, name, None).await {
        // A call has come: it was registered after all.
        Err(Refused::HasDialogs(_)) => Ok(()),
        Err(other) => Err(other),
        Ok(()) => {
            // Where another program was quicker, it is not waited for.
            context.status.given_back(&[name.to_owned()]);
            Err(Refused::NotRegistered)
        }
    }
}

/// Registers one that is here already, where another program has taken it since.
async fn take_back(context: &Context, name: &str, force: bool) -> Result<(), Refused> {
    if !context.status.now().taken.contains(name) {
        return Ok(());
    }
    may_take(context, name, force).await?;
    context.status.want_back(name, true);
    if is_registered(context, name).await {
        return Ok(());
    }
    context.status.want_back(name, false);
    Err(Refused::NotRegistered)
}

/// Whether nobody has an application, or whoever has it is to lose it.
async fn may_take(context: &Context, name: &str, force: bool) -> Result<(), Refused> {
    if force {
        return Ok(());
    }
    let question = Request::own(Method::GET, &["applications", name]);
    match context.rest.ask(&question, ASK, &context.stop).await {
        Some(answer) if answer.status == 404 => Ok(()),
        Some(_) => Err(Refused::Held),
        None => Err(Refused::AsteriskAway),
    }
}

/// Whether the link to Asterisk comes to have an application.
async fn is_registered(context: &Context, name: &str) -> bool {
    let registered = timeout(REGISTER, context.status.until(|now| now.ours.contains(name)));
    matches!(context.stop.run_until_cancelled(registered).await, Some(Ok(())))
}

impl Applications {
    /// Whether it can be the name of an application that is added, or is one of the configuration, which has rules of its own.
    fn check(&self, context: &Context, name: &str) -> Result<(), Refused> {
        if self.is_configured(name) {
            return Ok(());
        }
        check_name(name, &context.names).map_err(Refused::Name)?;
        if self.hears_by(name) { Err(Refused::Ours) } else { Ok(()) }
    }

    /// Whether all calls of one that was added, if it has dialogs, are known.
    fn is_settled(&self, context: &Context, name: &str) -> Result<(), Refused> {
        let has_dialogs = self.added(name).is_some_and(|added| added.dialogs);
        if has_dialogs && context.is_sorting_out() { Err(Refused::Unsettled) } else { Ok(()) }
    }

    /// Waits until nobody else changes anything.
    async fn begin(&self, context: &Context) -> Result<MutexGuard<'_, bool>, Refused> {
        let alone = tokio::select! {
            alone = self.changing.lock() => alone,
            // Nothing can be changed before that is over.
            () = context.status.until(|now| now.handing_over) => return Err(Refused::HandingOver),
        };
        // A process that takes over acts before it is known whether it can: until then they are the other one's.
        match context.claim.is_held() && !context.status.now().handing_over {
            true => Ok(alone),
            false => Err(Refused::HandingOver),
        }
    }

    /// What was kept and could not be read is read now, or nothing is changed: it would be overwritten.
    async fn knows(&self, unread: &mut bool) -> Result<(), Refused> {
        match *unread {
            true => self.recall(unread).await.map_err(Refused::NotKept),
            false => Ok(()),
        }
    }

    /// Changes one that is there, or removes it: kept first, and taken back where calls forbid it.
    async fn alter(&self, context: &Context, name: &str, to: Option<Added>) -> Result<(), Refused> {
        let before = self.with(name, self.added(name));
        self.keep(self.with(name, to)).await?;
        if to.is_some_and(|to| to.dialogs) {
            self.set(name, to);
            return Ok(());
        }
        let Err(dialogs) = context.without_dialogs(name, || self.set(name, to)) else { return Ok(()) };
        self.keep(before).await?;
        Err(Refused::HasDialogs(dialogs))
    }

    /// Those that were added, with this change.
    fn with(&self, name: &str, to: Option<Added>) -> BTreeMap<String, Added> {
        let mut added = self.live.borrow().added.clone();
        match to {
            Some(to) => added.insert(name.to_owned(), to),
            None => added.remove(name),
        };
        added
    }

    fn set(&self, name: &str, to: Option<Added>) {
        let added = self.with(name, to);
        self.live.send_modify(|live| live.added = added);
    }

    async fn keep(&self, added: BTreeMap<String, Added>) -> Result<(), Refused> {
        match &self.kept {
            Some(kept) => kept.write(added).await.map_err(Refused::NotKept),
            None => Ok(()),
        }
    }

    /// Whether the websocket's request still holds all names.
    fn check_room(&self, context: &Context, name: &str) -> Result<(), Refused> {
        if self.live.borrow().added.len() >= MOST {
            return Err(Refused::TooMany(format!("there are {MOST} already")));
        }
        let mut all = self.all();
        all.push(name.to_owned());
        let request =
            handshake(&context.config, &all).map_err(|error| Refused::TooMany(error.to_string()))?;
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        check_line(&Method::GET, target).map_err(|refused| Refused::TooMany(refused.message))
    }
}
