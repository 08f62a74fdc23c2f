//! One relayed connection: two directions, each with a gate that the faults open and close.

use std::{io, net::SocketAddr, sync::PoisonError, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    time::{sleep, timeout},
};

use super::{Conditions, Cut, Open, Records, Way};

/// What is held of a direction at most: what stalls, stalls its sender.
const PIECE: usize = 16 * 1024;

/// Pieces a second on a throttled connection, so that it is slow and not jerky.
const PIECES: u64 = 50;

/// How long a peer may take to close as well, once the connection was closed for it.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Relays until both directions have come to their end, or the connection is cut.
pub(super) async fn relay(
    mut client: TcpStream,
    server: SocketAddr,
    open: Open,
    records: Records,
    mut conditions: watch::Receiver<Conditions>,
) {
    let number = open.number;
    let gate = |way| Gate { way, number, records: records.clone(), conditions: conditions.clone() };
    let (mut up, mut down) = (gate(Way::ToServer), gate(Way::ToClient));
    let cut = conditions.wait_for(|conditions| number < conditions.cut_below);
    let Ok(mut server) = TcpStream::connect(server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    // Small messages are not to wait for each other.
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let how = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        // What one side has sent before it went is still on its way to the other, however long that takes.
        let both = async { tokio::join!(up.pass(from_client, to_server), down.pass(from_server, to_client)) };
        tokio::select! {
            _ = both => return,
            conditions = cut => conditions.ok().and_then(|conditions| conditions.how),
        }
    };
    match how {
        Some(Cut::Clean) => {
            // Open as long as a peer has not closed it; from here on the connection counts as ended.
            drop(open);
            tokio::join!(close(client), close(server));
        }
        _ => {
            let (_, _) = (client.set_zero_linger(), server.set_zero_linger());
            drop((client, server));
            drop(open);
        }
    }
}

/// Closes our side, and reads what comes: a socket with unread bytes would end by a reset.
async fn close(mut peer: TcpStream) {
    let mut ignored = [0; 1024];
    let _ = timeout(CLOSE_PATIENCE, async {
        peer.shutdown().await?;
        while peer.read(&mut ignored).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
}

/// What a direction of a connection must pass.
struct Gate {
    way: Way,
    number: u64,
    records: Records,
    conditions: watch::Receiver<Conditions>,
}

impl Gate {
    /// Passes everything on, the end of it too: a reset as a close. Fails when the receiver is gone.
    async fn pass(&mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            self.open().await;
            let read = from.read(&mut buffer).await.unwrap_or(0);
            // It may have been closed while nothing came.
            self.open().await;
            if read == 0 {
                return to.shutdown().await;
            }
            let mut rest = &buffer[..read];
            if self.conditions.borrow().recorded == Some(self.way) {
                let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
                records.entry(self.number).or_default().extend_from_slice(rest);
            }
            while !rest.is_empty() {
                let piece = match self.open().await {
                    Some(rate) => usize::try_from(rate / PIECES).unwrap_or(PIECE).clamp(1, rest.len()),
                    None => rest.len(),
                };
                let (now, later) = rest.split_at(piece);
                to.write_all(now).await?;
                self.pace(piece).await;
                rest = later;
            }
        }
    }

    /// Waits until something may pass; returns how many bytes a second.
    async fn open(&mut self) -> Option<u64> {
        let (way, number) = (self.way, self.number);
        let may_pass = |conditions: &Conditions| {
            let direction = conditions.direction(way);
            !direction.stalled && number >= direction.dead_below
        };
        let passed =
            self.conditions.wait_for(may_pass).await.map(|conditions| conditions.direction(way).rate);
        match passed {
            Ok(rate) => rate,
            // The relay is being dropped, and this with it.
            Err(_) => std::future::pending().await,
        }
    }

    async fn pace(&self, passed: usize) {
        let rate = self.conditions.borrow().direction(self.way).rate;
        if let Some(rate) = rate {
            sleep(Duration::from_secs_f64(passed as f64 / rate as f64)).await;
        }
    }
}
