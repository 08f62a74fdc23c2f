//! Whether all that a configuration names is there, and allows what the proxy needs: what `ari-proxy check` shows.
//!
//! Nothing is taken from a proxy that runs, nor from anybody else: what is opened has names of its own.

mod applications;
mod asterisk;
mod bus;
mod certificates;
mod stream;
mod versions;

use std::time::Duration;

use serde::Serialize;

use crate::config::Config;

/// How long each thing that is asked may take.
const PROBE: Duration = Duration::from_secs(5);

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `bus`.
    pub subject: String,
    /// How it is.
    pub mark: Mark,
    /// What was found, in one line.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Good,
    /// The proxy works, but somebody should know.
    Warning,
    /// The proxy cannot do its part like this.
    Bad,
}

impl Finding {
    fn new(subject: &str, mark: Mark, text: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), mark, text: text.into(), hint: None }
    }

    fn good(subject: &str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Good, text)
    }

    fn warning(subject: &str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Warning, text)
    }

    fn bad(subject: &str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Bad, text)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Looks at everything at once; takes some seconds at most, whatever does not answer.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = certificates::look(config);
    match &config.websocket_listen {
        None => {
            let (bus, asterisk, stream) =
                tokio::join!(bus::look(config), asterisk::look(config), stream::look(config));
            findings.extend(bus.findings);
            findings.extend(asterisk.findings);
            findings.extend(stream);
            findings.extend(applications::judge(&asterisk.applications, bus.acts));
        }
        Some(listen) => {
            let mut acts = false;
            for asterisk in &listen.asterisks {
                let bus = bus::look(&config.of_server(&asterisk.server_id)).await;
                acts |= bus.acts == Some(true);
                findings.extend(bus.findings);
                if findings.iter().any(|finding| finding.mark == Mark::Bad) {
                    // The bus is the same for all: what is wrong with it need not be said for each.
                    break;
                }
            }
            findings.push(asterisk::look_at_port(listen.address, acts).await);
            findings.extend(stream::look(config).await);
        }
    }
    findings
}
