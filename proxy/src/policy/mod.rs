//! What workers may do. A command is looked at as it will be sent, right before that; what is refused does not reach Asterisk.
//!
//! Nothing here asks anybody: [`Guard::check`] decides by the command, the configuration and the dialog's objects.
//! docs/policy.md tells it to those who write the configuration.

mod calls;
mod commands;
mod parameters;
mod pattern;
mod scope;
#[cfg(test)]
mod tests;
mod variables;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use ari_bus::protocol::{Answer, Object};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::Method;
use tracing::{debug, warn};

use crate::{
    asterisk::request::Request,
    config::{PolicyConfig, Rules, Scope},
    limits::{COMMANDS_AT_ONCE_SECONDS, COMMANDS_PER_SECOND, REFUSALS_SAID},
    metrics::Metrics,
};

use parameters::Parameters;
pub use pattern::{BadPattern, CommandPattern, TextPattern};

/// What the workers of one application may do.
#[derive(Debug)]
pub(crate) struct Policy {
    application: String,
    /// The rules of the application alone: they say which key a rule stands under.
    own: Rules,
    default: Rules,
    allowed: Vec<CommandPattern>,
    originates: Option<DefaultDirectRateLimiter>,
}

/// What the workers of one dialog may do, and have done.
#[derive(Debug)]
pub(crate) struct Guard {
    policy: Arc<Policy>,
    pace: DefaultDirectRateLimiter,
    /// How many refusals were said aloud.
    said: AtomicU32,
}

/// A command as the rules see it.
struct Command<'a> {
    request: &'a Request,
    path: Vec<String>,
    parameters: Parameters,
}

/// A command that is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: u16,
    /// The key of the rule, where one was broken.
    rule: Option<String>,
    reason: String,
}

impl Policy {
    /// The policy of one application.
    pub(crate) fn new(config: &PolicyConfig, application: &str) -> Arc<Self> {
        let own = config.applications.get(application).cloned().unwrap_or_default();
        let mut policy = Self {
            application: application.to_owned(),
            own,
            default: config.default.clone(),
            allowed: commands::always(application),
            originates: None,
        };
        policy.originates = policy
            .rule("originates_per_minute", |rules| rules.originates_per_minute.as_ref())
            .map(|Rule { value, .. }| RateLimiter::direct(Quota::per_minute(*value)));
        Arc::new(policy)
    }

    /// A rule, with its key: the application's own, or else the default's.
    fn rule<'a, T: ?Sized>(
        &'a self,
        name: &'static str,
        of: impl Fn(&'a Rules) -> Option<&'a T>,
    ) -> Option<Rule<'a, T>> {
        let own = of(&self.own).map(|value| Rule { place: Place::Own(&self.application), name, value });
        own.or_else(|| of(&self.default).map(|value| Rule { place: Place::Default, name, value }))
    }

    fn scope(&self) -> Option<Rule<'_, Scope>> {
        self.rule("scope", |rules| rules.scope.as_ref()).filter(|rule| *rule.value == Scope::Dialog)
    }

    /// A refusal by what nobody has written: the key is where one would.
    fn forbid(&self, name: &'static str, reason: impl Into<String>) -> Refusal {
        Rule { place: Place::Own(&self.application), name, value: &() }.forbid(reason)
    }
}

/// A rule and where it stands.
#[derive(Debug)]
struct Rule<'a, T: ?Sized> {
    place: Place<'a>,
    name: &'static str,
    value: &'a T,
}

#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Own(&'a str),
    Default,
}

impl<T: ?Sized> Rule<'_, T> {
    fn key(&self) -> String {
        match self.place {
            Place::Own(application) => format!("policy.applications.{application}.{}", self.name),
            Place::Default => format!("policy.default.{}", self.name),
        }
    }

    fn refuse(&self, status: u16, reason: impl Into<String>) -> Refusal {
        Refusal { status, rule: Some(self.key()), reason: reason.into() }
    }

    fn forbid(&self, reason: impl Into<String>) -> Refusal {
        self.refuse(403, reason)
    }
}

impl Rule<'_, Vec<TextPattern>> {
    /// Whether any of its patterns fits.
    fn fits(&self, text: &str) -> bool {
        self.value.iter().any(|pattern| pattern.fits(text))
    }
}

impl Guard {
    /// For a new dialog of this application.
    pub(crate) fn new(policy: &Arc<Policy>) -> Self {
        let policy = Arc::clone(policy);
        let rate = policy
            .rule("commands_per_second", |rules| rules.commands_per_second.as_ref())
            .map_or(COMMANDS_PER_SECOND, |rule| *rule.value);
        let at_once = rate.saturating_mul(COMMANDS_AT_ONCE_SECONDS);
        let pace = RateLimiter::direct(Quota::per_second(rate).allow_burst(at_once));
        Self { policy, pace, said: AtomicU32::new(0) }
    }

    /// Whether the dialog's workers may name no objects but its own.
    pub(crate) fn is_narrow(&self) -> bool {
        self.policy.scope().is_some()
    }

    /// Decides about a command as it will be sent. `owns` tells whether an object belongs to the dialog.
    ///
    /// # Errors
    /// A refusal, which answers it.
    pub(crate) fn check(&self, request: &Request, owns: &dyn Fn(&Object) -> bool) -> Result<(), Refusal> {
        let policy = &*self.policy;
        policy.check_pace(&self.pace)?;
        policy.check_size(request)?;
        let parameters =
            Parameters::read(request).map_err(|reason| Refusal { status: 400, rule: None, reason })?;
        let command = Command { request, path: request.segments(), parameters };
        policy.check_command(&command)?;
        policy.check_calls(&command)?;
        policy.check_variables(&command)?;
        policy.check_scope(&command, owns)?;
        // Last: what is refused was no call.
        policy.check_originates(&command)
    }

    /// A refusal of what Asterisk has and the dialog has not.
    pub(crate) fn foreign(&self, object: &Object) -> Refusal {
        let reason = format!("{} is not known to be a new id, nor one of this dialog", shown(&object.id));
        match self.policy.scope() {
            Some(rule) => rule.forbid(reason),
            None => self.policy.forbid("scope", reason),
        }
    }

    /// Notes a refusal, with the dialog's id and its first channel, and makes the worker's answer of it. A worker that does nothing else must not fill the log.
    pub(crate) fn refuse(
        &self,
        (dialog, channel): (&str, Option<&str>),
        request: &Request,
        refusal: &Refusal,
        metrics: &Metrics,
    ) -> Answer {
        let rule = refusal.rule.as_deref().and_then(|key| key.rsplit('.').next());
        metrics.refused_by_policy(&self.policy.application, rule, refusal.status);
        let path = request.url.split('?').next().unwrap_or_default();
        let (status, method, why) = (refusal.status, &request.method, refusal.to_string());
        if self.said.load(Ordering::Relaxed) < REFUSALS_SAID {
            self.said.fetch_add(1, Ordering::Relaxed);
            warn!(dialog, channel, status, %method, %path, %why, "a command is refused by the policy");
        } else {
            debug!(dialog, channel, status, %method, %path, %why, "a command is refused by the policy");
        }
        Answer::error(refusal.status, &why)
    }
}

impl Policy {
    fn check_pace(&self, pace: &DefaultDirectRateLimiter) -> Result<(), Refusal> {
        pace.check().map_err(|_| {
            let reason = "the dialog sends too many commands: wait a moment";
            let written = self.rule("commands_per_second", |rules| rules.commands_per_second.as_ref());
            match written {
                Some(rule) => rule.refuse(429, reason),
                None => Refusal { status: 429, ..self.forbid("commands_per_second", reason) },
            }
        })
    }

    fn check_size(&self, request: &Request) -> Result<(), Refusal> {
        let Some(rule) = self.rule("max_body", |rules| rules.max_body.as_ref()) else { return Ok(()) };
        match request.body.as_ref().map(String::len).filter(|length| length > rule.value) {
            Some(length) => {
                Err(rule.refuse(413, format!("`body` has {length} bytes; {} are allowed", rule.value)))
            }
            None => Ok(()),
        }
    }

    fn check_originates(&self, command: &Command<'_>) -> Result<(), Refusal> {
        let rule = self.rule("originates_per_minute", |rules| rules.originates_per_minute.as_ref());
        let (Some(limiter), Some(rule)) = (&self.originates, rule) else { return Ok(()) };
        if command.places_a_call() && limiter.check().is_err() {
            return Err(rule.refuse(429, "the application has placed as many calls as it may just now"));
        }
        Ok(())
    }
}

impl Command<'_> {
    /// The path's segments.
    fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn is_read(&self) -> bool {
        self.request.method == Method::GET
    }

    /// Whether it makes Asterisk, or a phone, call somebody.
    fn places_a_call(&self) -> bool {
        self.request.method == Method::POST
            && match *self.segments() {
                ["channels"] | ["channels", _, "redirect"] | ["endpoints", .., "refer"] => true,
                ["channels", what] => what != "externalMedia",
                _ => false,
            }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{} (rule {rule})", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Characters of a worker's text that a refusal repeats.
const SHOWN: usize = 100;

/// A worker's text, for a person to read.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN).collect::<String>())
}
