//! Terms of a dialog, seen by workers written by hand against docs/protocol.md: who owns it, what the next owner is told,
//! which events and commands come how often.

mod commands;
mod events;
mod hand;
mod heartbeats;
mod owners;
