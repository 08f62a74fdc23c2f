// Written by `cargo run -p ari-generator -- --from URL --user USER --password-file FILE --out client-sdk/src/ari`
// from Asterisk 22.10.1. Not to be edited.

//! What operations answer and events tell of.

mod applications;
pub use applications::*;
mod asterisk;
pub use asterisk::*;
mod bridges;
pub use bridges::*;
mod channels;
pub use channels::*;
mod device_states;
pub use device_states::*;
mod endpoints;
pub use endpoints::*;
mod events;
pub use events::*;
mod mailboxes;
pub use mailboxes::*;
mod playbacks;
pub use playbacks::*;
mod recordings;
pub use recordings::*;
mod sounds;
pub use sounds::*;
