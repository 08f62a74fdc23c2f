//! Every queue's bound, every retry's pause: what happens when it is reached stands beside it.

use std::{num::NonZeroU32, time::Duration};

/// Events that are kept for one dialog until they are acknowledged; then the oldest go. The next owner is told so, and those
/// that nobody was ever sent are counted and logged.
pub(crate) const KEPT_EVENTS: usize = 10_000;
/// Bytes of events kept for one dialog, in the same way: with the usual 700 bytes an event both bounds are alike.
pub(crate) const KEPT_BYTES: usize = 8 << 20;
/// Bytes of events kept for all dialogs of a proxy: past it a dialog that adds an event gives up some of its own.
pub(crate) const KEPT_BYTES_IN_ALL: usize = 256 << 20;
/// Events that a dialog keeps even then: enough for a usual call.
pub(crate) const KEPT_IN_ANY_CASE: usize = 64;
/// After how long what was sent and neither acknowledged nor reported is sent again; each time after twice as long.
pub(crate) const RESEND_FIRST: Duration = Duration::from_secs(1);
/// The longest time before something is sent again.
pub(crate) const RESEND_LONGEST: Duration = Duration::from_secs(30);
/// How often the same is sent again to a worker that has acknowledged before: the last of these is two minutes later.
pub(crate) const RESENDS: u32 = 8;
/// The same for a worker that never says what it has. Most of these have it.
pub(crate) const RESEND_UNASKED_FIRST: Duration = Duration::from_secs(5);
/// How often the same is sent again to such a worker.
pub(crate) const RESENDS_UNASKED: u32 = 2;
/// Events sent again in one go when their time is up: whoever misses the first of them cannot use the others.
pub(crate) const RESEND_WINDOW: u64 = 1_024;
/// Events sent again to a worker that never says what it has: the last ones of a burst.
pub(crate) const RESEND_TAIL: u64 = 16;
/// What a worker that never says what it has was sent so long before an outage was noticed, it has: a broker that hangs is
/// given up after 10 s.
pub(crate) const NOTICED_LATE: Duration = Duration::from_secs(15);
/// Dialogs whose events are being put on the bus at once. Further ones wait for their turn: tens of thousands that have something to
/// send, after an outage or too many calls at once, would wait in the bus's queue until their time is up, each for nothing, and our pulse and our claim
/// behind them. With offers and answers these are fewer than wait in the queue of either bus.
pub(crate) const PUBLISHING_AT_ONCE: usize = 1_024;
/// Dialogs that are being offered at once, likewise. Apart from the events: one application's queue may be out of reach.
pub(crate) const OFFERING_AT_ONCE: usize = 512;
/// Dialogs whose commands are being answered at once, likewise. More than Asterisk is asked at once.
pub(crate) const ANSWERING_AT_ONCE: usize = 256;
/// Dialogs that make the topic of an offer at once, where the bus has any for each. RabbitMQ makes some hundred a second: what callers who
/// have hung up meanwhile would still get, the next ones wait for.
pub(crate) const DECLARING_AT_ONCE: usize = 256;
/// Topics that are being deleted at once: calls that come meanwhile do not wait behind all that is left of those before.
pub(crate) const DELETING_AT_ONCE: usize = 64;
/// Events put on the bus in one go: enough to be fast, few enough to be fair to other dialogs.
pub(crate) const EVENTS_PER_BATCH: usize = 128;
/// What happened to dialogs that waits for whoever watches the slowest. Then the oldest goes, and that one is told how much.
pub(crate) const WATCHED: usize = 1_024;
/// The largest event that watchers are shown, in bytes; of a larger one they are told its type and size. So all that waits for them
/// is 64 MiB at most.
pub(crate) const WATCHED_BODY: usize = 64 << 10;
/// Messages from the bus that wait for a dialog's task, which reads them at once. Further ones are dropped and counted.
pub(crate) const MAIL_PER_DIALOG: usize = 16_384;
/// Commands of one dialog that wait for their turn. Further ones are answered 429.
pub(crate) const COMMANDS_PER_DIALOG: usize = 4_096;
/// How long a command waits for those with a smaller number.
pub(crate) const COMMAND_GAP: Duration = Duration::from_secs(2);
/// Commands of a dialog whose `unique_id` is remembered, so that a repeated one does not run again. The oldest go.
pub(crate) const COMMANDS_RECORDED: usize = 4_096;
/// Bytes of answers remembered for one dialog; of older ones only the ids are.
pub(crate) const ANSWER_BYTES_RECORDED: usize = 1 << 20;
/// How often we send ourselves a message over the bus, to know that it carries any.
pub(crate) const PULSE: Duration = Duration::from_millis(200);
/// After how long without such a message the bus counts as away. What a busy machine makes late is still in time.
pub(crate) const PULSE_LATE: Duration = Duration::from_millis(750);
/// After how many of them in a row that do not come back over a link that is up an operator is told: 15 s.
pub(crate) const PULSES_MISSED: u32 = 75;
/// How long a worker may take to find back to a broker that was away: its library waits so long between two attempts.
pub(crate) const RECONNECT: Duration = Duration::from_secs(5);
/// Workers that have a lease. Past it those without dialogs are forgotten; further ones have none, and their heartbeats are
/// answered 503.
pub(crate) const WORKERS: usize = 10_000;
/// For how long after its loss a silent worker may still be asked by the bus.
pub(crate) const SILENT: Duration = Duration::from_secs(20);
/// How long a silent worker without a dialog is remembered.
pub(crate) const WORKER_FORGOTTEN: Duration = Duration::from_secs(600);
/// How often a worker is told all of its dialogs, whatever it knows already.
pub(crate) const WHOLE_REPLY: Duration = Duration::from_secs(30);
/// Replies to heartbeats that are under way at once. Further ones are not sent: the worker asks again in a second.
pub(crate) const REPLIES_AT_ONCE: usize = 256;
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
/// How long an offer may stay without an answer before the next one is made, while a worker is silent: a broker still gives
/// offers to a process that stands still.
pub(crate) const OFFER_AMONG_SILENT: Duration = Duration::from_millis(250);
/// The longest pause between two terms of a dialog. The first ones follow at once; a worker that declines each offer must
/// not make the broker declare and delete queues as fast as it can.
pub(crate) const MAX_TERM_PAUSE: Duration = Duration::from_secs(1);
/// How often a broker that keeps messages is asked, at most, before the next event whether a version-1 worker still reads
/// its events, if that matters (`dialog.v1_orphans`).
pub(crate) const ORPHAN_LOOK: Duration = Duration::from_secs(1);
/// How often a broker is asked for the reader of a quiet version-1 dialog.
pub(crate) const ORPHAN_QUESTION: Duration = Duration::from_secs(5);
/// How long a version-1 worker may not read before its call is an orphan: as long as its library waits for an answer.
pub(crate) const ORPHAN_PATIENCE: Duration = Duration::from_secs(5);
/// A worker that had a dialog for this long did not give it back at once: the next offer follows at once too.
pub(crate) const STEADY_TERM: Duration = Duration::from_secs(1);
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
/// How long what comes behind a channel's end in its application is held until it shows where the channel has gone: in a move
/// Asterisk says so within milliseconds.
pub(crate) const PARTING: Duration = Duration::from_millis(500);
/// Events of a dialog that are held meanwhile. When there are as many they are all the dialog's.
pub(crate) const PARTING_EVENTS: usize = 1_000;
/// How long Asterisk is asked what became of a command whose answer did not come. The worker has been told by then; the
/// dialog's next command waits.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);
/// How long workers have, after the start of a process, to bring dialogs of an earlier one: a heartbeat, its reply, and room
/// for a busy machine. What is then in Stasis and nobody's is offered.
pub(crate) const ATTACH_WINDOW: Duration = Duration::from_secs(3);
/// How long a worker that brings a dialog late, while that is offered, waits until it has it.
pub(crate) const LATE_ATTACH: Duration = Duration::from_secs(1);
/// Objects that a worker may name for a dialog that it brings.
pub(crate) const ATTACH_OBJECTS: usize = 4_096;
/// Events of channels of an earlier process that are held meanwhile. Past it the oldest go, and are counted.
pub(crate) const SETTLING_EVENTS: usize = 100_000;
/// Dialogs whose channels are marked at once. Channels of further ones are not: a later process takes each for a call of its own.
pub(crate) const MARKS_AT_ONCE: usize = 1_024;
/// Marks that are read at once.
pub(crate) const MARKS_READ_AT_ONCE: usize = 16;
/// The largest term that a worker may name: no proxy comes so far, and every JSON reader has it.
pub(crate) const LAST_TERM: u64 = 1 << 53;
/// Dialogs that workers have opened and that have had no channel yet. Further ones are refused with 503.
pub(crate) const OPENED_AT_ONCE: usize = 1_000;
/// How long such a dialog may be idle.
pub(crate) const OPEN_PATIENCE: Duration = Duration::from_secs(30);
/// Attaches that are looked after at once. Further ones are answered 503.
pub(crate) const ATTACHES_AT_ONCE: usize = 256;
/// How long a channel's mark is asked for.
pub(crate) const MARK_PATIENCE: Duration = Duration::from_secs(2);
/// How often Asterisk is asked what there is while it sends no events of an application.
pub(crate) const DEAF_RESYNC: Duration = Duration::from_secs(10);
/// How long Asterisk is asked after a reconnect, while it starts or cannot answer, before that is said. It is asked on.
pub(crate) const RESYNC: Duration = Duration::from_secs(60);
/// How long a stop that did not finish in time still tells the workers.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often the claim to act for a server is renewed.
pub(crate) const CLAIM_EVERY: Duration = Duration::from_millis(500);
/// How long a claim is certain after it was renewed, while there is a connection to the bus. After that nothing is done for
/// workers before it is known again.
pub(crate) const CLAIM_CERTAIN: Duration = Duration::from_secs(8);
/// After how long without a word from whoever acts a process that stands by takes its place: longer than that is certain.
pub(crate) const CLAIM_SILENCE: Duration = Duration::from_secs(11);
/// After how long a broker has noticed that the connection is dead with which this process had the claim before.
pub(crate) const CLAIM_OF_OUR_OWN: Duration = Duration::from_secs(20);
/// How often a process that stands by looks whether it is needed.
pub(crate) const STAND_BY_LOOK: Duration = Duration::from_millis(250);
/// For how long nobody may be found who acts before that is believed: a connection may just be made anew.
pub(crate) const HOLDER_GONE: Duration = Duration::from_secs(1);
/// How long the other processes of a server may take to answer who acts.
pub(crate) const ASK_OTHERS: Duration = Duration::from_millis(300);
/// What other processes say and nobody has heard yet; past it the oldest go.
pub(crate) const TALK: usize = 256;
/// How long dialogs may take to come to rest before they are handed over. Otherwise all go on where they are.
pub(crate) const FREEZE: Duration = Duration::from_secs(5);
/// How long events that are being published are waited for then: a version-1 worker may not read at all.
pub(crate) const FREEZE_CUT: Duration = Duration::from_secs(1);
/// Messages of workers that are kept while dialogs stand still. Further ones are lost, and counted as noise: workers say them again.
pub(crate) const MAIL_KEPT: usize = 100_000;
/// For how long both processes read what workers send, so that every server of a cluster knows of the new one.
pub(crate) const BOTH_READ: Duration = Duration::from_millis(20);
/// How long after a handover a message may come that the process before has had as well.
pub(crate) const COPIES: Duration = Duration::from_secs(1);
/// Messages of a handover that wait to be read. Past it they are lost, the count does not come out, and nothing is handed over.
pub(crate) const WORDS: usize = 8_192;
/// Messages of a handover that are published in one go.
pub(crate) const PARTS_AT_ONCE: usize = 16;
/// How long each step of a handover may take. Otherwise the calls stay where they are.
pub(crate) const HANDOVER_STEP: Duration = Duration::from_secs(10);
/// For how long a process asks to take over from one that cannot just now.
pub(crate) const TAKE_OVER_PATIENCE: Duration = Duration::from_secs(30);
/// How often it asks.
pub(crate) const TAKE_OVER_AGAIN: Duration = Duration::from_millis(500);
/// For how long a process that takes over may act before it has the claim: the steps of the handover.
pub(crate) const GRANT: Duration = Duration::from_secs(60);
/// Topics of version 1 that are declared at once by a process that takes over.
pub(crate) const DECLARED_AT_ONCE: usize = 32;
/// How long our own question may take to come back over a slow bus, where this process listens where it asks.
pub(crate) const ECHO: Duration = Duration::from_secs(5);
/// How often they are asked before it is believed that none acts.
pub(crate) const ASK_TIMES: usize = 4;
/// How long a stop waits for a handover that has begun.
pub(crate) const HANDOVER_END: Duration = Duration::from_secs(40);
/// How long a process whose claim is not certain reads what Asterisk has sent before it gives a caller back, and for how long a
/// leg that was hung up may still be told to have entered.
pub(crate) const ASTERISK_TOLD: Duration = Duration::from_secs(1);
/// Events of the stream that are published in one go where no more wait than the broker takes with ease. It works through them one
/// after the other, and what it has to do for dialogs waits meanwhile.
pub(crate) const STREAM_BATCH: usize = 16;
/// The part of what waits that is published in one go where that is more: a broker that is far, or was away, gets the more at once.
pub(crate) const STREAM_BATCH_SHARE: usize = 8;
/// Events of the stream that are published in one go at most.
pub(crate) const STREAM_BATCH_MOST: usize = 4_096;
/// Bytes of events of the stream that are published in one go, by the last of them at least.
pub(crate) const STREAM_BATCH_BYTES: usize = 4 << 20;
/// After a batch of so many events the next one waits for [`STREAM_GATHER`], unless a whole one is there.
pub(crate) const STREAM_BUSY: usize = 8;
/// How long events of a busy stream are gathered: one by one they would cost the machine, and so the dialogs, more.
pub(crate) const STREAM_GATHER: Duration = Duration::from_millis(1);
/// Applications whose dropped events are counted each for itself while the stream's buffer is full; those of others only in all.
pub(crate) const STREAM_HOLES: usize = 256;
/// The longest pause before events of the stream are sent again that the broker did not confirm.
pub(crate) const MAX_STREAM_PAUSE: Duration = Duration::from_secs(1);
/// The pause after the broker refused the stream as a whole: only a person can change that.
pub(crate) const STREAM_REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// Types of events of which it is said once that the broker does not take one, with the reason; of further ones at debug level only.
pub(crate) const STREAM_REJECTIONS: usize = 256;
/// How long a process that takes over waits for its login at the manager interface, before Asterisk's events come over to it: less than
/// [`HANDOVER_STEP`], in which the other process expects those to go.
pub(crate) const MANAGER_HEARD: Duration = Duration::from_secs(2);
/// How long a process that has handed over still publishes the channels, unless Asterisk changes over to the next one before.
pub(crate) const STREAM_CHANGE: Duration = Duration::from_secs(5);
/// Commands that one dialog may send in a second, on average, where the policy says nothing else. Further ones are answered 429.
pub(crate) const COMMANDS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
/// How many seconds' worth of them may come at once.
pub(crate) const COMMANDS_AT_ONCE_SECONDS: NonZeroU32 = NonZeroU32::new(5).unwrap();
/// Commands of one dialog whose refusal by the policy is a warning in the log; of further ones it is told at debug level.
pub(crate) const REFUSALS_SAID: u32 = 10;
