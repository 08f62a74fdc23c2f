//! What SIGTERM does. The only test of its program, since a signal is everybody's.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "sdk/common/mod.rs"]
mod common;

use std::{process::Command, sync::Arc, time::Duration};

use ari_bus::{Bus, memory::MemoryBus};
use ari_client::{Call, Worker};
use common::{proxy::Dialog, soon};

fn terminate() {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

#[tokio::test]
async fn the_first_signal_drains_and_the_second_ends_at_once() {
    let bus = MemoryBus::new();
    let shared: Arc<dyn Bus> = Arc::new(bus.clone());
    let worker = Worker::with_bus(shared).application("hello").drain_timeout(Duration::from_secs(3600));
    let running = tokio::spawn(worker.run(|_call: Call| std::future::pending::<ari_client::Result>()));
    let _proxy = Dialog::accepted(&bus, "17.1").await;
    terminate();
    // The pool is left; the inbox, and the test's own subscription, stay.
    while bus.subscriptions() > 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!running.is_finished());
    terminate();
    soon(running).await.unwrap().unwrap();
}
