//! Numbers that follow from a seed.

/// SplitMix64: small, and the same on every machine.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1).max(1);
        least + self.next() % span
    }

    pub(crate) fn index(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % count).unwrap_or_default()
    }

    /// Returns `true` in this many of a hundred cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.between(0, 99) < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_the_same_numbers_again() {
        let (mut one, mut other) = (Random::from_seed(7), Random::from_seed(7));
        assert!((0..100).all(|_| one.next() == other.next()));
        assert_ne!(Random::from_seed(7).next(), Random::from_seed(8).next());
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = Random::from_seed(1);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert!((0..1000).all(|_| random.index(4) < 4));
        assert!((0..1000).all(|_| random.percent(100) && !random.percent(0)));
    }
}
