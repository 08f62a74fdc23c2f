//! Every queue's bound, every retry's pause: what happens when it is reached stands beside it.

use std::time::Duration;

/// Events that one dialog holds for its worker. Further ones are dropped, counted and logged.
pub(crate) const EVENTS_PER_DIALOG: usize = 10_000;
/// Events put on the bus in one go: enough to be fast, few enough to be fair to other dialogs.
pub(crate) const EVENTS_PER_BATCH: usize = 128;
/// Messages from the bus that wait for a dialog's task, which reads them at once. Further ones are dropped and counted.
pub(crate) const MAIL_PER_DIALOG: usize = 16_384;
/// Commands of one dialog that wait for their turn. Further ones are answered 429.
pub(crate) const COMMANDS_PER_DIALOG: usize = 4_096;
/// Version 1 gives up on an answer after 5 s and would take a late one for that of its next command: an answer to a
/// command without id is dropped after this time.
pub(crate) const VERSION_1_ANSWER: Duration = Duration::from_millis(4_500);
/// The first pause before something on the bus is tried again; each next one is twice as long, with jitter.
pub(crate) const MIN_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause while we wait for a worker that is about to subscribe.
pub(crate) const MAX_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two tries to subscribe on a bus that is there and refuses.
pub(crate) const MAX_SUBSCRIBE_PAUSE: Duration = Duration::from_secs(5);
/// How often a dialog is looked at that is quiet but for something that is still to be done, at most.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The longest pause between two offers that nobody listened to.
pub(crate) const MAX_OFFER_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two terms of a dialog. The first ones follow at once; a worker that declines each offer must
/// not make the broker declare and delete queues as fast as it can.
pub(crate) const MAX_TERM_PAUSE: Duration = Duration::from_secs(1);
/// How long an answer to a command is kept for while the broker is away; then it is dropped and counted.
pub(crate) const ANSWER_RETRY: Duration = Duration::from_secs(30);
/// How long the deletion of a dialog's topics is tried while the broker is away.
pub(crate) const CLEAN_UP: Duration = Duration::from_secs(30);
/// Late accepts that are answered at once. Further ones get no answer: a flood of them must not become one of tasks.
pub(crate) const FAREWELLS: usize = 64;
/// How long a call that no worker took is given back to Asterisk, while that fails.
pub(crate) const GIVE_BACK: Duration = Duration::from_secs(60);
/// Moves of such calls that are under way and wait for an event. What became of further ones Asterisk is asked.
pub(crate) const MOVES: usize = 4_096;
/// How long the events of a move are waited for before Asterisk is asked for the channel: they come at once, if they come.
pub(crate) const LOOK_FOR_MOVED: Duration = Duration::from_secs(1);
/// How long a channel that was to move may stay where it is: Asterisk moves one that plays something when that is over.
pub(crate) const MOVE_PATIENCE: Duration = Duration::from_secs(5);
/// How long Asterisk is asked what became of a command whose answer did not come. The worker has been told by then; the
/// dialog's next command waits.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);
/// How long Asterisk is asked after a reconnect, while it starts or cannot answer; the next reconnect asks again.
pub(crate) const RESYNC: Duration = Duration::from_secs(60);
/// How long a stop that did not finish in time still tells the workers.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
