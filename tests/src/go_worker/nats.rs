//! go-ari-library's ways on NATS.

use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use tokio::sync::{Mutex, mpsc};

use crate::wait::ok;

/// Messages held between the client and the worker.
const CAPACITY: usize = 65_536;

/// A connection that is a member of a pool.
pub struct Pool {
    client: Client,
    offers: Mutex<Subscriber>,
}

impl Pool {
    pub(super) async fn join(url: &str, application: &str) -> Self {
        crate::brokers::prepare_process();
        let options = async_nats::ConnectOptions::new().subscription_capacity(CAPACITY);
        let client = ok(options.connect(url).await);
        let offers = ok(client.queue_subscribe(application.to_owned(), application.to_owned()).await);
        ok(client.flush().await);
        Self { client, offers: Mutex::new(offers) }
    }

    pub(super) async fn next(&self) -> Vec<u8> {
        match self.offers.lock().await.next().await {
            Some(message) => message.payload.to_vec(),
            None => panic!("the pool is closed"),
        }
    }

    pub(super) async fn consume(&self, topic: &str) -> mpsc::Receiver<Vec<u8>> {
        let mut messages = ok(self.client.subscribe(topic.to_owned()).await);
        ok(self.client.flush().await);
        let (sender, receiver) = mpsc::channel(CAPACITY);
        tokio::spawn(async move {
            // Without its reader the subscription ends, which another message would be needed to notice.
            let forward = async {
                while let Some(message) = messages.next().await {
                    if sender.send(message.payload.to_vec()).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = forward => {}
                () = sender.closed() => {}
            }
        });
        receiver
    }

    pub(super) async fn publish(&self, topic: &str, bytes: Vec<u8>) {
        ok(self.client.publish(topic.to_owned(), bytes.into()).await);
        ok(self.client.flush().await);
    }
}
