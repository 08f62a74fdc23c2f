//! NATS. Being written.
use crate::{Bus, BusError, BusOptions, LinkState, Reach, Retention, Subscription, Topics};
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
/// Being written.
#[derive(Debug)]
pub struct NatsBus;
impl NatsBus {
    /// Being written.
    pub fn connect(_url: &str, _options: BusOptions) -> Result<Self, BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, "being written"))
    }
}
#[async_trait]
impl Bus for NatsBus {
    fn largest_message(&self) -> usize {
        0
    }
    fn link(&self) -> LinkState {
        LinkState::new(tokio::sync::watch::channel(crate::Link::Closed).1)
    }
    async fn publish_all(&self, _: &str, _: Vec<Bytes>) -> Result<(), BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, ""))
    }
    async fn offer(&self, _: &str, _: Bytes, _: Duration) -> Result<Reach, BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, ""))
    }
    async fn join(&self, _: &str, _: &str) -> Result<Subscription, BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, ""))
    }
    async fn subscribe(&self, _: Topics) -> Result<Subscription, BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, ""))
    }
    async fn declare(&self, _: &str) -> Result<Retention, BusError> {
        Err(BusError::new(crate::BusErrorKind::Unavailable, ""))
    }
    async fn delete(&self, _: &str) -> Result<(), BusError> {
        Ok(())
    }
    async fn close(&self) {}
}
