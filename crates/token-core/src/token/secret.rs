//! A string that is wiped on drop and never printed.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A string that is wiped on drop and whose `Debug` prints a constant.
///
/// ```
/// use token_core::Secret;
///
/// let secret = Secret::from("s3cr3t");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "s3cr3t");
/// ```
///
/// There is no `Display`, no `PartialEq` and no `Serialize`: a secret is read in one place,
/// [`expose`](Secret::expose), which is easy to search for.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Neither a vendor's token nor a word of a vendor's message.
const PLACEHOLDER: &str = "(no access token yet)";

impl Secret {
    /// Returns the text. Pass it to the wire or to a sealed store, never to a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the placeholder of an access token that is not known.
    pub(crate) fn placeholder() -> Self {
        Self::from(PLACEHOLDER)
    }

    /// Returns whether this is the placeholder of an unknown access token, which is not a secret.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.expose() == PLACEHOLDER
    }

    /// Returns whether the text is empty. An empty secret is never a valid token.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the text contains no visible character, or only the name of a scheme
    /// (`Bearer`, `QJWT `). A blank secret is never a valid token.
    ///
    /// ```
    /// use token_core::Secret;
    ///
    /// assert!(Secret::from("\u{a0}").is_blank());
    /// assert!(Secret::from("Bearer ").is_blank());
    /// assert!(!Secret::from("QJWT eyJh").is_blank());
    /// ```
    pub fn is_blank(&self) -> bool {
        let seen = self.0.trim_matches(is_invisible);
        let is_space = |character: char| is_invisible(character) && !character.is_control();
        let is_cut_off =
            self.0.ends_with(is_space) && seen.bytes().all(|byte| byte.is_ascii_alphabetic());
        seen.is_empty() || is_cut_off || seen.eq_ignore_ascii_case("bearer")
    }

    /// Returns whether this is a token that may be sent and stored: not [blank](Self::is_blank),
    /// without control characters, and without characters that were not UTF-8.
    pub(crate) fn is_storable(&self) -> bool {
        let is_foreign =
            |character: char| character.is_control() || character == char::REPLACEMENT_CHARACTER;
        !self.is_blank() && !self.0.contains(is_foreign)
    }

    /// Returns whether both hold the same text. The comparison has no early exit, so that its time
    /// does not reveal the position of a difference.
    pub fn same_as(&self, other: &Secret) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let difference = ours
            .iter()
            .zip(theirs)
            .fold(0, |seen, (a, b)| seen | (a ^ b));
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

/// Returns whether this is whitespace, or a zero-width character as copied from a web page.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

/// Returns a header value that HTTP clients keep out of their logs, and that is wiped with its last
/// copy; `None` if the text contains CR, LF, NUL or another control character.
pub(crate) fn sensitive_header(text: &str) -> Option<HeaderValue> {
    let wiped = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
    let mut value = HeaderValue::from_maybe_shared(wiped).ok()?;
    value.set_sensitive(true);
    Some(value)
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

    // FAULTS.md row 59
    #[test]
    fn a_secret_without_a_visible_character_is_blank() {
        for blank in [
            "",
            " ",
            "\u{a0}",
            "\u{200b}",
            "\u{feff}\t",
            "Bearer ",
            "bearer",
            "QJWT ",
            " \u{2060} ",
        ] {
            assert!(Secret::from(blank).is_blank(), "{blank:?}");
        }
        for filled in ["A", "QJWT x", "Bearer x", "x-1 ", "token"] {
            assert!(!Secret::from(filled).is_blank(), "{filled:?}");
        }
    }
}
