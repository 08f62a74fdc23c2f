//! Write programs that control telephone calls, and let any number of them share the calls.
//!
//! `ari-proxy` stands beside each Asterisk and puts a message bus, NATS or RabbitMQ, between the calls and the programs
//! that control them. This crate is for those programs: the **workers**. A whole one:
//!
//! ```no_run
//! use ari_client::{Call, Worker};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     Worker::connect("nats://127.0.0.1:4222")
//!         .await?
//!         .application("hello")
//!         .run(|call: Call| async move {
//!             let channel = call.channel();
//!             channel.answer().await?;
//!             channel.play("sound:hello-world").await?.finished().await?;
//!             channel.hangup().await
//!         })
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! # Workers and calls
//!
//! A [`Worker`] joins the pool of one or several Stasis applications. Each call that enters the application goes to one
//! worker of its pool; to have more of them, start the program again, on any machine. A worker takes up to
//! [1,000 calls](limits::CALLS_AT_ONCE) at once unless [told otherwise](Worker::limit), leaves its pools while it is
//! full, and waits for a broker that is away for as long as that takes.
//!
//! For each call the **handler** runs, a function from a [`Call`] to a future, in a task of its own. The call is the
//! handler's until that future ends, so it hangs up, or gives the call back to the dialplan, before it returns. A handler
//! with a name has a signature that is as short as it gets:
//!
//! ```no_run
//! use ari_client::{Call, CommandErrorKind};
//!
//! async fn handle(call: Call) -> ari_client::Result {
//!     let greeting = format!("sound:greeting-{}", call.dialed());
//!     let channel = call.channel();
//!     channel.answer().await?;
//!     match channel.play(&greeting).await?.finished().await {
//!         // There is no such sound.
//!         Err(error) if error.kind() == CommandErrorKind::Failed => channel.continue_in_dialplan().await,
//!         Err(error) => Err(error),
//!         Ok(()) => channel.hangup().await,
//!     }
//! }
//! ```
//!
//! # Routing calls
//!
//! A [`Router`] is a handler that gives each call to another, by the extension that was dialled, by patterns as they stand in a
//! dialplan, by the arguments of `Stasis()`, or by the application:
//!
//! ```no_run
//! # use ari_client::{Call, Decline, Result, Router, Worker};
//! # async fn front_desk(_: Call) -> Result { Ok(()) }
//! # async fn sales(_: Call) -> Result { Ok(()) }
//! # async fn outbound(_: Call) -> Result { Ok(()) }
//! # async fn operator(_: Call) -> Result { Ok(()) }
//! # async fn example() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! let router = Router::new()
//!     .extension("100", front_desk)
//!     .extension("+15551234567", sales)
//!     .pattern("_1NXXNXXXXXX", outbound)?
//!     .pattern("_1900NXXXXXX", Decline::because("premium rate"))?
//!     .decline(|offer| (offer.caller().number == "anonymous").then_some("an anonymous call"))
//!     .fallback(operator);
//! Worker::from_env().await?.default_application("pbx").run(router).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What it has no handler for it **declines** before the call is accepted, as it does what a [rule](Router::decline) has a
//! reason for: the proxy offers the call to the pool again, and when nobody takes it, does what it is configured to; by default the
//! call goes on in the dialplan. The same as data is [`Routes`], which a program reads from a file and puts together with its handlers
//! by their names ([`Router::from_routes`]); the example `router` is a whole program.
//!
//! # When a handler fails
//!
//! A handler that returns an error or panics is reported through [`tracing`], and no other call notices. Every channel of its
//! call is hung up; or with [`OnFailure::Continue`] the one that entered the application goes on in the dialplan:
//!
//! ```no_run
//! # use ari_client::{OnFailure, Worker};
//! # async fn example() -> Result<(), ari_client::WorkerError> {
//! let worker = Worker::from_env().await?.on_failure(OnFailure::Continue);
//! # Ok(())
//! # }
//! ```
//!
//! A handler that does not end after its call (the last channel was hung up or has left the application, or the call went to
//! another worker) has [30 s](limits::WRAP_UP) to wrap up, such as to store what it has recorded. Then it is cancelled, which is to be
//! dropped at its next `await`. [`Worker::wrap_up`] sets another time, and [`Call::wrap_up`] asks for more, or for as long as it takes.
//!
//! # Calls find one another
//!
//! [`Call::calls`] are the calls that this worker has, of which one is found by the id of any of its channels; what was found may
//! be over at any time, and then answers with [`Gone`](CommandErrorKind::Gone). [`Worker::calls`] are the same for the rest of the
//! program. The calls of other workers are not among them. What is done with another call is done on its behalf, and counts as
//! its handler's own: a stream of its events holds up its saves until it is dropped, and after a
//! [resume](#calls-that-outlive-their-worker) the command may be done again.
//!
//! ```no_run
//! # async fn example(call: ari_client::Call, parked: &str) -> ari_client::Result {
//! match call.calls().find(parked) {
//!     Some(other) => other.channel().unhold().await,
//!     None => call.channel().hangup().await,
//! }
//! # }
//! ```
//!
//! # Phones
//!
//! A [`Session`] is for commands that concern no call. With one, [`pjsip`] makes Asterisk's phones and trunks those that the program
//! declares; their calls may enter an application without any dialplan. The example `phones` is a whole program.
//!
//! # Events
//!
//! [`Call::events`] yields what happens in the call, in order, from its StasisStart on. A handler reads them when it
//! likes: the last [1,024](limits::EVENTS_KEPT) are kept for it. Those that a stream has yet to read are not pushed out by
//! further ones, which stay with the proxy until it has caught up; the proxy keeps 10,000. So drop a stream that you do not
//! read: it holds up the others, until nobody has read it for [30 s](limits::ROOM_PATIENCE). What a `finished()` waits for
//! is found without reading.
//!
//! ```no_run
//! # async fn example(call: ari_client::Call) -> ari_client::Result {
//! let mut events = call.events();
//! let pressed = events.find(|event| event.kind() == "ChannelDtmfReceived").await;
//! if let Some(event) = pressed {
//!     println!("{:?} pressed {:?}", event.channel_id(), event.text("/digit"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Channel::events`] are those of one channel, [`Channel::wait_for`] waits for one of them by its type and [`Channel::ended`] for its
//! last; [`Channel::dtmf`] has the keys that are pressed, and waits for them with patience:
//!
//! ```no_run
//! # async fn example(channel: ari_client::Channel) -> ari_client::Result {
//! # use std::time::Duration;
//! let mut dtmf = channel.dtmf();
//! let question = channel.play("sound:vm-password").await?;
//! let password = dtmf.digits(4, Duration::from_secs(10)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Events that are lost on the way are asked for again, and nothing is yielded beyond a gap meanwhile. What cannot be had any
//! more, or was dropped because nobody read it (by no stream, or for too long, or in a call of an
//! [old proxy](#old-proxies)), leaves an event of type `ProxyGap` in its place: see [`Event`].
//!
//! # Commands and errors
//!
//! What ARI does with one object is a method of its handle: [`Channel`], [`Bridge`], [`Playback`], [`LiveRecording`],
//! [`StoredRecording`], [`Endpoint`], [`DeviceState`], [`Mailbox`], [`Application`], all made by methods of [`Call`]; what it does with
//! Asterisk as a whole, its lists among them, a method of [`Call::asterisk`]. What such an operation can do without is said by
//! [`with`](Command::with):
//!
//! ```no_run
//! # async fn example(call: ari_client::Call) -> ari_client::Result {
//! use ari_client::ari::EndpointState;
//!
//! let channel = call.channel();
//! let bridge = call.create_bridge("mixing").with(|create| create.name("sales")).await?;
//! bridge.add_channel(&channel).with(|add| add.mute(true)).await?;
//! if call.endpoint("PJSIP", "alice").state().await? == EndpointState::Online {
//!     bridge.play("sound:one-moment-please").with(|play| play.lang("en")).await?;
//! }
//! call.mailbox("100@default").set(3, 1).await?;
//! println!("{} channels", call.asterisk().channels().await?.len());
//! # Ok(())
//! # }
//! ```
//!
//! Every other ARI request goes through [`Call::command`]. Commands of one call reach Asterisk in the order in which they were
//! issued, once each, and each waits [30 s](limits::COMMAND_DEADLINE) for its answer. One that may have been lost with the
//! connection to the bus is sent again, and the proxy runs it once. Whatever is not a 2xx is a [`CommandError`]: match on
//! its [`kind`](CommandError::kind), show its text, which names the command, the status and what Asterisk said.
//! [`Timeout`](CommandErrorKind::Timeout) means that the fate of the command is not known,
//! [`Unavailable`](CommandErrorKind::Unavailable) that nothing was done, [`Gone`](CommandErrorKind::Gone) that the call is
//! over or another worker's.
//!
//! # Calling somebody
//!
//! [`Call::originate`] calls an endpoint on behalf of a call. Awaited, it yields the [`Channel`] that rings;
//! [`answered`](Originate::answered) waits for what comes of it, an [`Outcome`]: answered, busy, no answer, no such number. The new channel belongs to
//! the call, with all its events.
//!
//! A program that nobody has called uses its worker's [`Dialer`]: a call of its own, whose handler begins with the calling.
//!
//! [`Channel::move_to`] gives a channel to another application, and resolves when it is there: from then on it is a new call, of the pool of that
//! application, whichever program that is.
//!
//! # Typed ARI
//!
//! [`ari`] has all of ARI with types: an [`Operation`] for each that Asterisk 22 describes, which [`Call::run`] carries out,
//! and a structure for each object that one answers; [`Event::typed`] makes an [event with its fields](ari::Event) of any event.
//! Both ways may be mixed in a handler.
//!
//! ```no_run
//! # async fn example(call: ari_client::Call) -> ari_client::Result {
//! use ari_client::ari::{Event, bridges, channels};
//!
//! let bridge = call.run(bridges::Create::new().kind("mixing")).await?;
//! call.run(bridges::AddChannel::new(bridge.id, [&call.channel()]).mute(true)).await?;
//! let rtp = call.run(channels::RtpStatistics::new(&call.channel())).await?;
//! println!("{} packets lost", rtp.rxploss);
//! let mut events = call.events();
//! while let Some(event) = events.next().await {
//!     if let Event::ChannelTalkingFinished(talking) = event.typed() {
//!         println!("{} ms", talking.duration);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Calls that outlive their worker
//!
//! When a worker dies, or the network takes it away for more than [2 s](limits::LEASE), its proxies give its calls to other
//! workers of the pool. Each goes on from what its handler [saved](Call::save) last:
//!
//! ```no_run
//! use ari_client::Call;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! enum Step {
//!     #[default]
//!     Welcome,
//!     News { read: u32 },
//! }
//!
//! async fn handle(call: Call) -> ari_client::Result {
//!     let channel = call.channel();
//!     let mut step = match call.resumed() {
//!         Some(resumed) => resumed.state()?.unwrap_or_default(),
//!         None => Step::default(),
//!     };
//!     loop {
//!         step = match step {
//!             Step::Welcome => {
//!                 channel.answer().await?;
//!                 channel.play("sound:hello-world").await?.finished().await?;
//!                 Step::News { read: 0 }
//!             }
//!             Step::News { read: 3 } => return channel.hangup().await,
//!             Step::News { read } => {
//!                 channel.play(format!("sound:news-{read}")).await?.finished().await?;
//!                 Step::News { read: read + 1 }
//!             }
//!         };
//!         call.save(&step).await?;
//!     }
//! }
//! ```
//!
//! The example `menu` is a whole program.
//!
//! **What is repeated.** The next worker runs the handler from its beginning, and [`Call::resumed`] has the state; a handler
//! that never saved begins with `None`. So what it did since its last save it does again, and nothing happens
//! twice: a command that was carried out before gets the answer of that time, and one that only asks (GET) is asked anew. For
//! this the handler must issue the same commands as before, in whatever order: those whose content differs (a time, a random
//! number, another file name) are other commands. Events that it had since its last save come again, as do those that it
//! had not; a [`finished`](Playback::finished) finds its event where it had come before.
//!
//! **What a save acknowledges**: the state, together with every event that the handler has been given, by a stream or a
//! `finished`; but nothing that one of its [streams](EventStream) has yet to yield. So keep one stream for the whole handler,
//! rather than a new one for each step, and drop those that are not read.
//!
//! **What a handler keeps in mind.** Only commands of the call are run once. What else it does between two saves (it writes
//! to a database, it sends a mail) is done again by the next worker: save right before and after it, and let it be harmless when
//! it is repeated. The state is at most 16 KiB of JSON. A call that nobody saves is resumed as well, from its start.
//!
//! **Cut off.** A worker that gets no replies from a proxy cannot know whether its calls are still its own: its commands and
//! saves wait, each as long as it would for its answer, until the proxy says so; otherwise the call ends with
//! [`CallEnd::Gone`]. A handler that wants to know has [`Call::is_cut_off`], [`Call::cut_off`] and [`Call::reconnected`].
//! A proxy that is not heard of for [10 min](limits::CUT_OFF_DEADLINE) has lost its calls. A proxy that knows nothing of
//! all this never cuts anybody off.
//!
//! **The end.** When the handler has returned, the rest of the call's events are received and acknowledged in the background.
//!
//! # When the proxy is replaced
//!
//! When a proxy's process dies, its calls stay up in Asterisk. Its workers stand still, [cut off](Call::cut_off), until a process
//! with the same `server_id` answers; then each brings it the calls that it has, and their handlers go on where they are, with
//! the same handles and streams. A handler's author keeps three things in mind:
//!
//! - Events of the time between are missing. A `ProxyGap` stands for them, and the proxy makes up the ends of what ended
//!   meanwhile (see [`Event::is_synthetic`]), so that a `finished()` does not wait for ever. A key that was pressed is lost.
//! - A command that was under way at that moment ends in [`Timeout`](CommandErrorKind::Timeout): whether it was carried out is
//!   not known, and it is not sent again. Those that waited to be sent are sent. A [`save`](Call::save) is repeated until it is
//!   answered.
//! - [`Call::term`] is a larger one, and [`Event::seq`] counts from 1 again.
//!
//! A call that the new process does not take, because it is over or another worker brought it, ends with [`CallEnd::Gone`].
//!
//! # Environment
//!
//! [`Worker::from_env`] reads these variables. One that is set to nothing counts as not set; one that begins with
//! `ARI_WORKER_` and is not in the table is an error.
//!
//! | variable | meaning | if not set |
//! |---|---|---|
//! | `ARI_WORKER_BUS_URL` | the bus: `nats://`, `tls://` (NATS, several servers separated by commas), `amqp://`, `amqps://` | `nats://127.0.0.1:4222` |
//! | `ARI_WORKER_BUS_URL_FILE` | a file that holds the URL, where it has a password | |
//! | `ARI_WORKER_BUS_TLS_CA` | a PEM file with the authorities that vouch for the broker | the system's |
//! | `ARI_WORKER_BUS_TLS_CERT`, `ARI_WORKER_BUS_TLS_KEY` | PEM files with the certificate that is shown to the broker, and its key | none |
//! | `ARI_WORKER_BUS_USER`, `ARI_WORKER_BUS_PASSWORD` | a login, where the URL holds none; nothing is percent-encoded | |
//! | `ARI_WORKER_BUS_TOKEN` | NATS: a token | |
//! | `ARI_WORKER_BUS_NKEY` | NATS: the seed of an nkey | |
//! | `ARI_WORKER_BUS_CREDENTIALS_FILE` | NATS: a `.creds` file | |
//! | `ARI_WORKER_BUS_PASSWORD_FILE`, `…_TOKEN_FILE`, `…_NKEY_FILE` | a file that holds the secret | |
//! | `ARI_WORKER_BUS_EXTERNAL` | RabbitMQ: `true` logs in as the user whom the certificate names | `false` |
//! | `ARI_WORKER_APPLICATIONS` | the applications whose pools to join, separated by commas | what the program says |
//! | `ARI_WORKER_QUEUE` | NATS: the queue group that shares the calls | the application's name |
//! | `ARI_WORKER_PREFIX` | what the installation puts before every topic (`bus_config.prefix` of the proxy) | nothing |
//! | `ARI_WORKER_LIMIT` | calls at once | 1000 |
//! | `ARI_WORKER_NAME` | the worker's name in logs, to which the proxies see a unique end added | one that no other has |
//! | `ARI_WORKER_CONNECT_SECONDS` | how long to wait for the bus at the start | 30 |
//! | `ARI_WORKER_COMMAND_SECONDS` | how long a command waits for its answer | 30 |
//! | `ARI_WORKER_WRAP_UP_SECONDS` | how long a handler may go on once its call is over | 30 |
//! | `ARI_WORKER_ON_FAILURE` | what becomes of a call whose handler fails: `hang_up`, or `continue` in the dialplan | `hang_up` |
//! | `ARI_WORKER_DRAIN_SECONDS` | how long calls may go on once the worker is to stop | 15 |
//!
//! # Stopping
//!
//! At SIGTERM or SIGINT (or when the token given to [`Worker::shutdown`] is cancelled) a worker leaves its pools at
//! once, and what had been offered to it goes to others. Its calls go to other workers too, each at its next
//! [`save`](Call::save), which then returns [`HandedOver`](CommandErrorKind::HandedOver): the handler returns that, and nothing
//! is hung up. Calls that do not save may go on for the drain timeout; then the handlers that are left are cancelled
//! (dropped at the next `await`), and their calls given to other workers, who run them from their last save or their
//! beginning. A second signal ends the worker at once; other workers get its calls when it is not heard of.
//!
//! # Old proxies
//!
//! A worker also takes calls from a proxy that speaks version 1 of the dialog protocol alone, as go-ari-proxy does; it
//! needs not be told. Such a call has less: no numbers on its events, so that a loss is not noticed, and what is not read in
//! time is dropped; its commands run one at a time; [`Call::term`] is always 1; its end shows by its channel's end, a
//! [second](limits::VERSION_1_GRACE) later. It does not outlive its worker: [`save`](Call::save) is an error, and a worker that
//! stops ends it [as if its handler had failed](#when-a-handler-fails) when the drain timeout has passed. Its offer says nothing of the
//! call, so one that is to be declined is accepted first, and goes on in the dialplan.
//!
//! # Logs
//!
//! Everything goes through [`tracing`], with the call's `application` and `dialog` on each line of a handler's own;
//! install a subscriber, such as `tracing_subscriber::fmt::init()`, to see it. That the bus is away is told by `ari_bus`;
//! what the buses' own libraries say of it is best left out: `RUST_LOG=info,async_nats=off,lapin=off`. With `lapin=trace` the password
//! of RabbitMQ stands in the log, as numbers.

pub mod ari;
mod call;
mod calls;
mod error;
mod event;
mod heartbeat;
mod inbox;
pub mod limits;
mod operation;
mod ops;
pub mod pjsip;
mod route;
mod typed;
mod version1;
mod worker;

pub use ari_bus::protocol::{Object, ObjectKind};
pub use ari_bus::{Bus, BusError, BusErrorKind};
pub use call::{Call, CallEnd, EventStream, Method, Offer, Party, Request, Response, Resumed, path};
pub use calls::Calls;
pub use error::{CommandError, CommandErrorKind, Result, WorkerError};
pub use event::Event;
pub use operation::{Makes, Operation, OperationInfo, ParameterInfo, Parts, Place, WrongParameter};
pub use ops::{
    Application, Asterisk, Bridge, Channel, Command, ConfigObject, DTMF, DeviceState, Dialing, Dtmf,
    Endpoint, LiveRecording, LogChannel, Mailbox, Module, Originate, Outcome, Playback, Record, Recorded,
    StoredRecording,
};
pub use route::{Decline, Handlers, PatternError, Router, Routes, RoutesError};
pub use worker::{Connecting, Dialer, Handler, Handling, OnFailure, Opening, Placing, Session, Worker};
