//! A process of its own, as far as a broker can see.

use tokio::runtime::{Builder, Runtime};

use crate::wait::ok;

/// Connections that end without a goodbye when it dies: it is dropped, its tasks stop where they are, and the system
/// closes their sockets.
#[derive(Debug)]
pub struct Process(Option<Runtime>);

impl Process {
    /// Starts one.
    ///
    /// # Panics
    /// When the system gives it no thread.
    pub fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self(Some(ok(runtime)))
    }

    /// Runs something in it.
    ///
    /// # Panics
    /// When that does.
    pub async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        match &self.0 {
            Some(runtime) => ok(runtime.spawn(task).await),
            None => unreachable!("it lives until it is dropped"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
