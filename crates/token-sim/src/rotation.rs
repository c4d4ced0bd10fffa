//! What a refresh does to the tokens that were there before.

use std::str::FromStr;
use std::time::Duration;

/// What a refresh does to the refresh token that it spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// It lives on, and the answer has no refresh token.
    Never,
    /// It lives on, and the answer repeats it.
    Repeat,
    /// It lives on; every other answer repeats it, and the ones between leave it out. RFC 6749
    /// section 6 allows both, so a client has to cope with both.
    Kept,
    /// Each refresh gives a new one; the old one is taken again for this long and then gives
    /// another new one.
    Grace(Duration),
    /// Each refresh gives a new one; the old one is refused from then on.
    SingleUse,
    /// As `SingleUse`, and who presents an old one loses the whole family of tokens (RFC 9700
    /// section 4.14.2).
    Strict,
}

/// What the word `grace` stands for when a [`Rotation`] is parsed.
const GRACE: Duration = Duration::from_secs(10);

impl Rotation {
    pub(crate) fn renews(self) -> bool {
        !matches!(self, Self::Never | Self::Repeat | Self::Kept)
    }

    /// Whether the answer that brings tokens of this generation repeats the refresh token that was
    /// kept.
    pub(crate) fn repeats(self, generation: u64) -> bool {
        match self {
            Self::Repeat => true,
            Self::Kept => generation % 2 == 1,
            _ => false,
        }
    }
}

/// Reads the words of a command line: `never`, `repeat`, `kept`, `grace` (of 10 seconds),
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

/// A word that names no [`Rotation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected never, repeat, kept, grace, single-use or strict")]
pub struct UnknownRotation(());

/// What a refresh does to the access token that was issued before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldToken {
    /// It works until it expires.
    Lives,
    /// It is refused from then on.
    Dies,
}
