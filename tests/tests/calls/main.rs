//! Calls where nothing fails but a person: what a dialog is to its worker, what the SDK makes of it, and what phones hear. What
//! happens when something dies is in `survival`.

mod ari_answers;
mod ari_description;
mod bad_input;
mod burst;
mod configurator;
mod dialogs;
mod examples;
mod handles;
mod moves;
mod opened;
mod phone_calls;
mod phones;
mod placed;
mod real_asterisk;
mod shared_topology;
mod sizes;
mod terms;
mod typed_calls;
mod unanswered;
mod version_1;
mod whole_ari;
