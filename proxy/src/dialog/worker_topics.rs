//! Which topics a worker may name for itself.

use ari_bus::protocol::check_topic;

use super::Context;

impl Context {
    /// Checks a topic that a worker names. Any that nobody else reads will do: a worker's library may name its topics as it
    /// likes.
    ///
    /// # Errors
    /// No bus carries it, or proxies, pools or the broker itself read it; the text is for the worker.
    pub(super) fn check_worker_topic(&self, topic: &str) -> Result<(), String> {
        check_topic(topic).map_err(|error| error.to_string())?;
        let pool = |application: &String| self.names.application(application) == topic;
        if self.applications.served().iter().any(pool) || is_kept(self.names.prefix(), topic) {
            return Err(format!("{topic:?} is no worker's topic"));
        }
        Ok(())
    }
}

/// Whether a topic is one of any proxy (its inbox, its journal, version 1's commands), a fixed one of the protocol, or the
/// broker's own.
fn is_kept(prefix: &str, topic: &str) -> bool {
    let begins = |start| topic.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(start));
    topic.starts_with('$') || begins("commands_") || (begins("ari.") && !begins("ari.worker."))
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn what_proxies_and_brokers_read_is_kept() {
        for kept in [
            "p.commands_pbx.1",
            "p.ari.pbx.incarnation.1",
            "p.ari.pbx.queues",
            "p.ari.pbx.control",
            "p.ari.open.hello",
            "$SYS.x",
        ] {
            assert!(is_kept("p.", kept), "{kept}");
        }
        for free in [
            "p.ari.worker.7.events",
            "p.events_pbx.1",
            "mine.events",
            "_INBOX.7.1",
            "amq.gen-7",
            "p.arise",
            "commands_x",
        ] {
            assert!(!is_kept("p.", free), "{free}");
        }
    }
}
