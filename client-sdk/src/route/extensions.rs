//! The extensions of a router, exact ones and patterns.

use std::{collections::HashMap, sync::Arc};

use super::pattern::{Pattern, PatternError, is_read};
use crate::Handler;

/// Which handler an extension has.
#[derive(Default)]
pub(super) struct Extensions {
    /// Without dashes.
    exact: HashMap<String, Arc<dyn Handler>>,
    /// The most specific first.
    patterns: Vec<(Pattern, Arc<dyn Handler>)>,
}

impl Extensions {
    /// Adds an exact extension, in the place of the same; false if there was one.
    pub(super) fn add_exact(&mut self, extension: &str, handler: Arc<dyn Handler>) -> bool {
        self.exact.insert(extension.chars().filter(is_read).collect(), handler).is_none()
    }

    /// Adds a pattern, in the place of one that stands for the same; false if there was one.
    pub(super) fn add_pattern(
        &mut self,
        text: &str,
        handler: Arc<dyn Handler>,
    ) -> Result<bool, PatternError> {
        let pattern = Pattern::read(text)?;
        let place = self.patterns.binary_search_by(|(other, _)| other.order(&pattern));
        match place {
            Ok(same) => self.patterns[same].1 = handler,
            Err(place) => self.patterns.insert(place, (pattern, handler)),
        }
        Ok(place.is_err())
    }

    /// The handler of the extension itself, or else of the most specific pattern.
    pub(super) fn find(&self, extension: &str) -> Option<&Arc<dyn Handler>> {
        let plain: String = extension.chars().filter(is_read).collect();
        let matching = || self.patterns.iter().find(|(pattern, _)| pattern.matches(&plain));
        self.exact.get(&plain).or_else(|| matching().map(|(_, handler)| handler))
    }
}
