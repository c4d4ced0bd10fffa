//! A string that is wiped on drop and never printed.

mod joined;

use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A string that is wiped on drop and whose `Debug` prints a constant. Clones share the text, which
/// is wiped with the last of them. The access token and the refresh token of a
/// [`Token`](crate::Token) share one text too.
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
pub struct Secret {
    text: Arc<Text>,
    /// Where the secret is in the text, which a header's value and another secret share.
    start: u32,
    end: u32,
}

type Text = Zeroizing<Box<str>>;

/// The end of a secret that ends with its text, however long that is.
const END_OF_TEXT: u32 = u32::MAX;

/// Neither a vendor's token nor a word of a vendor's message.
const PLACEHOLDER: &str = "(no access token yet)";

impl Secret {
    /// Returns the text. Pass it to the wire or to a sealed store, never to a log or an error.
    pub fn expose(&self) -> &str {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        self.text.get(start..self.end()).unwrap_or_default()
    }

    fn end(&self) -> usize {
        match self.end {
            END_OF_TEXT => self.text.len(),
            end => usize::try_from(end).unwrap_or(usize::MAX),
        }
    }

    fn whole(text: String) -> Self {
        Self {
            text: Arc::new(Zeroizing::new(without_spare_room(text))),
            start: 0,
            end: END_OF_TEXT,
        }
    }

    /// Returns the placeholder of an access token that is not known. The text exists once.
    pub(crate) fn placeholder() -> Self {
        static SHARED: LazyLock<Secret> = LazyLock::new(|| Secret::from(PLACEHOLDER));
        SHARED.clone()
    }

    /// Returns whether this is the placeholder of an unknown access token, which is not a secret.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.expose() == PLACEHOLDER
    }

    /// Returns whether the text is empty. An empty secret is never a valid token.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
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
        let text = self.expose();
        let seen = text.trim_matches(is_invisible);
        let is_space = |character: char| is_invisible(character) && !character.is_control();
        let is_cut_off =
            text.ends_with(is_space) && seen.bytes().all(|byte| byte.is_ascii_alphabetic());
        seen.is_empty() || is_cut_off || seen.eq_ignore_ascii_case("bearer")
    }

    /// Returns whether this is a token that may be sent and stored: not [blank](Self::is_blank),
    /// without control characters, and without characters that were not UTF-8.
    pub(crate) fn is_storable(&self) -> bool {
        // What most tokens are, in one pass.
        if self.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return !self.is_empty() && !self.expose().eq_ignore_ascii_case("bearer");
        }
        let is_foreign =
            |character: char| character.is_control() || character == char::REPLACEMENT_CHARACTER;
        !self.is_blank() && !self.expose().contains(is_foreign)
    }

    /// Returns whether both hold the same text. The comparison has no early exit, so that its time
    /// does not reveal the position of a difference.
    pub fn same_as(&self, other: &Secret) -> bool {
        let (ours, theirs) = (self.expose().as_bytes(), other.expose().as_bytes());
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
        Self::whole(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::whole(text.to_owned())
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
    Secret::from(text).as_header()
}

impl Secret {
    /// Returns the text up to the end of the secret, with what comes before it, as a header value
    /// that shares it: see [`sensitive_header`]. Each has a reference count of its own.
    pub(crate) fn as_header(&self) -> Option<HeaderValue> {
        let text = HeaderText(self.text.clone());
        self.sensitive(Bytes::from_owner(text))
    }

    /// Returns the same for one of several threads.
    pub(crate) fn as_header_of_thread(&self) -> Option<HeaderValue> {
        let text = HeaderText(self.text.clone());
        self.sensitive(Bytes::from_owner(AtADistance {
            text,
            _distance: [0; 104],
        }))
    }

    fn sensitive(&self, mut text: Bytes) -> Option<HeaderValue> {
        text.truncate(self.end());
        let mut value = HeaderValue::from_maybe_shared(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

struct HeaderText(Arc<Text>);

/// The reference count beside this is 128 bytes away from that of the next one, so that no cache
/// line has both. It is not aligned: for that, glibc takes a lock, and splits a larger piece of
/// memory.
struct AtADistance {
    text: HeaderText,
    _distance: [u8; 104],
}

impl AsRef<[u8]> for HeaderText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl AsRef<[u8]> for AtADistance {
    fn as_ref(&self) -> &[u8] {
        self.text.as_ref()
    }
}

/// Returns the text in memory of exactly its size. Memory that it leaves is wiped.
fn without_spare_room(text: String) -> Box<str> {
    if text.len() == text.capacity() {
        return text.into_boxed_str();
    }
    let text = Zeroizing::new(text);
    Box::from(text.as_str())
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
