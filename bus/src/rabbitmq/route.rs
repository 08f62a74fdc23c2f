//! From topics to queues and back: which queue a topic's messages go to, and which topic a message from a queue
//! belongs to.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString, ShortString},
};

use crate::{Topics, protocol::Names};

/// The header that holds the whole topic where the queue's name is only the inbox it lies in.
const TOPIC_HEADER: &str = "topic";

/// Where the messages of a topic go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The queue, which is the routing key on the default exchange.
    pub(super) queue: ShortString,
    /// The whole topic, where the queue's name does not say it.
    topic: Option<LongString>,
}

impl Route {
    /// The route of a topic that was checked.
    pub(super) fn of(names: &Names, topic: &str) -> Self {
        match names.inbox_of(topic) {
            Some(inbox) => Self { queue: inbox.into(), topic: Some(topic.as_bytes().into()) },
            None => Self { queue: topic.into(), topic: None },
        }
    }

    /// The properties of a message on this route: JSON, and transient, since the dialog protocol repeats what a
    /// broker lost.
    pub(super) fn properties(&self) -> BasicProperties {
        let properties =
            BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(1);
        let Some(topic) = &self.topic else { return properties };
        let mut headers = FieldTable::default();
        headers.insert(TOPIC_HEADER.into(), AMQPValue::LongString(topic.clone()));
        properties.with_headers(headers)
    }
}

/// The topic of a message that came from `queue`: what its header says, where that lies within the queue's inbox. A
/// header that names a topic outside is somebody's mistake or lie.
pub(super) fn topic_of(queue: &str, properties: &BasicProperties) -> String {
    let header = properties.headers().as_ref().and_then(|headers| headers.inner().get(TOPIC_HEADER));
    let topic = match header {
        Some(AMQPValue::LongString(topic)) => std::str::from_utf8(topic.as_bytes()).ok(),
        Some(AMQPValue::ShortString(topic)) => Some(topic.as_str()),
        _ => None,
    };
    let within =
        |topic: &&str| topic.strip_prefix(queue).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'));
    topic.filter(within).unwrap_or(queue).to_owned()
}

/// The queue behind a subscription to a prefix, if the prefix is an inbox: `ari.<a>.<b>.` is read from one queue
/// `ari.<a>.<b>`.
pub(super) fn inbox(names: &Names, topics: &Topics) -> Option<String> {
    let Topics::Under(prefix) = topics else { return None };
    let inbox = prefix.strip_suffix('.')?;
    (names.inbox_of(&format!("{prefix}x")) == Some(inbox)).then(|| inbox.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(topic: &str) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert("topic".into(), AMQPValue::LongString(topic.as_bytes().into()));
        BasicProperties::default().with_headers(headers)
    }

    #[test]
    fn a_topic_of_an_inbox_goes_to_the_inbox_and_comes_back_whole() {
        let names = Names::new("acme.");
        let route = Route::of(&names, "acme.ari.worker.7.events.1");
        assert_eq!(route.queue.as_str(), "acme.ari.worker.7");
        assert_eq!(topic_of("acme.ari.worker.7", &route.properties()), "acme.ari.worker.7.events.1");
    }

    #[test]
    fn any_other_topic_is_a_queue() {
        let route = Route::of(&Names::default(), "events_a.b");
        assert_eq!(route.queue.as_str(), "events_a.b");
        assert_eq!(topic_of("events_a.b", &route.properties()), "events_a.b");
        assert_eq!(*route.properties().delivery_mode(), Some(1));
    }

    #[test]
    fn a_header_that_names_a_topic_elsewhere_is_not_believed() {
        for lie in ["ari.pbx.2.x", "ari.pbx.11.x", "ari.pbx.1", "ari.pbx.1.", "", "\u{e9}"] {
            assert_eq!(topic_of("ari.pbx.1", &received(lie)), "ari.pbx.1", "{lie:?}");
        }
        assert_eq!(topic_of("ari.pbx.1", &received("ari.pbx.1.commands.5")), "ari.pbx.1.commands.5");
    }

    #[test]
    fn only_three_tokens_are_an_inbox() {
        let names = Names::new("p.");
        let inbox_of = |prefix: &str| inbox(&names, &Topics::Under(prefix.to_owned()));
        assert_eq!(inbox_of("p.ari.worker.7."), Some("p.ari.worker.7".to_owned()));
        assert_eq!(inbox_of("p.ari.worker."), None);
        assert_eq!(inbox_of("p.ari.worker.7.events."), None);
        assert_eq!(inbox_of("p.commands_bar."), None);
        assert_eq!(inbox(&names, &Topics::One("p.ari.worker.7.x".to_owned())), None);
    }
}
