//! A fake Asterisk: ARI over websocket and REST, with the state behind it, for load, faults and the demo.
//!
//! It keeps channels, bridges, playbacks, recordings and applications, sends the events that a real Asterisk
//! sends, in its order and shape, and answers as it does. A test drives it from the phones' side, and sees
//! every request that came in:
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use asterisk_sim::{CallEnd, Simulator, SimulatorOptions};
//!
//! let sim = Simulator::start(SimulatorOptions::default()).await.unwrap();
//! // … connect an ARI client to sim.websocket_url() and sim.ari_url() …
//! let call = sim.call("hello").caller("Bob", "4711").place();
//! // Nobody has registered the application here: Stasis() fails and the dialplan goes on.
//! assert_eq!(call.wait_ended().await, CallEnd::StasisFailed { application: "hello".into() });
//! assert!(sim.requests().is_empty());
//! sim.stop().await;
//! # });
//! ```
//!
//! What it does not simulate (audio, SIP, most of the dialplan) answers 404 or is not there.

mod call;
mod events;
mod faults;
pub mod limits;
mod load;
mod options;
mod record;
mod rest;
mod script;
mod server;
mod simulator;
mod state;

pub use call::{Call, CallBuilder, Step};
pub use faults::{Cut, Faults, Refusal, RestFault};
pub use load::{Load, LoadCall, LoadEvent, LoadPlan, LoadReport};
pub use options::{MoveOrder, Outcome, SimulatorOptions};
pub use record::RecordedRequest;
pub use script::ScriptedFrame;
pub use simulator::Simulator;
pub use state::call::{CallEnd, CallState};
