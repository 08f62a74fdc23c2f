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
//! handler's until that future ends, so it hangs up, or gives the call back to the dialplan, before it returns. A handler that
//! returns an error or panics is reported through [`tracing`], every channel of its call is hung up, and no other call notices. A handler
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
//! # Events
//!
//! [`Call::events`] yields what happens in the call, in order, from its StasisStart on. A handler reads them when it
//! likes: the last [1,024](limits::EVENTS_KEPT) are kept for it.
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
//! Events that were lost on the way, or dropped because nobody read them, leave one of type `ProxyGap` in their place:
//! see [`Event`].
//!
//! # Commands and errors
//!
//! The handles [`Channel`], [`Bridge`], [`Playback`] and [`LiveRecording`] have methods for what is done most; every
//! other ARI request goes through [`Call::command`]. Commands of one call reach Asterisk in the order in which they were
//! issued, once each, and each waits [30 s](limits::COMMAND_DEADLINE) for its answer. Whatever is not a 2xx is a [`CommandError`]: match on
//! its [`kind`](CommandError::kind), show its text, which names the command, the status and what Asterisk said.
//! [`Timeout`](CommandErrorKind::Timeout) means that the fate of the command is not known;
//! [`Gone`](CommandErrorKind::Gone) that the call is over or another worker's.
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
//! | `ARI_WORKER_APPLICATIONS` | the applications whose pools to join, separated by commas | what the program says |
//! | `ARI_WORKER_QUEUE` | NATS: the queue group that shares the calls | the application's name |
//! | `ARI_WORKER_PREFIX` | what the installation puts before every topic (`bus_config.prefix` of the proxy) | nothing |
//! | `ARI_WORKER_LIMIT` | calls at once | 1000 |
//! | `ARI_WORKER_NAME` | the worker's name in logs | one that no other has |
//! | `ARI_WORKER_CONNECT_SECONDS` | how long to wait for the bus at the start | 30 |
//! | `ARI_WORKER_COMMAND_SECONDS` | how long a command waits for its answer | 30 |
//! | `ARI_WORKER_DRAIN_SECONDS` | how long calls may go on once the worker is to stop | 15 |
//!
//! # Stopping
//!
//! At SIGTERM or SIGINT (or when the token given to [`Worker::shutdown`] is cancelled) a worker leaves its pools at
//! once, and what had been offered to it goes to others. Its calls may go on for the drain timeout; then those that are
//! left are cancelled (their handlers are dropped at the next `await`), hung up and reported. A second signal ends the
//! worker at once and leaves its calls as they are.
//!
//! # Old proxies
//!
//! A worker also takes calls from a proxy that speaks version 1 of the dialog protocol alone, as go-ari-proxy does; it
//! needs not be told. Such a call has less: no numbers on its events, so that a loss is not noticed; its commands run one at
//! a time; [`Call::term`] is always 1; its end shows by its channel's end, a [second](limits::VERSION_1_GRACE) later.
//!
//! # Logs
//!
//! Everything goes through [`tracing`], with the call's `application` and `dialog` on each line of a handler's own;
//! install a subscriber, such as `tracing_subscriber::fmt::init()`, to see it. That the bus is away is told by `ari_bus`;
//! what the buses' own libraries say of it is best left out: `RUST_LOG=info,async_nats=off,lapin=off`.

mod call;
mod error;
mod event;
mod heartbeat;
mod inbox;
pub mod limits;
mod ops;
mod version1;
mod worker;

pub use ari_bus::protocol::{Object, ObjectKind};
pub use ari_bus::{Bus, BusError, BusErrorKind};
pub use call::{Call, CallEnd, EventStream, Method, Party, Request, Response, Resumed, path};
pub use error::{CommandError, CommandErrorKind, Result, WorkerError};
pub use event::Event;
pub use ops::{Bridge, Channel, LiveRecording, Originate, Playback, Record, Recorded};
pub use worker::Worker;
