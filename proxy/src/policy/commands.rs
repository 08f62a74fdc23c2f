//! Which commands there are for workers, by method and path.

use reqwest::Method;

use super::{Command, CommandPattern, Policy, Refusal, shown};

/// What calls are made of. The rest of ARI is Asterisk itself: only where the configuration allows it.
const RESOURCES: [&str; 8] =
    ["bridges", "channels", "deviceStates", "endpoints", "mailboxes", "playbacks", "recordings", "sounds"];

/// What is always allowed in an application, unless it is denied.
pub(super) fn always(application: &str) -> Vec<CommandPattern> {
    let all = RESOURCES.map(|resource| CommandPattern::exactly(None, &[resource], true));
    let own = |method, path: &[&str]| CommandPattern::exactly(Some(method), path, false);
    // Which events come is every call's business: the event filter is not among it.
    let application = [
        own(Method::GET, &["applications", application]),
        own(Method::POST, &["applications", application, "subscription"]),
        own(Method::DELETE, &["applications", application, "subscription"]),
        own(Method::POST, &["events", "claim"]),
        CommandPattern::exactly(Some(Method::POST), &["events", "user"], true),
    ];
    all.into_iter().chain(application).collect()
}

impl Policy {
    /// Whether there is such a command for workers.
    pub(super) fn check_command(&self, command: &Command<'_>) -> Result<(), Refusal> {
        let (method, path) = (&command.request.method, &command.path);
        if let Some(rule) = self.rule("deny", |rules| rules.deny.as_ref())
            && let Some(pattern) = rule.value.iter().find(|pattern| pattern.refuses(method, path))
        {
            return Err(rule.forbid(format!("\"{pattern}\" is denied")));
        }
        let allow = self.rule("allow", |rules| rules.allow.as_ref());
        let mut allowed = self.allowed.iter().chain(allow.as_ref().map_or(&[][..], |rule| rule.value));
        if allowed.any(|pattern| pattern.allows(method, path)) {
            return Ok(());
        }
        let path = command.request.url.split('?').next().unwrap_or_default();
        let reason = format!("{method} {} is not among what workers may do", shown(path));
        Err(allow.map_or_else(|| self.forbid("allow", reason.clone()), |rule| rule.forbid(&reason)))
    }
}
