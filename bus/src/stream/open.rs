//! From a URL to a sink.

use std::sync::Arc;

use super::{Sink, SinkOptions};
use crate::{BusError, BusErrorKind, connect::Scheme};

/// Begins to connect to the broker that `url` names, as [`connect`](crate::connect) does, with a connection that nothing else
/// uses: dialogs feel nothing of a stream.
///
/// Returns at once: whether the broker is there yet is for [`Sink::link`] to tell. To be called within a Tokio runtime.
///
/// # Errors
/// `Invalid` for a URL that names no known bus, and for options that cannot be used on it.
pub fn open(url: &str, options: SinkOptions) -> Result<Arc<dyn Sink>, BusError> {
    Scheme::of(url)?;
    Err(BusError::new(BusErrorKind::Invalid, format!("under way: {options:?}")))
}
