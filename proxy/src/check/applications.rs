//! Who has each application in Asterisk.

use super::Finding;

/// An application, and what Asterisk says of it.
pub(super) struct Application {
    pub(super) name: String,
    pub(super) state: State,
}

/// Whether somebody has an application.
pub(super) enum State {
    /// Nobody.
    Free,
    /// Somebody has a websocket for it, or had one and left this number of channels in it.
    Registered { channels: usize },
    /// Asterisk was asked in vain.
    Unknown(String),
}

/// Judges each, where it is known whether a process of this server acts.
pub(super) fn judge(applications: &[Application], acts: Option<bool>) -> Vec<Finding> {
    applications.iter().map(|application| judge_one(application, acts == Some(true))).collect()
}

fn judge_one(Application { name, state }: &Application, acts: bool) -> Finding {
    let subject = format!("application {name}");
    match state {
        State::Free if acts => Finding::bad(&subject, "is not registered in Asterisk, though the proxy runs")
            .hint("see what the proxy logs; it tells why it has no connection to Asterisk's events"),
        State::Free => Finding::good(&subject, "is free in Asterisk"),
        State::Registered { .. } if acts => {
            Finding::good(&subject, "is registered in Asterisk, and a proxy of this server_id runs")
        }
        State::Registered { channels: 0 } => {
            Finding::bad(&subject, "is held by another program").hint(TAKES_OVER)
        }
        State::Registered { channels } => Finding::warning(
            &subject,
            format!("has {channels} channels: another program holds it, or a proxy left calls there"),
        )
        .hint(TAKES_OVER),
        State::Unknown(why) => Finding::bad(&subject, format!("Asterisk does not tell who has it: {why}")),
    }
}

const TAKES_OVER: &str = "the proxy takes it over when it starts: stop the other program first, or give the proxy an application of its own";
