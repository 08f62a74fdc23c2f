//! Which call goes to which handler.

mod decline;
mod extensions;
mod pattern;
mod routes;

use std::{collections::HashMap, fmt, sync::Arc};

pub use decline::Decline;
use extensions::Extensions;
pub use pattern::PatternError;
pub use routes::{Handlers, Routes, RoutesError};
use tracing::warn;

use crate::{Call, Handler, Handling, Offer};

/// Why a call may be left to others, by what its offer tells.
type Rule = Box<dyn Fn(&Offer) -> Option<String> + Send + Sync>;

/// A handler that gives each call to another: by the application that it is in, the arguments of `Stasis()`, or the extension
/// that was dialled.
///
/// ```no_run
/// use ari_client::{Call, Result, Router, Worker};
///
/// async fn front_desk(call: Call) -> Result {
///     call.channel().answer().await
/// }
/// # async fn sales(_: Call) -> Result { Ok(()) }
/// # async fn outbound(_: Call) -> Result { Ok(()) }
/// # async fn voicemail(_: Call) -> Result { Ok(()) }
/// # async fn operator(_: Call) -> Result { Ok(()) }
///
/// # async fn example() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let router = Router::new()
///     .extension("100", front_desk)
///     .extension("+15551234567", sales)
///     .pattern("_1NXXNXXXXXX", outbound)?
///     .arguments(["voicemail"], voicemail)
///     .decline(|offer| offer.caller().number.is_empty().then_some("no anonymous calls"))
///     .fallback(operator);
/// Worker::from_env().await?.default_application("pbx").run(router).await?;
/// # Ok(())
/// # }
/// ```
///
/// A call goes to the first that there is of:
///
/// 1. the handler of its [application](Self::application);
/// 2. that of the [arguments](Self::arguments) with which it entered, the longest that match;
/// 3. that of the very [extension](Self::extension) that was dialled;
/// 4. that of the most specific [pattern](Self::pattern) of it;
/// 5. the [fallback](Self::fallback).
///
/// A call that has none is declined, so that another worker of the pool may take it. A handler may be a router itself. The
/// order in which entries are added does not matter; of two for the same the last stands.
#[derive(Default)]
#[must_use = "a router is given to Worker::run"]
pub struct Router {
    rules: Vec<Rule>,
    applications: HashMap<String, Arc<dyn Handler>>,
    /// The longest first.
    arguments: Vec<(Vec<String>, Arc<dyn Handler>)>,
    extensions: Extensions,
    fallback: Option<Arc<dyn Handler>>,
}

impl Router {
    /// A router without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives calls to one extension to `handler`, such as `100`, `+15551234567` or `alice`. As everywhere in a dialplan, dashes
    /// make no difference: `555-1234` is `5551234`.
    pub fn extension(mut self, extension: impl AsRef<str>, handler: impl Handler) -> Self {
        let extension = extension.as_ref();
        if extension.starts_with('_') {
            warn!(
                extension,
                "an extension of a router that looks like a pattern: Router::pattern takes those"
            );
        }
        self.extensions.add_exact(extension, Arc::new(handler));
        self
    }

    /// Gives calls to the extensions that match a pattern to `handler`. Patterns are those of the dialplan, underscore
    /// included: `X` is a digit, `Z` one of 1 to 9, `N` one of 2 to 9, `[1237-9]` any of those characters, `.` at the end one
    /// character or more, `!` at the end any number of them; anything else is itself, but for dashes, which are not looked at.
    ///
    /// Of several that match the most specific has the call, as Asterisk sorts them: compared character by character, a smaller
    /// set goes first; `.` comes after all sets, `!` after `.`, and the end of a pattern last.
    ///
    /// # Errors
    /// [`PatternError`] for what is no pattern. It names the character that is wrong.
    pub fn pattern(mut self, pattern: impl AsRef<str>, handler: impl Handler) -> Result<Self, PatternError> {
        self.extensions.add_pattern(pattern.as_ref(), Arc::new(handler))?;
        Ok(self)
    }

    /// Gives calls that entered with these arguments, or with more after them, to `handler`: `["voicemail"]` is for
    /// `Stasis(pbx,voicemail)` and `Stasis(pbx,voicemail,100)`.
    pub fn arguments<A: Into<String>>(
        mut self,
        leading: impl IntoIterator<Item = A>,
        handler: impl Handler,
    ) -> Self {
        self.add_arguments(leading.into_iter().map(Into::into).collect(), Arc::new(handler));
        self
    }

    /// Gives all calls of an application to `handler`, for workers that [join several](crate::Worker::application).
    pub fn application(mut self, name: impl Into<String>, handler: impl Handler) -> Self {
        self.applications.insert(name.into(), Arc::new(handler));
        self
    }

    /// Leaves calls to other workers of the pool for which `rule` has a reason, which goes into logs. It is asked before a
    /// call is accepted, and for each offer of it, so it must not block; of several rules one suffices.
    ///
    /// The caller hears nothing of it: the call is offered to others, and when none takes it within the proxy's
    /// `dialog.offer_deadline` (30 s) it goes on in the dialplan, unless the proxy is told otherwise. To turn a caller away at
    /// once, give the call to a handler that [hangs up](crate::Channel::hangup_with).
    ///
    /// A call that another worker had is offered in the same way: [`Offer::is_resumed`] tells a rule that is for new calls only.
    ///
    /// Where the offer tells too little to ask before (from an [old proxy](crate#old-proxies), or with a StasisStart that is
    /// larger than a message of the bus) the call is accepted, and goes on in the dialplan if there is a reason then.
    pub fn decline<R: Into<String>>(
        mut self,
        rule: impl Fn(&Offer) -> Option<R> + Send + Sync + 'static,
    ) -> Self {
        self.rules.push(Box::new(move |offer| rule(offer).map(Into::into)));
        self
    }

    /// Gives the calls that nothing else is for to `handler`.
    pub fn fallback(mut self, handler: impl Handler) -> Self {
        self.fallback = Some(Arc::new(handler));
        self
    }

    fn add_arguments(&mut self, leading: Vec<String>, handler: Arc<dyn Handler>) {
        self.arguments.retain(|(other, _)| *other != leading);
        let place = self.arguments.partition_point(|(other, _)| other.len() >= leading.len());
        self.arguments.insert(place, (leading, handler));
    }

    fn find(&self, offer: &Offer) -> Option<&Arc<dyn Handler>> {
        let by_arguments = || {
            let found = self.arguments.iter().find(|(leading, _)| offer.args().starts_with(leading));
            found.map(|(_, handler)| handler)
        };
        (self.applications.get(offer.application()))
            .or_else(by_arguments)
            .or_else(|| self.extensions.find(offer.dialed()))
            .or(self.fallback.as_ref())
    }
}

impl Handler for Router {
    fn handle(&self, call: Call) -> Handling {
        match self.find(call.offer()) {
            Some(handler) => handler.handle(call),
            None => Decline::because(no_route(call.offer())).handle(call),
        }
    }

    fn declines(&self, offer: &Offer) -> Option<String> {
        self.rules.iter().find_map(|rule| rule(offer)).or_else(|| match self.find(offer) {
            Some(handler) => handler.declines(offer),
            None => Some(no_route(offer)),
        })
    }
}

fn no_route(offer: &Offer) -> String {
    format!("no route for {:?} in {:?}", offer.dialed(), offer.application())
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}
