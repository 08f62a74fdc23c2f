//! Where calls may go: what a command names that costs money or reaches somebody.

use reqwest::Method;

use super::{Command, Policy, Refusal, Rule, TextPattern, shown};
use crate::config::Rules;

/// A rule about parameters.
struct Named {
    rule: &'static str,
    of: fn(&Rules) -> Option<&Vec<TextPattern>>,
    /// The parameters, in small letters, and whether they are lists.
    parameters: &'static [(&'static str, bool)],
}

const NAMED: [Named; 7] = [
    Named {
        rule: "endpoint",
        of: |rules| rules.endpoint.as_ref(),
        // A message goes `to` somebody; who is referred is called by the one who gets it.
        parameters: &[("endpoint", false), ("to", false), ("refer_to", false)],
    },
    Named { rule: "context", of: |rules| rules.context.as_ref(), parameters: &[("context", false)] },
    Named { rule: "extension", of: |rules| rules.extension.as_ref(), parameters: &[("extension", false)] },
    Named {
        rule: "caller_id",
        of: |rules| rules.caller_id.as_ref(),
        parameters: &[("callerid", false), ("from", false)],
    },
    Named { rule: "app", of: |rules| rules.app.as_ref(), parameters: &[("app", false)] },
    Named {
        rule: "external_host",
        of: |rules| rules.external_host.as_ref(),
        parameters: &[("external_host", false)],
    },
    Named { rule: "media", of: |rules| rules.media.as_ref(), parameters: &[("media", true)] },
];

impl Policy {
    /// Whether everything that a command names may be named.
    pub(super) fn check_calls(&self, command: &Command<'_>) -> Result<(), Refusal> {
        self.check_application(command)?;
        if command.is_read() {
            return Ok(());
        }
        for Named { rule, of, parameters } in &NAMED {
            let known = self.rule(rule, of);
            for (name, is_list) in *parameters {
                let values: Vec<&str> = match is_list {
                    true => command.parameters.listed(name).collect(),
                    false => command.parameters.all(name).collect(),
                };
                for value in values {
                    check_value(name, value, known.as_ref())?;
                }
            }
        }
        // The endpoint that gets a message or is referred stands in the path.
        if let Some(rule) = self.rule("endpoint", |rules| rules.endpoint.as_ref())
            && let ["endpoints", technology, resource, _] = *command.segments()
        {
            check_value("endpoint", &format!("{technology}/{resource}"), Some(&rule))?;
        }
        self.check_place(command)
    }

    /// Events and broadcasts are those of the dialog's own application.
    fn check_application(&self, command: &Command<'_>) -> Result<(), Refusal> {
        if command.path.first().is_none_or(|first| first != "events") {
            return Ok(());
        }
        let rule = self.rule("app", |rules| rules.app.as_ref());
        let is_strange =
            |name: &&str| *name != self.application && !rule.as_ref().is_some_and(|rule| rule.fits(name));
        match command.parameters.all("application").find(is_strange) {
            Some(other) => {
                let reason = format!("`application` {} is another application", shown(other));
                Err(rule.map_or_else(|| self.forbid("app", reason.clone()), |rule| rule.forbid(&reason)))
            }
            None => Ok(()),
        }
    }

    /// A place in the dialplan of which one half is left open: Asterisk would take one that no rule has seen.
    fn check_place(&self, command: &Command<'_>) -> Result<(), Refusal> {
        let goes = command.request.method == Method::POST
            && match *command.segments() {
                ["channels"] | ["channels", _, "continue"] => true,
                ["channels", what] => what != "create" && what != "externalMedia",
                _ => false,
            };
        let says = |name: &str| command.request.parameter(name).is_some();
        let halves = [
            ("context", "extension", self.rule("context", |rules| rules.context.as_ref())),
            ("extension", "context", self.rule("extension", |rules| rules.extension.as_ref())),
        ];
        for (missing, there, rule) in halves {
            if let Some(rule) = rule.filter(|_| goes && says(there) && !says(missing)) {
                return Err(rule.forbid(format!("`{there}` needs `{missing}` beside it")));
            }
        }
        Ok(())
    }
}

/// Whether one value may be named.
fn check_value(name: &str, value: &str, rule: Option<&Rule<'_, Vec<TextPattern>>>) -> Result<(), Refusal> {
    if value.contains(char::is_control) {
        let reason = format!("`{name}` holds a control character");
        return Err(Refusal { status: 400, rule: None, reason });
    }
    match rule {
        // Empty is not there.
        Some(rule) if !value.is_empty() && !rule.fits(value) => {
            Err(rule.forbid(format!("`{name}` {} is allowed by none of its patterns", shown(value))))
        }
        _ => Ok(()),
    }
}
