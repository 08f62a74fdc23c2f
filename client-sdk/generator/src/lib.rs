//! Writes the typed part of `ari-client` from the description that an Asterisk serves of its ARI.
//!
//! [`Description`] is what it says, [`facts`](Description::facts) the same as a list that can be compared, [`Words`] what we
//! say of each thing, and [`write`](fn@write) makes files of Rust from them.
//!
//! Of Asterisk's description only names, types, paths and values are read. Its texts are under the GPL; ours are in the folder
//! `words`.

mod compare;
mod describe;
mod error;
mod facts;
mod fetch;
mod swagger;
mod words;
mod write;

pub use compare::Difference;
pub use describe::{Description, Field, Model, Operation, Parameter, Place, Range, Resource};
pub use error::{Error, Result};
pub use facts::{FACTS, Facts};
pub use fetch::{Source, plain_version};
pub use words::Words;
pub use write::write;
