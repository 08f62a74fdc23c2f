//! When a worker stops: at a signal, or when its program says so.

use std::io;

use tokio_util::sync::CancellationToken;

/// What tells a worker to stop.
pub(super) enum Stop {
    Token(CancellationToken),
    Signals(Signals),
}

impl Stop {
    pub(super) fn new(token: Option<CancellationToken>) -> io::Result<Self> {
        token.map_or_else(|| Signals::listen().map(Self::Signals), |token| Ok(Self::Token(token)))
    }

    /// Resolves when the worker is to stop. Cancel-safe.
    pub(super) async fn first(&mut self) -> &'static str {
        match self {
            Self::Token(token) => {
                token.cancelled().await;
                "told by its program"
            }
            Self::Signals(signals) => signals.next().await,
        }
    }

    /// Resolves when it is to stop at once. Cancel-safe.
    pub(super) async fn second(&mut self) -> &'static str {
        match self {
            // A token has no second time.
            Self::Token(_) => std::future::pending().await,
            Self::Signals(signals) => signals.next().await,
        }
    }
}

#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the system ends the program itself.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
