// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! The whole of ARI, typed: every operation and model of Asterisk 22.10.1.
//!
//! An operation is made with what it cannot do without, is told the rest by its methods, and is carried out by
//! [`Call::run`](crate::Call::run), which goes through [`Call::command`](crate::Call::command) like everything else:
//!
//! ```no_run
//! use std::time::Duration;
//! use ari_client::ari::{HangupReason, channels};
//!
//! async fn handle(call: ari_client::Call) -> ari_client::Result {
//!     let channel = call.channel();
//!     call.run(channels::Answer::new(&channel)).await?;
//!     let skip = Duration::from_secs(5);
//!     let playback = call.run(channels::Play::new(&channel, ["sound:hello-world"]).lang("en").skip(skip)).await?;
//!     println!("{} is {}", playback.id, playback.state);
//!     call.run(channels::Hangup::new(&channel).reason(HangupReason::Busy)).await
//! }
//! ```
//!
//! What makes an object (a playback, a channel, a bridge) takes an id for it. Where that is left out, `run` chooses one, the same
//! when a [resumed](crate::Call::resumed) handler repeats the operation. Parameters with a fixed set of values are enums, times are
//! [`Duration`](std::time::Duration)s. A value that no request can carry is an error that names the parameter, and nothing is sent.
//!
//! [`Event`] is an event with its fields, read from the untyped one by [`typed`](crate::Event::typed):
//!
//! ```no_run
//! use ari_client::ari::Event;
//!
//! # async fn example(call: ari_client::Call) {
//! let mut events = call.events();
//! while let Some(event) = events.next().await {
//!     match event.typed() {
//!         Event::ChannelDtmfReceived(pressed) => println!("{} for {} ms", pressed.digit, pressed.duration_ms),
//!         Event::Other(raw) => println!("{}: {}", raw.kind, raw.body),
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! Another Asterisk may know more. A field that is not known here is kept in `extra`, a value in `Other`, an event in
//! [`Event::Other`]; an operation is sent with [`Call::command`](crate::Call::command), or [written](crate::Operation) by hand.
//! [`OPERATIONS`] lists those that are known. An older Asterisk answers 404 to what it does not have.

pub mod applications;
pub mod asterisk;
pub mod bridges;
pub mod channels;
pub mod device_states;
pub mod endpoints;
pub mod events;
pub mod mailboxes;
pub mod playbacks;
pub mod recordings;
pub mod sounds;

mod choices;
mod event;
mod ids;
mod model;
mod values;

pub use choices::*;
pub use event::*;
pub use ids::*;
pub use model::*;
pub use values::*;

pub use crate::typed::{RawEvent, Timeout};
use crate::{Operation, OperationInfo};

/// The version of the Asterisk whose description this module was written from.
pub const ASTERISK_VERSION: &str = "22.10.1";

/// Every operation of that Asterisk.
pub const OPERATIONS: &[&OperationInfo] = &[
    <applications::List as Operation>::INFO,
    <applications::Get as Operation>::INFO,
    <applications::Subscribe as Operation>::INFO,
    <applications::Unsubscribe as Operation>::INFO,
    <applications::Filter as Operation>::INFO,
    <asterisk::GetObject as Operation>::INFO,
    <asterisk::UpdateObject as Operation>::INFO,
    <asterisk::DeleteObject as Operation>::INFO,
    <asterisk::GetInfo as Operation>::INFO,
    <asterisk::Ping as Operation>::INFO,
    <asterisk::ListModules as Operation>::INFO,
    <asterisk::GetModule as Operation>::INFO,
    <asterisk::LoadModule as Operation>::INFO,
    <asterisk::UnloadModule as Operation>::INFO,
    <asterisk::ReloadModule as Operation>::INFO,
    <asterisk::ListLogChannels as Operation>::INFO,
    <asterisk::AddLog as Operation>::INFO,
    <asterisk::DeleteLog as Operation>::INFO,
    <asterisk::RotateLog as Operation>::INFO,
    <asterisk::GetGlobalVar as Operation>::INFO,
    <asterisk::SetGlobalVar as Operation>::INFO,
    <bridges::List as Operation>::INFO,
    <bridges::Create as Operation>::INFO,
    <bridges::CreateWithId as Operation>::INFO,
    <bridges::Get as Operation>::INFO,
    <bridges::Destroy as Operation>::INFO,
    <bridges::GetBridgeVar as Operation>::INFO,
    <bridges::SetBridgeVar as Operation>::INFO,
    <bridges::GetBridgeVars as Operation>::INFO,
    <bridges::SetBridgeVars as Operation>::INFO,
    <bridges::AddChannel as Operation>::INFO,
    <bridges::RemoveChannel as Operation>::INFO,
    <bridges::SetVideoSource as Operation>::INFO,
    <bridges::ClearVideoSource as Operation>::INFO,
    <bridges::StartMoh as Operation>::INFO,
    <bridges::StopMoh as Operation>::INFO,
    <bridges::Play as Operation>::INFO,
    <bridges::PlayWithId as Operation>::INFO,
    <bridges::Record as Operation>::INFO,
    <channels::List as Operation>::INFO,
    <channels::Originate as Operation>::INFO,
    <channels::Create as Operation>::INFO,
    <channels::Get as Operation>::INFO,
    <channels::OriginateWithId as Operation>::INFO,
    <channels::Hangup as Operation>::INFO,
    <channels::ContinueInDialplan as Operation>::INFO,
    <channels::Move as Operation>::INFO,
    <channels::Redirect as Operation>::INFO,
    <channels::Answer as Operation>::INFO,
    <channels::Ring as Operation>::INFO,
    <channels::RingStop as Operation>::INFO,
    <channels::Progress as Operation>::INFO,
    <channels::SendDtmf as Operation>::INFO,
    <channels::Mute as Operation>::INFO,
    <channels::Unmute as Operation>::INFO,
    <channels::Hold as Operation>::INFO,
    <channels::Unhold as Operation>::INFO,
    <channels::StartMoh as Operation>::INFO,
    <channels::StopMoh as Operation>::INFO,
    <channels::StartSilence as Operation>::INFO,
    <channels::StopSilence as Operation>::INFO,
    <channels::Play as Operation>::INFO,
    <channels::PlayWithId as Operation>::INFO,
    <channels::Record as Operation>::INFO,
    <channels::GetChannelVar as Operation>::INFO,
    <channels::SetChannelVar as Operation>::INFO,
    <channels::GetChannelVars as Operation>::INFO,
    <channels::SetChannelVars as Operation>::INFO,
    <channels::SnoopChannel as Operation>::INFO,
    <channels::SnoopChannelWithId as Operation>::INFO,
    <channels::Dial as Operation>::INFO,
    <channels::RtpStatistics as Operation>::INFO,
    <channels::ExternalMedia as Operation>::INFO,
    <channels::TransferProgress as Operation>::INFO,
    <device_states::List as Operation>::INFO,
    <device_states::Get as Operation>::INFO,
    <device_states::Update as Operation>::INFO,
    <device_states::Delete as Operation>::INFO,
    <endpoints::List as Operation>::INFO,
    <endpoints::SendMessage as Operation>::INFO,
    <endpoints::Refer as Operation>::INFO,
    <endpoints::ListByTech as Operation>::INFO,
    <endpoints::Get as Operation>::INFO,
    <endpoints::SendMessageToEndpoint as Operation>::INFO,
    <endpoints::ReferToEndpoint as Operation>::INFO,
    events::EVENT_WEBSOCKET,
    <events::UserEvent as Operation>::INFO,
    <events::ClaimChannel as Operation>::INFO,
    <mailboxes::List as Operation>::INFO,
    <mailboxes::Get as Operation>::INFO,
    <mailboxes::Update as Operation>::INFO,
    <mailboxes::Delete as Operation>::INFO,
    <playbacks::Get as Operation>::INFO,
    <playbacks::Stop as Operation>::INFO,
    <playbacks::Control as Operation>::INFO,
    <recordings::ListStored as Operation>::INFO,
    <recordings::GetStored as Operation>::INFO,
    <recordings::DeleteStored as Operation>::INFO,
    <recordings::GetStoredFile as Operation>::INFO,
    <recordings::CopyStored as Operation>::INFO,
    <recordings::GetLive as Operation>::INFO,
    <recordings::Cancel as Operation>::INFO,
    <recordings::Stop as Operation>::INFO,
    <recordings::Pause as Operation>::INFO,
    <recordings::Unpause as Operation>::INFO,
    <recordings::Mute as Operation>::INFO,
    <recordings::Unmute as Operation>::INFO,
    <sounds::List as Operation>::INFO,
    <sounds::Get as Operation>::INFO,
];
