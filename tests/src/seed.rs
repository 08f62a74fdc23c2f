//! Chance that can be had again: a run prints its seed, and `ARI_TEST_SEED` gives it to another run.

use rand::{SeedableRng, rngs::StdRng};

use crate::wait::ok;

/// The variable.
const VARIABLE: &str = "ARI_TEST_SEED";

/// What the chance of a run begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The one from the environment, or a fresh one; printed, so that the report of a failure has it.
    ///
    /// # Panics
    /// When that of the environment is no number.
    #[must_use]
    pub fn take(test: &str) -> Self {
        let given = std::env::var(VARIABLE).ok().map(|text| ok(text.parse()));
        let seed = Self(given.unwrap_or_else(rand::random));
        println!("{test}: {VARIABLE}={}", seed.0);
        seed
    }

    /// Numbers that follow from it.
    #[must_use]
    pub fn rng(self) -> StdRng {
        StdRng::seed_from_u64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let seed = Seed::take("seed");
        assert_eq!(seed.rng().next_u64(), seed.rng().next_u64());
    }
}
