//! A string that never leaves its type.

use std::fmt;

use zeroize::Zeroizing;

/// A string that is wiped on drop and prints a constant.
///
/// ```
/// use token_core::Secret;
///
/// let secret = Secret::from("s3cr3t");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "s3cr3t");
/// ```
///
/// There is no `Display`, no `PartialEq` and no `Serialize`: a secret is read in one place, [`expose`](Secret::expose), which
/// is easy to search for.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// No vendor's token and no word of a vendor's message.
const PLACEHOLDER: &str = "(no access token yet)";

impl Secret {
    /// The text itself. Hand it to the wire or to a sealed store, never to a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands for an access token that is not known.
    pub(crate) fn placeholder() -> Self {
        Self::from(PLACEHOLDER)
    }

    /// Whether it stands for an access token that is not known: a placeholder is no secret.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.expose() == PLACEHOLDER
    }

    /// Whether nothing is in it. An empty secret is never a valid token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same text, compared without an early exit so that time does not tell where they differ.
    pub fn same_as(&self, other: &Secret) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let difference = ours.iter().zip(theirs).fold(0, |seen, (a, b)| seen | (a ^ b));
        ours.len() == theirs.len() && std::hint::black_box(difference) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_a_constant() {
        let secret = Secret::from("hunter2");
        assert!(!format!("{secret:?} {secret:#?}").contains("hunter2"));
    }

    #[test]
    fn same_as_compares_whole_texts() {
        let secret = Secret::from("abc");
        assert!(secret.same_as(&Secret::from("abc")));
        assert!(!secret.same_as(&Secret::from("abd")));
        assert!(!secret.same_as(&Secret::from("ab")));
        assert!(!Secret::from("").same_as(&secret));
    }
}
