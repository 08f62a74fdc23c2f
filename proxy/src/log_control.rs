//! Changing what is logged while the process runs.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::config::log_directives;

/// Where what is logged can be seen and changed. Who sets up the logs makes it.
pub struct LogControl {
    now: Mutex<String>,
    change: Change,
}

/// What changes the logs; an error is one line.
type Change = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

impl LogControl {
    /// A control of logs that are as `now` says, in the form of the key `log`; `change` changes them.
    pub fn new(
        now: impl Into<String>,
        change: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { now: Mutex::new(now.into()), change: Box::new(change) }
    }

    /// What is logged now.
    #[must_use]
    pub fn now(&self) -> String {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Logs this from now on; returns how it was understood.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub fn set(&self, text: &str) -> Result<String, String> {
        let directives = log_directives(text)?;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        (self.change)(&directives)?;
        now.clone_from(&directives);
        Ok(directives)
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogControl").field("now", &self.now()).finish_non_exhaustive()
    }
}
