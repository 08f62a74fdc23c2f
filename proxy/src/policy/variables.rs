//! Which variables a command may set and read. To Asterisk a name with parentheses is a function of the dialplan, some of which
//! reach far beyond the call.

use super::{Command, Policy, Refusal, shown};

/// The proxy knows calls again by it, so that it is nobody else's.
const MARK: &str = "ARI_PROXY";

/// Functions that concern the call alone, and may be set.
const SETS: [&str; 16] = [
    "AGC",
    "CALLERID",
    "CDR",
    "CONNECTEDLINE",
    "DENOISE",
    "GROUP",
    "JITTERBUFFER",
    "MUTEAUDIO",
    "PJSIP_DTMF_MODE",
    "PJSIP_HEADER",
    "PJSIP_HEADER_PARAM",
    "PJSIP_MEDIA_OFFER",
    "REDIRECTING",
    "TALK_DETECT",
    "TIMEOUT",
    "VOLUME",
];
/// What of `CHANNEL()` may be set: other words of it run places of the dialplan.
const CHANNEL_SETS: [&str; 10] = [
    "accountcode",
    "amaflags",
    "audioreadformat",
    "audiowriteformat",
    "language",
    "musicclass",
    "peeraccount",
    "rxgain",
    "tonezone",
    "txgain",
];
/// Functions that may be read.
const READS: [&str; 15] = [
    "CALLERID",
    "CDR",
    "CHANNEL",
    "CONNECTEDLINE",
    "GROUP",
    "GROUP_COUNT",
    "PJSIP_HEADER",
    "PJSIP_HEADERS",
    "PJSIP_HEADER_PARAM",
    "PJSIP_RESPONSE_HEADER",
    "PJSIP_RESPONSE_HEADERS",
    "REDIRECTING",
    "TIMEOUT",
    "TALK_DETECT",
    "VOLUME",
];
/// Plain variables that name a program, which Asterisks up to 20 run at the end of a recording.
const PROGRAMS: [&str; 2] = ["MONITOR_EXEC", "MONITOR_EXEC_ARGS"];
/// Where variables stand.
const RESOURCES: [&str; 3] = ["asterisk", "bridges", "channels"];
/// Functions that say who calls.
const IDENTITIES: [&str; 3] = ["CALLERID", "CONNECTEDLINE", "REDIRECTING"];
/// Variables that name a context, to which Asterisk lets a phone transfer the call.
const CONTEXTS: [&str; 3] = ["FORWARD_CONTEXT", "GOTO_ON_BLINDXFR", "TRANSFER_CONTEXT"];

impl Policy {
    /// Whether every variable that a command names may be set or read.
    pub(super) fn check_variables(&self, command: &Command<'_>) -> Result<(), Refusal> {
        if command.path.first().is_none_or(|first| !RESOURCES.contains(&first.as_str())) {
            return Ok(());
        }
        let names = command.parameters.all("variable");
        if command.is_read() {
            let mut names = names.chain(command.parameters.all("variables").flat_map(names_in));
            return names.try_for_each(|name| self.check_read(name));
        }
        // A `value` without a `variable` goes nowhere; with several of either, each may belong to each.
        for name in names {
            self.check_set(name, "")?;
            command.parameters.all("value").try_for_each(|value| self.check_set(name, value))?;
        }
        command.parameters.object().try_for_each(|(name, value)| self.check_set(name, value))
    }

    fn check_read(&self, name: &str) -> Result<(), Refusal> {
        let rule = self.rule("read_variables", |rules| rules.read_variables.as_ref());
        let may = match &rule {
            Some(rule) => rule.fits(name),
            None => function(name).is_none_or(|(function, _)| READS.contains(&function)),
        };
        if may {
            return Ok(());
        }
        let reason = format!("variable {} may not be read", shown(name));
        Err(rule.map_or_else(|| self.forbid("read_variables", reason.clone()), |rule| rule.forbid(&reason)))
    }

    fn check_set(&self, name: &str, value: &str) -> Result<(), Refusal> {
        // Underscores before it make those inherit it whom the channel calls.
        let plain = name.trim().trim_start_matches('_');
        // What a function gets may become a line of SIP, and a line break in it another one.
        let breaks = |text: &str| text.contains(char::is_control);
        if breaks(name) || (function(plain).is_some() && breaks(value)) {
            let reason = format!("variable {} holds a control character", shown(name));
            return Err(Refusal { status: 400, rule: None, reason });
        }
        let rule = self.rule("set_variables", |rules| rules.set_variables.as_ref());
        let may = plain != MARK
            && match &rule {
                Some(rule) => rule.fits(name),
                None => match function(name) {
                    None => !PROGRAMS.contains(&plain),
                    Some(("CHANNEL", what)) => CHANNEL_SETS.contains(&what),
                    Some((function, _)) => SETS.contains(&function),
                },
            };
        if !may {
            let reason = format!("variable {} may not be set", shown(name));
            return Err(rule
                .map_or_else(|| self.forbid("set_variables", reason.clone()), |rule| rule.forbid(&reason)));
        }
        self.check_meaning(plain, value)
    }

    /// A variable must not say what a parameter may not.
    fn check_meaning(&self, name: &str, value: &str) -> Result<(), Refusal> {
        if let Some(rule) = self.rule("caller_id", |rules| rules.caller_id.as_ref()) {
            let refuse = || Err(rule.forbid(format!("variable {} may not be {}", shown(name), shown(value))));
            match function(name) {
                Some((function, what))
                    if IDENTITIES.contains(&function)
                        && !what.starts_with("name")
                        && !value.is_empty()
                        && !rule.fits(value) =>
                {
                    return refuse();
                }
                // A header of the call: From, P-Asserted-Identity, and whatever else a trunk believes.
                Some(("PJSIP_HEADER" | "PJSIP_HEADER_PARAM", what)) if !what.starts_with("add,X-") => {
                    return refuse();
                }
                _ => {}
            }
        }
        if let Some(rule) = self.rule("context", |rules| rules.context.as_ref())
            && CONTEXTS.contains(&name)
            && !value.is_empty()
            && !rule.fits(value)
        {
            return Err(rule.forbid(format!("variable {name} may not be {}", shown(value))));
        }
        Ok(())
    }
}

/// The name of a function and what stands in its parentheses; none if it is a plain variable. Stricter than Asterisk, which
/// asks for a parenthesis at the end: any at all makes it one here.
fn function(name: &str) -> Option<(&str, &str)> {
    if !name.contains(['(', ')', '{', '}', '$']) {
        return None;
    }
    let whole = name.strip_suffix(')').and_then(|name| name.split_once('('));
    Some(whole.unwrap_or(("", name)))
}

/// The names in a list. A comma in parentheses is no end; but where one makes a whole function all the same, that is looked at
/// too, should a release of Asterisk know no parentheses there.
fn names_in(list: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in list.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                names.push(&list[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    names.push(&list[from..]);
    names.extend(list.split(',').filter(|piece| piece.contains('(') && piece.ends_with(')')));
    names
}
