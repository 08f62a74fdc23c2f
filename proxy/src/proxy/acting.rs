//! A process that acts for its server, from its beginning to its stop, or until another takes its place.

use std::{collections::HashMap, pin::pin, sync::Arc};

use ari_bus::{BusError, Subscription};
use futures_util::{FutureExt as _, future::BoxFuture};
use time::OffsetDateTime;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    Proxy,
    running::{Beginning, Ended, Running},
    subscribe::subscribe,
};
use crate::{
    asterisk::{
        dial_in,
        websocket::{self, Status, Surroundings},
    },
    claim::{self, Claim, Word},
    dialog::{
        Context, Router, control,
        handover::{self, Given, Giver},
        inbox, opening, pulse, restart,
    },
    limits::{HANDOVER_END, LAST_WORDS, MANAGER_HEARD, STREAM_CHANGE},
    stream::{Before, Channels, Predecessor, Tap, manager},
};

/// A process that acts for its server.
pub(super) struct Acting<'a> {
    running: Running<'a>,
    context: Arc<Context>,
    /// What hears of all channels, for the event stream.
    channels: Option<Arc<Channels>>,
    /// Cancelled when the link to Asterisk is to end; the dialogs stop after it, and take what comes until then.
    stop: CancellationToken,
    /// What runs beside the dialogs, and ends after them.
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl<'a> Acting<'a> {
    pub(super) fn new(running: Running<'a>, begins: &Beginning) -> Self {
        let Proxy { config, applications, bus, metrics, sabotage, .. } = running.proxy;
        let (incarnation, claim, status) = match begins {
            Beginning::Claimed(claim, _) => {
                (Uuid::now_v7().simple().to_string(), Arc::clone(claim), Status::default())
            }
            Beginning::Granted(granted) => {
                let status = Status::without(granted.taken.iter().cloned());
                (granted.incarnation.clone(), Arc::new(Claim::granted()), status)
            }
        };
        let (bus, rest, metrics) = (Arc::clone(bus), running.rest.clone(), Arc::clone(metrics));
        let dialogs_stop = CancellationToken::new();
        let mut context = Context::new(config.clone(), bus, rest, metrics, &incarnation, claim, dialogs_stop);
        (context.sabotage, context.status) = (*sabotage, status);
        context.applications = Arc::clone(applications);
        let context = Arc::new(context);
        let stop = running.stop.child_token();
        let channels = Channels::new(&context.config, running.proxy.stream.as_ref()).map(Arc::new);
        Self {
            running,
            context,
            channels,
            stop,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Puts the calls of Asterisk on the bus.
    pub(super) async fn run(self, begins: Beginning, words: &mut mpsc::Receiver<Word>) -> Ended {
        let context = Arc::clone(&self.context);
        let state = self.running.proxy.state();
        // As the process before has left them.
        context.applications.restore().await;
        state.acts(&context);
        let status = Arc::clone(&context);
        self.spawn(async move { state.follow_asterisk(&status.status).await });
        self.running.talk.expect_handover(true);
        let ended = tokio::select! {
            ended = self.act(begins, words) => ended,
            () = context.claim.lost() => Ended::Deposed,
        };
        self.running.talk.expect_handover(false);
        context.tasks.close();
        let ended = match ended {
            Ended::Stopped(_) => {
                context.stop.cancel();
                // If it was about to hand over.
                context.thaw().await;
                Ended::Stopped(finish(&context).await)
            }
            ended => {
                // Nothing is said, nothing given back: the other process has it all.
                context.over.cancel();
                if let (Ended::HandedOver, Some(channels)) = (&ended, &self.channels) {
                    channels.succeeded().await;
                }
                // Nobody comes to this process any more.
                self.stop.cancel();
                context.tasks.wait().await;
                ended
            }
        };
        context.stop.cancel();
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        ended
    }

    async fn act(&self, begins: Beginning, words: &mut mpsc::Receiver<Word>) -> Ended {
        let context = Arc::clone(&self.context);
        let stopped = || Ended::Stopped(Instant::now());
        let granted = match begins {
            Beginning::Claimed(_, questions) => {
                self.keep_claim(questions);
                let Some(workers) = self.subscribe(|| inbox::subscribe(&context).boxed()).await else {
                    return stopped();
                };
                self.serve(workers);
                if self.serve_control().await.is_none() {
                    return stopped();
                }
                // Not before the bus was there once: Asterisk would give us calls that nobody can hear of.
                self.stop.run_until_cancelled(restart::look(&context)).await;
                None
            }
            Beginning::Granted(granted) => {
                restart::hold_all(&context);
                Some(granted)
            }
        };
        let router = match &granted {
            Some(granted) => Router::taking_over(Arc::clone(&context), &granted.taken),
            None => Router::new(Arc::clone(&context)),
        };
        let stream = self.running.proxy.stream.clone();
        let tap = Tap::new(router, stream, Arc::clone(&context.applications), granted.is_none());
        let predecessor = Arc::new(Predecessor::default());
        if granted.is_none() {
            self.stream_manager(Before::Nobody);
            self.stream_channels(Before::Nobody);
        } else {
            // Both processes hear the manager interface until the handover is over: it knows nothing of one that takes another's place.
            self.stream_manager(Before::Predecessor(Arc::clone(&predecessor)));
            self.until_manager_is_heard(&predecessor).await;
        }
        let mut listening = pin!(self.listen(tap));
        if let Some(granted) = granted {
            let taken = tokio::select! {
                () = &mut listening => return stopped(),
                taken = handover::take(&context, self.running.talk, words, &granted) => taken,
            };
            match taken {
                Ok((workers, questions)) => {
                    self.keep_claim(questions);
                    self.serve(workers);
                    // Not before: nobody would take them back for the other process.
                    predecessor.leaves(OffsetDateTime::now_utc());
                    let predecessor = Predecessor::default();
                    predecessor.leaves(OffsetDateTime::now_utc() + STREAM_CHANGE);
                    self.stream_channels(Before::Predecessor(Arc::new(predecessor)));
                }
                Err(why) => return Ended::NotTakenOver(why),
            }
            // Not before: heartbeats that come here while nobody reads them find no answer.
            tokio::select! {
                () = &mut listening => return stopped(),
                serving = self.serve_control() => if serving.is_none() { return stopped() },
            }
        }
        let giver = Giver { context: &context, talk: self.running.talk };
        let mut giving = pin!(handover::give(&giver, words));
        let given = tokio::select! {
            () = &mut listening => None,
            given = &mut giving => Some(given),
        };
        let given = match given {
            // What is half handed over is brought to its end.
            None if context.status.now().handing_over => timeout(HANDOVER_END, giving).await.ok(),
            given => given,
        };
        match given {
            Some(Given::Taken) => Ended::HandedOver,
            Some(Given::Silently) => Ended::Deposed,
            None => stopped(),
        }
    }

    /// Takes what comes from Asterisk, until it is to stop.
    async fn listen(&self, listener: Tap<Router>) {
        match &self.running.proxy.seat {
            None => websocket::listen(self.surroundings(), listener).await,
            Some(seat) => dial_in::serve(seat, self.surroundings(), listener).await,
        }
    }

    /// Publishes what Asterisk tells of all channels, if that is configured.
    fn stream_channels(&self, before: Before) {
        let Some(channels) = self.channels.clone() else { return };
        let (context, stop) = (Arc::clone(&self.context), self.stop.clone());
        self.spawn(async move {
            let successor = async {
                loop {
                    context.status.until(|now| now.handing_over).await;
                    channels.expect_successor(true);
                    // It may fail.
                    context.status.until(|now| !now.handing_over).await;
                    channels.expect_successor(false);
                }
            };
            tokio::select! {
                () = channels.listen(&context.claim, &stop, before) => {}
                () = successor => {}
            }
        });
    }

    /// Publishes what Asterisk's manager interface tells, if that is configured.
    fn stream_manager(&self, before: Before) {
        if let Some(stream) = self.running.proxy.stream.clone() {
            let stop = self.stop.clone();
            self.spawn(async move { manager::listen(&stream, &stop, before).await });
        }
    }

    /// Waits until the manager interface is heard, if it is configured, but not for long: soon after Asterisk's events have come over,
    /// the process before logs off there.
    async fn until_manager_is_heard(&self, predecessor: &Predecessor) {
        let ami = self.running.proxy.stream.as_ref().and_then(|stream| stream.config().ami.as_ref());
        if ami.is_some() {
            let heard = timeout(MANAGER_HEARD, predecessor.succeeded());
            let _ = self.stop.run_until_cancelled(heard).await;
        }
    }

    /// Subscribes as soon as the bus is there; `None` if the proxy stops before.
    async fn subscribe<'b, T>(&self, attempt: impl Fn() -> BoxFuture<'b, Result<T, BusError>>) -> Option<T> {
        subscribe(&self.context.bus, &self.stop, &inbox::topics(&self.context), attempt).await
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            config: &self.context.config,
            applications: &self.context.applications,
            rest: &self.context.rest,
            claim: &self.context.claim,
            status: &self.context.status,
            told: &self.running.proxy.take_back,
            stop: &self.stop,
        }
    }

    /// Keeps the claim.
    fn keep_claim(&self, questions: Subscription) {
        let (talk, claim) = (Arc::clone(self.running.talk), Arc::clone(&self.context.claim));
        self.spawn(async move { claim::keep(&talk, &claim, questions).await });
    }

    /// Reads what the workers say to their dialogs.
    fn serve(&self, workers: inbox::Inbox) {
        self.spawn(inbox::serve(Arc::clone(&self.context), workers));
        self.spawn(pulse::send(Arc::clone(&self.context)));
    }

    /// Reads what the workers say to whichever process acts; `None` if the proxy stops before.
    async fn serve_control(&self) -> Option<()> {
        let context = &self.context;
        let control = self.subscribe(|| inbox::subscribe_control(context).boxed()).await?;
        self.spawn(control::serve(Arc::clone(context), control));
        self.serve_opening();
        Some(())
    }

    /// Reads where workers open dialogs, beside all else: a broker that does not allow it must not keep the proxy from its calls.
    fn serve_opening(&self) {
        let (context, stop) = (Arc::clone(&self.context), self.stop.clone());
        self.spawn(async move {
            let mut changes = context.applications.follow();
            let mut reading = HashMap::new();
            loop {
                changes.mark_unchanged();
                let served = context.applications.served();
                reading.retain(|application, _| served.contains(application));
                for application in served {
                    let topic = context.names.open(&application);
                    let (context, stop) = (Arc::clone(&context), stop.clone());
                    let read = || AbortOnDropHandle::new(tokio::spawn(read_opening(context, stop, topic)));
                    reading.entry(application).or_insert_with(read);
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        self.tasks.spawn(async move {
            closing.run_until_cancelled(task).await;
        });
    }
}

/// Reads where workers open dialogs of one application.
async fn read_opening(context: Arc<Context>, stop: CancellationToken, topic: String) {
    let topics = std::slice::from_ref(&topic);
    let subscribing = subscribe(&context.bus, &stop, topics, || opening::subscribe(&context, &topic).boxed());
    let Some(messages) = subscribing.await else { return };
    control::serve(Arc::clone(&context), messages).await;
}

/// Finishes what is in flight; returns the time by which the stop is to be over.
async fn finish(context: &Context) -> Instant {
    info!("stopping: finishing what is in flight");
    // One deadline for all that follows, with a part of it for what must be said in any case.
    let stop_timeout = context.config.stop_timeout;
    let deadline = Instant::now() + stop_timeout;
    let last_words = LAST_WORDS.min(stop_timeout / 5);
    if timeout_at(deadline - 2 * last_words, context.tasks.wait()).await.is_err() {
        warn!(left = context.tasks.len(), "not everything could be finished in {stop_timeout:?}");
        context.abandon.cancel();
        // What is left even then is dropped with the runtime.
        let _ = timeout_at(deadline - last_words, context.tasks.wait()).await;
    }
    deadline
}
