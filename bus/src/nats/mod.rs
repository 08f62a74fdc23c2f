//! NATS: topics are subjects, pools are queue groups, and the server keeps nothing.
//!
//! The `session` is one connection, the `keeper` makes one after another, a `reader` carries one subscription across
//! all of them. `stream` publishes for everybody, on a connection of its own.

mod address;
mod claims;
mod events;
mod keeper;
mod limits;
mod login;
mod reader;
mod refusal;
mod session;
mod shared;
mod stream;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};

pub(crate) use self::stream::NatsSink;
use self::{address::Servers, limits::READY, shared::Shared};
use crate::{
    Bus, BusError, BusErrorKind, BusOptions, Claimed, LinkState, Reach, Retention, Rival, Subscription,
    Topics, protocol::check_topic, stream::StreamOptions,
};

/// A connection to NATS that comes back whenever it was lost. Dropping it ends its subscriptions without a goodbye and
/// may lose what was published a moment ago; [`Bus::close`] takes care of what is on its way.
#[derive(Debug)]
pub struct NatsBus {
    shared: Arc<Shared>,
}

impl NatsBus {
    /// Begins to connect to one of the servers of `url`, such as `nats://user:password@host:4222,other:4222`, and
    /// returns at once. A user without a password is a token.
    ///
    /// Must be called within a Tokio runtime, as connecting goes on in the background.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be read, and for a login or a file of TLS that cannot be used.
    pub fn connect(url: &str, options: BusOptions) -> Result<Self, BusError> {
        Self::with_stream(url, options, None)
    }

    /// Connects, and sees to it that a stream of JetStream is there whenever the link is up.
    fn with_stream(url: &str, options: BusOptions, stream: Option<StreamOptions>) -> Result<Self, BusError> {
        let servers = Servers::read(url, &options.security)?;
        let shared = Arc::new(Shared::new(options, stream));
        shared.tasks.spawn(keeper::keep(Arc::clone(&shared), servers));
        Ok(Self { shared })
    }

    fn check(&self, topic: &str, payloads: &[Bytes]) -> Result<(), BusError> {
        check_topic(topic).map_err(|error| invalid(error.to_string()))?;
        // The server answers a payload over its limit by ending the connection.
        let largest = self.largest_message();
        match payloads.iter().map(Bytes::len).find(|length| *length > largest) {
            None => Ok(()),
            Some(length) => Err(BusError::new(
                BusErrorKind::TooLarge,
                format!("{length} bytes are more than the {largest} that this NATS server takes"),
            )),
        }
    }

    async fn in_time<T>(&self, operation: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
        timeout(self.shared.options.deadline, operation).await.unwrap_or_else(|_| {
            Err(BusError::new(BusErrorKind::Timeout, "NATS did not answer within the deadline"))
        })
    }

    async fn read(&self, subject: String, group: Option<&str>) -> Result<Subscription, BusError> {
        let session = self.shared.session()?;
        let want = self.shared.want(subject, group.map(str::to_owned));
        let subscribing = async {
            want.wanted.renew(&session).await?;
            session.fence().await?;
            session.check_subscribed(&want.wanted.subject).await
        };
        self.in_time(subscribing).await?;

        let (ready, deliveries) = mpsc::channel(READY);
        let leave = self.shared.closing.child_token();
        let (left, deadline, over) = (leave.clone(), self.shared.options.deadline, self.shared.over.clone());
        self.shared.readers.spawn(async move {
            over.run_until_cancelled(reader::forward(&want.wanted, ready, leave, deadline)).await;
        });
        Ok(Subscription::new(deliveries, move || left.cancel()))
    }
}

#[async_trait]
impl Bus for NatsBus {
    fn largest_message(&self) -> usize {
        self.shared.largest_message.load(Ordering::Relaxed)
    }

    fn link(&self) -> LinkState {
        self.shared.current.link()
    }

    async fn publish_all(&self, topic: &str, payloads: Vec<Bytes>) -> Result<(), BusError> {
        self.check(topic, &payloads)?;
        let session = self.shared.session()?;
        let publishing = async {
            for payload in payloads {
                session.publish(topic, payload).await?;
            }
            Ok(())
        };
        self.in_time(publishing).await
    }

    async fn offer(&self, topic: &str, payload: Bytes, _expires: Duration) -> Result<Reach, BusError> {
        self.check(topic, std::slice::from_ref(&payload))?;
        let session = self.shared.session()?;
        self.in_time(session.offer(topic, payload)).await
    }

    async fn join(&self, topic: &str, group: &str) -> Result<Subscription, BusError> {
        check_topic(topic).and_then(|()| check_topic(group)).map_err(|error| invalid(error.to_string()))?;
        self.read(topic.to_owned(), Some(group)).await
    }

    async fn subscribe(&self, topics: Topics) -> Result<Subscription, BusError> {
        let subject = match topics {
            Topics::One(topic) => {
                check_topic(&topic).map(|()| topic).map_err(|error| invalid(error.to_string()))?
            }
            Topics::Under(prefix) => all_under(&prefix)?,
        };
        self.read(subject, None).await
    }

    async fn share(&self, prefix: &str) -> Result<Subscription, BusError> {
        // No queue group: a connection that is dead and that the server still believes in would get its part for minutes.
        self.read(all_under(prefix)?, None).await
    }

    fn shared_comes_to_all(&self) -> bool {
        true
    }

    async fn claim(&self, name: &str, holder: &str, over: Option<&Rival>) -> Result<Claimed, BusError> {
        self.check(name, &[])?;
        let session = self.shared.session()?;
        // Boxed: the library's futures are large.
        self.in_time(session.or_lost(Box::pin(session.claim(name, holder, over)))).await
    }

    async fn unclaim(&self, name: &str, holder: &str) -> Result<(), BusError> {
        self.check(name, &[])?;
        let session = self.shared.session()?;
        self.in_time(session.or_lost(Box::pin(session.unclaim(name, holder)))).await
    }

    async fn declare(&self, topic: &str) -> Result<Retention, BusError> {
        self.check(topic, &[])?;
        self.shared.session().map(|_| Retention::Dropped)
    }

    async fn delete(&self, topic: &str) -> Result<(), BusError> {
        self.check(topic, &[])?;
        self.shared.session().map(|_| ())
    }

    async fn close(&self) {
        let session = self.shared.current.close();
        self.shared.closing.cancel();
        self.shared.readers.close();
        self.shared.tasks.close();
        let goodbye = async {
            if let Some(session) = &session {
                // What was handed to the connection goes out in order: when a message to ourselves is back, all of it is
                // out. A connection that is lost meanwhile has nobody left to say goodbye to.
                let _ = session.fence().await;
            }
            self.shared.readers.wait().await;
        };
        let _ = timeout(self.shared.options.deadline, goodbye).await;
        self.shared.over.cancel();
        self.shared.readers.wait().await;
        self.shared.tasks.wait().await;
        self.shared.current.closed();
    }
}

/// The subject of everything under a prefix.
fn all_under(prefix: &str) -> Result<String, BusError> {
    let Some(tokens) = prefix.strip_suffix('.') else {
        return Err(invalid(format!("{prefix:?} does not end in a dot")));
    };
    check_topic(tokens).map_err(|error| invalid(error.to_string()))?;
    Ok(format!("{prefix}>"))
}

fn invalid(text: String) -> BusError {
    BusError::new(BusErrorKind::Invalid, text)
}

impl Drop for NatsBus {
    fn drop(&mut self) {
        self.shared.current.close();
        self.shared.over.cancel();
        self.shared.current.closed();
    }
}
