//! What handlers write down: one line an entry, each written at once, so that a killed worker leaves whole lines and the
//! lines of several workers stand in the order in which they were written.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use ari_client::Call;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The worker's name.
    pub worker: String,
    /// The channel that the call began with.
    pub channel: String,
    /// The term in which the worker has it.
    pub term: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen to a handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// It began.
    Began {
        /// The number of the next event, as another handler had saved it.
        resumed: Option<u64>,
    },
    /// It was handed a numbered event.
    Handed {
        /// The number.
        n: u64,
    },
    /// It was told that events are missing.
    Gap {
        /// The `ProxyGap`.
        body: String,
    },
    /// It saved, which acknowledges this event and all before it.
    Acked {
        /// The number.
        n: u64,
    },
    /// It sent the command of this event's step, and was told that its fate is not known.
    Unknown {
        /// The number.
        n: u64,
    },
    /// It returned.
    Ended {
        /// Why.
        why: String,
    },
}

/// A worker's end of the file.
#[derive(Debug, Clone)]
pub struct Diary {
    file: Arc<File>,
    worker: Arc<str>,
}

impl Diary {
    /// Opens the file, which several workers may have open.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path, worker: &str) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self { file: Arc::new(file), worker: worker.into() })
    }

    /// Reads what was written so far. The end of a line that is just being written is left for the next time.
    ///
    /// # Errors
    /// When it cannot be read, or a line is none of ours.
    pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
        let text = std::fs::read_to_string(path)?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
    }

    pub(super) fn of(&self, call: &Call) -> Page {
        Page { diary: self.clone(), channel: call.channel().id().to_owned(), term: call.term() }
    }
}

/// What is written of one call.
pub(super) struct Page {
    diary: Diary,
    channel: String,
    pub(super) term: u64,
}

impl Page {
    pub(super) fn worker(&self) -> &str {
        &self.diary.worker
    }

    /// Writes an entry; it stands in the file when this returns.
    pub(super) fn write(&self, what: What) {
        let worker = self.worker().to_owned();
        let entry = Entry { worker, channel: self.channel.clone(), term: self.term, what };
        let line = serde_json::to_string(&entry).map(|line| line + "\n");
        let written =
            line.map_err(io::Error::other).and_then(|line| (&*self.diary.file).write_all(line.as_bytes()));
        if let Err(error) = written {
            // What the test then misses it tells.
            tracing::error!(%error, "the diary cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::ok;

    #[test]
    fn what_is_written_can_be_read_up_to_the_last_whole_line() {
        let file = ok(tempfile::NamedTempFile::new());
        let page = Page { diary: ok(Diary::open(file.path(), "w")), channel: "1.2".into(), term: 3 };
        let all = [
            What::Began { resumed: None },
            What::Began { resumed: Some(7) },
            What::Handed { n: 7 },
            What::Gap { body: "{}".into() },
            What::Acked { n: 7 },
            What::Unknown { n: 8 },
            What::Ended { why: "\"\n".into() },
        ];
        all.iter().for_each(|what| page.write(what.clone()));
        ok(ok(File::options().append(true).open(file.path())).write_all(b"{\"worker\":"));
        let read = ok(Diary::read(file.path()));
        assert_eq!(read.iter().map(|entry| entry.what.clone()).collect::<Vec<_>>(), all);
        assert!(read.iter().all(|entry| (&*entry.worker, &*entry.channel, entry.term) == ("w", "1.2", 3)));
    }
}
