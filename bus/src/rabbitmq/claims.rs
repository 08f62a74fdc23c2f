//! Claimed names: each is an exclusive queue, which the broker deletes with its holder's connection.

use std::sync::Arc;

use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};

use super::{
    core::{Core, check},
    fault::{Fault, bus_error, fault},
    own::Own,
    session::Session,
};
use crate::{BusError, BusErrorKind, Claimed, Rival};

/// What is done about a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// It is taken, or kept.
    Claim,
    /// It is given up.
    GiveUp,
}

impl Core {
    /// Does it; says who has the name then. Give it a deadline.
    pub(super) async fn claims(self: &Arc<Self>, deed: Deed, queue: &str) -> Result<Claimed, BusError> {
        check(queue)?;
        let (session, queue) = (self.session()?, queue.to_owned());
        // A task: the channel must last until the broker has answered, whoever still waits.
        let task = self.tasks.spawn(async move {
            let doing = format!("claiming {queue}");
            let working = async {
                let mut own = Own::default();
                let done = work(&mut own, &session, deed, &queue).await;
                own.close().await;
                match done {
                    Ok(()) => Ok(Claimed::Ours),
                    Err(error) if fault(&error) == Fault::Locked => Ok(Claimed::Theirs(Rival::default())),
                    Err(error) => Err(bus_error(&doing, &error)),
                }
            };
            session.patiently(&doing, working).await
        });
        task.await.unwrap_or_else(|_| Err(BusError::new(BusErrorKind::Closed, "the bus is closed")))
    }
}

async fn work(own: &mut Own, session: &Session, deed: Deed, queue: &str) -> lapin::Result<()> {
    match deed {
        Deed::Claim => {
            let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
            own.declare(session, queue, options).await.map(|_| ())
        }
        Deed::GiveUp => {
            let channel = own.channel(session).await?;
            let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
            own.keep_or_drop(deleted).map(|_| ())
        }
    }
}
