//! What a refresh does to the previous tokens.

use std::str::FromStr;
use std::time::Duration;

/// What a refresh does to the refresh token that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// It stays valid, and the answer has no refresh token.
    Never,
    /// It stays valid, and the answer repeats it.
    Repeat,
    /// It stays valid, and every other answer repeats it. RFC 6749 section 6 allows both, so a
    /// client has to cope with both.
    Kept,
    /// Each refresh issues a new one; within this grace period the old one is accepted again and
    /// returns another new one.
    Grace(Duration),
    /// Each refresh issues a new one and invalidates the old one.
    SingleUse,
    /// Like `SingleUse`, and presenting an old one revokes the whole grant (RFC 9700 section
    /// 4.14.2).
    Strict,
}

/// The grace period of the word `grace` when a [`Rotation`] is parsed.
const GRACE: Duration = Duration::from_secs(10);

impl Rotation {
    pub(crate) fn renews(self) -> bool {
        !matches!(self, Self::Never | Self::Repeat | Self::Kept)
    }

    /// Returns whether the answer with tokens of this generation repeats a refresh token that is
    /// kept.
    pub(crate) fn repeats(self, generation: u64) -> bool {
        match self {
            Self::Repeat => true,
            Self::Kept => generation % 2 == 1,
            _ => false,
        }
    }
}

/// Parses a word of a command line: `never`, `repeat`, `kept`, `grace` (of 10 seconds),
/// `single-use`, `strict`.
///
/// ```
/// use token_sim::Rotation;
///
/// assert_eq!("kept".parse(), Ok(Rotation::Kept));
/// assert_eq!("single-use".parse(), Ok(Rotation::SingleUse));
/// assert!("sometimes".parse::<Rotation>().is_err());
/// ```
impl FromStr for Rotation {
    type Err = UnknownRotation;

    fn from_str(word: &str) -> Result<Self, UnknownRotation> {
        match word {
            "never" => Ok(Self::Never),
            "repeat" => Ok(Self::Repeat),
            "kept" => Ok(Self::Kept),
            "grace" => Ok(Self::Grace(GRACE)),
            "single-use" => Ok(Self::SingleUse),
            "strict" => Ok(Self::Strict),
            _ => Err(UnknownRotation(())),
        }
    }
}

/// The error for a word that names no [`Rotation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected never, repeat, kept, grace, single-use or strict")]
pub struct UnknownRotation(());

/// What a refresh does to the previous access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldToken {
    /// It stays valid until it expires.
    StaysValid,
    /// It is refused from then on.
    Revoked,
}
