//! What can go wrong.

use std::path::PathBuf;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Asterisk did not answer.
    #[error("{url}: {problem}")]
    Asterisk {
        /// What was asked.
        url: String,
        /// What happened.
        problem: String,
    },
    /// Part of the description is not as it should be.
    #[error("the description of {resource}: {problem}")]
    Description {
        /// Which part.
        resource: String,
        /// What is wrong.
        problem: String,
    },
    /// The files in `words` are not as they should be.
    #[error("words: {0}")]
    Words(String),
    /// There are things that we have no words for.
    #[error("there are no words for these, put them into the folder `words`:\n  {}", .0.join("\n  "))]
    Unknown(Vec<String>),
    /// What was written is no Rust.
    #[error("rustfmt: {0}")]
    Format(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    pub(crate) fn description(resource: &str, problem: impl ToString) -> Self {
        Self::Description { resource: resource.to_owned(), problem: problem.to_string() }
    }
}

/// What the functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
