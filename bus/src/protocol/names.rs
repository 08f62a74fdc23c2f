//! Names: which applications and servers a bus can carry, and how the topics of a dialog are called.

use std::fmt::Write as _;

use uuid::Uuid;

/// The longest application name or `server_id`, in bytes: with what the topics add it stays below RabbitMQ's 255.
pub const MAX_NAME: usize = 100;
/// The longest topic, in bytes (RabbitMQ: a short string).
pub const MAX_TOPIC: usize = 255;

/// A name that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} {problem}")]
pub struct NameError {
    name: String,
    problem: &'static str,
}

/// Checks an application's name: it is a topic of its own and one name in Asterisk's comma-separated `app=`.
///
/// # Errors
/// Says what in the name no subject, queue or ARI query can carry.
pub fn check_application(name: &str) -> Result<(), NameError> {
    let refuse = |problem| Err(NameError { name: name.chars().take(MAX_NAME).collect(), problem });
    if name.is_empty() {
        return refuse("is empty");
    }
    if name.len() > MAX_NAME {
        return refuse("is longer than 100 bytes");
    }
    if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refuse("holds a space or control character, which no NATS subject can carry");
    }
    if name.contains(['*', '>', ',', '&', '?', '#', '/']) {
        return refuse(
            "holds one of * > , & ? # /, which a subject or Asterisk's application list cannot carry",
        );
    }
    if name.split('.').any(str::is_empty) {
        return refuse("begins or ends with a dot or holds two in a row, which no NATS subject can carry");
    }
    if is_reserved(name) {
        return refuse(RESERVED);
    }
    Ok(())
}

const RESERVED: &str = "begins with ari., amq., $ or _INBOX, which are kept for the protocol and the broker";

/// The protocol's own topics, RabbitMQ's own queues, and NATS's own subjects.
fn is_reserved(topic: &str) -> bool {
    topic == "ari" || ["ari.", "amq.", "$", "_INBOX"].iter().any(|kept| topic.starts_with(kept))
}

/// Checks a `server_id`.
///
/// # Errors
/// `worker` and `open` stand for something else in topic names; an empty one names nobody.
pub fn check_server_id(server_id: &str) -> Result<(), NameError> {
    let refuse = |problem| Err(NameError { name: server_id.chars().take(MAX_NAME).collect(), problem });
    match server_id {
        "" => refuse("is empty"),
        "worker" | "open" => refuse("is a word of the protocol; choose another"),
        _ if server_token(server_id).len() > MAX_NAME => refuse("is longer than 100 bytes when encoded"),
        _ => Ok(()),
    }
}

/// Checks a topic that came from outside before something is published to it.
///
/// # Errors
/// Says what a subject or queue name cannot carry.
pub fn check_topic(topic: &str) -> Result<(), NameError> {
    let refuse = |problem| Err(NameError { name: topic.chars().take(MAX_NAME).collect(), problem });
    if topic.is_empty() || topic.len() > MAX_TOPIC {
        return refuse("is empty or longer than 255 bytes");
    }
    if topic.contains(|c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '>') {
        return refuse("holds a space, a control character, * or >");
    }
    if topic.split('.').any(str::is_empty) {
        return refuse("begins or ends with a dot or holds two in a row");
    }
    Ok(())
}

/// A `server_id` as one token of a topic: every UTF-8 byte outside `[A-Za-z0-9_-]` as `%XX`.
#[must_use]
pub fn server_token(server_id: &str) -> String {
    server_id.bytes().fold(String::with_capacity(server_id.len()), |mut token, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            token.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(token, "%{byte:02X}");
        }
        token
    })
}

/// Names of topics, with the installation's prefix (`bus_config.prefix`) before each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    prefix: String,
}

impl Names {
    /// Names that all begin with `prefix`, which is put before them as it is. It may be empty.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The prefix itself.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The signalling topic of an application, shared by its pool.
    #[must_use]
    pub fn application(&self, application: &str) -> String {
        format!("{}{application}", self.prefix)
    }

    /// Checks what the prefix makes of an application whose name alone is good.
    ///
    /// # Errors
    /// The whole topic is too long, cannot be carried, or begins with what is kept for the protocol and the broker.
    pub fn check_application(&self, application: &str) -> Result<(), NameError> {
        let topic = self.application(application);
        check_topic(&topic)?;
        if is_reserved(&topic) {
            return Err(NameError { name: topic, problem: RESERVED });
        }
        Ok(())
    }

    /// A fresh dialog id: the server's token, a dot, a uuid of version 7.
    #[must_use]
    pub fn dialog_id(server_id: &str) -> String {
        format!("{}.{}", server_token(server_id), Uuid::now_v7())
    }

    /// Version 1: the events of a dialog.
    #[must_use]
    pub fn events(&self, dialog_id: &str) -> String {
        format!("{}events_{dialog_id}", self.prefix)
    }

    /// Version 1: the commands of a dialog.
    #[must_use]
    pub fn commands(&self, dialog_id: &str) -> String {
        format!("{}commands_{dialog_id}", self.prefix)
    }

    /// Version 1: the answers to the commands of a dialog.
    #[must_use]
    pub fn responses(&self, dialog_id: &str) -> String {
        format!("{}responses_{dialog_id}", self.prefix)
    }

    /// Version 1: what the command topics of all of a server's dialogs begin with.
    #[must_use]
    pub fn all_commands(&self, server_id: &str) -> String {
        format!("{}commands_{}.", self.prefix, server_token(server_id))
    }

    /// Version 2: what the topics to one proxy process begin with.
    #[must_use]
    pub fn proxy_inbox(&self, server_id: &str, incarnation: &str) -> String {
        format!("{}ari.{}.{incarnation}.", self.prefix, server_token(server_id))
    }

    /// Version 2: what the topics to one connection of a worker begin with.
    #[must_use]
    pub fn worker_inbox(&self, connection: &str) -> String {
        format!("{}ari.worker.{connection}.", self.prefix)
    }

    /// Version 2: where workers send heartbeats and attach, whichever process serves this id.
    #[must_use]
    pub fn control(&self, server_id: &str) -> String {
        format!("{}ari.{}.control", self.prefix, server_token(server_id))
    }

    /// Where the processes of one server ask which of them acts; no worker writes there.
    #[must_use]
    pub fn claim(&self, server_id: &str) -> String {
        format!("{}ari.{}.claim", self.prefix, server_token(server_id))
    }

    /// What the process of a server claims that acts; no topic.
    #[must_use]
    pub fn holder(&self, server_id: &str) -> String {
        format!("{}ari.{}.holder", self.prefix, server_token(server_id))
    }

    /// Version 2: where workers open dialogs without a call. The application is one token, as a `server_id` is: with dots
    /// the topic would be taken for one of an inbox.
    #[must_use]
    pub fn open(&self, application: &str) -> String {
        format!("{}ari.open.{}", self.prefix, server_token(application))
    }

    /// Whether a topic is a version-1 topic of a dialog of this server: nobody else makes a queue of that name.
    #[must_use]
    pub fn is_of_dialog(&self, server_id: &str, topic: &str) -> bool {
        let of_dialog = |topic: &str| {
            let words = ["commands_", "events_", "responses_"];
            let dialog_id = words.iter().find_map(|word| topic.strip_prefix(word))?;
            let uuid = dialog_id.strip_prefix(server_token(server_id).as_str())?.strip_prefix('.')?;
            Uuid::parse_str(uuid).ok()
        };
        topic.strip_prefix(self.prefix.as_str()).and_then(of_dialog).is_some()
    }

    /// The durable RabbitMQ queue in which a server keeps the names of the queues that it made for dialogs.
    #[must_use]
    pub fn queue_journal(&self, server_id: &str) -> String {
        format!("{}ari.{}.queues", self.prefix, server_token(server_id))
    }

    /// The inbox that a version-2 topic belongs to, `<prefix>ari.<a>.<b>` without a last dot; `None` where the topic
    /// has no more than those three tokens or does not begin with `ari`.
    ///
    /// ```
    /// use ari_bus::protocol::Names;
    /// let names = Names::new("acme.");
    /// assert_eq!(names.inbox_of("acme.ari.worker.7.events.1"), Some("acme.ari.worker.7"));
    /// assert_eq!(names.inbox_of("acme.ari.pbx.control"), None);
    /// ```
    #[must_use]
    pub fn inbox_of<'a>(&self, topic: &'a str) -> Option<&'a str> {
        let rest = topic.strip_prefix(self.prefix.as_str())?;
        let mut dots = rest.match_indices('.').map(|(at, _)| at);
        let (first, _, third) = (dots.next()?, dots.next()?, dots.next()?);
        (&rest[..first] == "ari" && third + 1 < rest.len()).then(|| &topic[..self.prefix.len() + third])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_id_becomes_one_token() {
        assert_eq!(server_token("bar-1_x"), "bar-1_x");
        assert_eq!(server_token("00:16.é"), "00%3A16%2E%C3%A9");
    }

    #[test]
    fn applications_that_no_bus_carries_are_refused() {
        for bad in [
            "",
            "a b",
            "a*",
            "a>b",
            "a,b",
            ".a",
            "a.",
            "a..b",
            "ari",
            "ari.x",
            "amq.x",
            "amq.gen-1",
            "$SYS",
            "_INBOX.1",
            "a/b",
            &"x".repeat(101),
        ] {
            assert!(check_application(bad).is_err(), "{bad:?}");
        }
        for good in ["foo", "hello-world", "a.b", "Größe", "app_1", "amq", "amqp.x", "arian"] {
            assert!(check_application(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_prefix_makes_no_topic_that_is_kept_for_others() {
        for (prefix, name) in [
            ("ari.", "x"),
            ("amq.", "x"),
            ("$", "x"),
            ("_INBOX.", "x"),
            ("a", "ri"),
            ("ar", "i.x"),
            ("am", "q.x"),
        ] {
            assert!(check_application(name).is_ok(), "{name:?}");
            assert!(Names::new(prefix).check_application(name).is_err(), "{prefix:?} {name:?}");
        }
        for (prefix, name) in
            [("", "x"), ("acme.", "x"), ("ari", "x"), ("amq", "x"), ("acme.", &"x".repeat(MAX_NAME))]
        {
            assert_eq!(Names::new(prefix).check_application(name), Ok(()), "{prefix:?} {name:?}");
        }
    }

    #[test]
    fn words_of_the_protocol_are_no_server_ids() {
        for bad in ["", "worker", "open", &"é".repeat(40)] {
            assert!(check_server_id(bad).is_err(), "{bad:?}");
        }
        assert!(check_server_id("workers").is_ok());
    }

    #[test]
    fn topics_from_outside_are_checked() {
        for bad in ["", "a b", "a.*", "a.>", ".a", "a..b", "a\r\nPUB x", &"t".repeat(256)] {
            assert!(check_topic(bad).is_err(), "{bad:?}");
        }
        assert!(check_topic("ari.worker.1.events.9").is_ok());
    }

    #[test]
    fn version_1_names_have_the_server_first() {
        let names = Names::new("p.");
        let id = Names::dialog_id("bar 1");
        assert!(id.starts_with("bar%201."));
        assert!(names.commands(&id).starts_with(&names.all_commands("bar 1")));
    }

    #[test]
    fn a_server_knows_the_topics_of_its_dialogs() {
        let names = Names::new("p.");
        let id = Names::dialog_id("bar 1");
        for topic in [names.commands(&id), names.events(&id), names.responses(&id)] {
            assert!(names.is_of_dialog("bar 1", &topic), "{topic}");
            assert!(
                !names.is_of_dialog("bar", &topic) && !Names::default().is_of_dialog("bar 1", &topic),
                "{topic}"
            );
        }
        for other in ["p.app", "p.events_bar%201.1", "p.ari.bar%201.queues", &format!("p.{id}"), "p.events_"]
        {
            assert!(!names.is_of_dialog("bar 1", other), "{other}");
        }
    }

    #[test]
    fn fixed_topics_are_no_inboxes() {
        let names = Names::new("p.");
        assert_eq!(names.control("a.b"), "p.ari.a%2Eb.control");
        assert_eq!(names.open("shop.sales"), "p.ari.open.shop%2Esales");
        assert_eq!(names.inbox_of(&names.control("a.b")).or(names.inbox_of(&names.open("shop.sales"))), None);
    }

    #[test]
    fn the_inbox_of_a_topic_is_its_first_three_tokens() {
        let names = Names::default();
        assert_eq!(names.inbox_of("ari.a.b.c.d"), Some("ari.a.b"));
        assert_eq!(names.inbox_of("ari.a.b"), None);
        assert_eq!(names.inbox_of("ari.a.b."), None);
        assert_eq!(names.inbox_of("arix.a.b.c"), None);
        assert_eq!(names.inbox_of("events_a.b.c.d.e"), None);
    }
}
