//! The causes of an error, to the last.

use std::{error::Error, io, iter::successors};

type Cause<'a> = &'a (dyn Error + 'static);

/// An error and its causes.
pub(super) fn causes<'a>(error: Cause<'a>) -> impl Iterator<Item = Cause<'a>> {
    successors(Some(error), |error| cause(*error))
}

/// An [`io::Error`] hides what it wraps from `source`, and TLS comes wrapped in one.
fn cause<'a>(error: Cause<'a>) -> Option<Cause<'a>> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
