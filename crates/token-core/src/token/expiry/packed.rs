//! The numbers of a token in 32 bytes, because a process may hold a million tokens.

use super::Validity;
use crate::token::generation::Generation;
use crate::token::time::Timestamp;

/// The numbers of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) validity: Validity,
    pub(crate) refresh_expires_at: Option<Timestamp>,
    pub(crate) generation: Generation,
}

/// The same, as most tokens have them: a life of at most 34 years, no session, no instant that the
/// vendor wants for the refresh, and less than 2^32 generations.
#[derive(Clone, Copy)]
pub(crate) struct PackedNumbers {
    issued_at: Timestamp,
    generation: u32,
    refresh_at: Span,
    usable_until: Span,
    expires_at: Span,
    refresh_expires_at: Span,
}

impl Numbers {
    /// Returns the same numbers as they are for a token with or without a refresh token.
    pub(crate) fn due_before_refresh_token_ends(mut self, has_refresh: bool) -> Self {
        let end = self.refresh_expires_at.filter(|_| has_refresh);
        self.validity = self.validity.with_refresh_token_until(end);
        self
    }
}

impl PackedNumbers {
    /// Stands where the numbers are not packed.
    pub(crate) const NONE: Self = Self {
        issued_at: Timestamp::MIN,
        generation: 0,
        refresh_at: Span::NONE,
        usable_until: Span::NONE,
        expires_at: Span::NONE,
        refresh_expires_at: Span::NEVER,
    };

    /// Returns `None` if the numbers do not fit.
    pub(crate) fn of(numbers: &Numbers, has_refresh: bool) -> Option<Self> {
        let validity = &numbers.validity;
        let span = |instant| Span::between(validity.issued_at, instant);
        let packed = Self {
            issued_at: validity.issued_at,
            generation: u32::try_from(numbers.generation.number()).ok()?,
            refresh_at: span(validity.refresh_at),
            usable_until: span(validity.usable_until),
            expires_at: span(validity.expires_at),
            refresh_expires_at: span(numbers.refresh_expires_at.unwrap_or(Timestamp::MAX)),
        };
        (packed.unpacked(has_refresh) == *numbers).then_some(packed)
    }

    #[inline]
    pub(crate) fn unpacked(&self, has_refresh: bool) -> Numbers {
        let refresh_expires_at = self.refresh_expires_at();
        let validity = Validity {
            issued_at: self.issued_at,
            refresh_at: self.refresh_at.after(self.issued_at),
            usable_until: self.usable_until.after(self.issued_at),
            expires_at: self.expires_at.after(self.issued_at),
            not_refreshed_before: self.issued_at,
            requested_refresh_at: None,
            refresh_by: Timestamp::MAX,
            idle: None,
            ends_by: Timestamp::MAX,
        };
        let end = refresh_expires_at.filter(|_| has_refresh);
        Numbers {
            validity: Validity {
                refresh_by: validity.latest_before(end),
                ..validity
            },
            refresh_expires_at,
            generation: self.generation(),
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        Generation::new(u64::from(self.generation))
    }

    #[inline]
    pub(crate) fn refresh_expires_at(&self) -> Option<Timestamp> {
        let end = self.refresh_expires_at.after(self.issued_at);
        Some(end).filter(|end| *end < Timestamp::MAX)
    }
}

/// Milliseconds, of which 34 years fit.
#[derive(Clone, Copy)]
struct Span([u8; 5]);

impl Span {
    const NONE: Self = Self([0; 5]);
    const NEVER: Self = Self([u8::MAX; 5]);
    const MILLIS_OF_NEVER: i64 = (1 << 40) - 1;

    /// Returns another span if this one is too long or negative, which its user finds out.
    fn between(from: Timestamp, until: Timestamp) -> Self {
        let millis = until.since(from).as_millis();
        let [a, b, c, d, e, rest @ ..] = millis.to_le_bytes();
        match until == Timestamp::MAX || rest != [0; 11] {
            true => Self::NEVER,
            false => Self([a, b, c, d, e]),
        }
    }

    #[inline]
    fn after(self, from: Timestamp) -> Timestamp {
        let [a, b, c, d, e] = self.0;
        match i64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) {
            Self::MILLIS_OF_NEVER => Timestamp::MAX,
            millis => from.shifted(millis),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn instant() -> impl Strategy<Value = Timestamp> {
        let ends = prop_oneof![Just(i64::MIN), Just(0), Just(i64::MAX)];
        let millis = prop_oneof![any::<i64>(), 0..31_536_000_000_i64, ends];
        millis.prop_map(Timestamp::from_unix_millis)
    }

    fn numbers() -> impl Strategy<Value = Numbers> {
        let rare = (
            proptest::option::of(instant()),
            proptest::option::of(instant()),
            proptest::option::of(0..u64::MAX),
        );
        let common = (
            instant(),
            instant(),
            proptest::option::of(instant()),
            any::<u64>(),
        );
        (common, rare).prop_map(|(common, rare)| {
            let (issued_at, expires_at, refresh_expires_at, number) = common;
            let (ends_by, refresh_at, idle) = rare;
            let validity = Validity::new(issued_at, expires_at);
            let validity = ends_by.map_or(validity, |end| validity.ending_by(end));
            let validity = refresh_at.map_or(validity, |at| validity.with_refresh_at(at));
            let idle = idle.map(Duration::from_millis);
            Numbers {
                validity: idle.map_or(validity, |idle| validity.with_idle(idle)),
                refresh_expires_at,
                generation: Generation::new(number),
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_as_it_was(numbers in numbers(), has_refresh: bool) {
            let numbers = numbers.due_before_refresh_token_ends(has_refresh);
            if let Some(packed) = PackedNumbers::of(&numbers, has_refresh) {
                prop_assert_eq!(packed.unpacked(has_refresh), numbers);
                prop_assert_eq!(packed.generation(), numbers.generation);
                prop_assert_eq!(packed.refresh_expires_at(), numbers.refresh_expires_at);
            }
        }

        #[test]
        fn the_numbers_of_most_tokens_fit(
            issued_at in 0..4_000_000_000_000_i64,
            life in 1..900_000_000_000_u64,
            refresh_life in proptest::option::of(1..900_000_000_000_u64),
            generation: u32,
        ) {
            let issued_at = Timestamp::from_unix_millis(issued_at);
            let end = |life| issued_at.after(Duration::from_millis(life));
            let numbers = Numbers {
                validity: Validity::new(issued_at, end(life)),
                refresh_expires_at: refresh_life.map(end),
                generation: Generation::new(u64::from(generation)),
            };
            let numbers = numbers.due_before_refresh_token_ends(true);
            prop_assert!(PackedNumbers::of(&numbers, true).is_some());
        }
    }

    #[test]
    fn a_token_that_does_not_expire_and_one_that_never_was_usable_fit() {
        let at = Timestamp::from_unix_seconds(1_700_000_000);
        for validity in [Validity::without_end(at), Validity::expired()] {
            let numbers = Numbers {
                validity,
                refresh_expires_at: None,
                generation: Generation::default(),
            };
            assert!(PackedNumbers::of(&numbers, true).is_some());
        }
        assert_eq!(size_of::<PackedNumbers>(), 32);
    }
}
