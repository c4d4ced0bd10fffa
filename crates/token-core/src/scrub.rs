//! Scrubbing: removes secrets from texts that were received from a server.

mod escape;
mod reading;

use zeroize::Zeroizing;

use self::reading::{Reading, layers, readings};
use crate::token::secret::Secret;

/// The minimum length of a piece of a secret that is scrubbed on its own.
const SHORTEST_PIECE: usize = size_of::<u64>();
/// A secret shorter than this is scrubbed only as a separate word, since it is part of too many
/// ordinary words.
const SHORTEST_INSIDE_A_WORD: usize = 4;
/// The minimum length of what is taken for a JWT by its first characters.
const SHORTEST_JWT: usize = 16;
/// The maximum length of a text that is examined, in bytes. The rest is dropped.
const LONGEST_TEXT: usize = 1024;
const MARK: &str = "[scrubbed]";

/// Replaces secrets in a text by a mark, as a whole or in pieces of at least eight bytes.
///
/// ```
/// use token_core::{Scrubber, Secret};
///
/// let scrubber = Scrubber::new([&Secret::from("s3cr3t/token")]);
/// assert_eq!(scrubber.scrub("bad token s3cr3t%2ftoken!", 256), "bad token [scrubbed]!");
/// ```
///
/// A secret is found verbatim, in another case, percent-encoded (also twice), as HTML entities,
/// with `\uXXXX`, `\xXX` and other backslash escapes, and in any mixture of these. It is also found
/// in base64 and hex, of the secret alone or with other text around it. Anything that looks like a
/// JWT is replaced even if it is not one of the secrets.
pub struct Scrubber {
    /// Decoded forms of secrets that are long enough to be found by their pieces.
    long: Vec<Zeroizing<Vec<u8>>>,
    /// Decoded forms of secrets that are only found as a whole.
    short: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrubber {
    /// Creates a scrubber for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for secret in secrets
            .into_iter()
            .filter(|secret| !secret.is_placeholder())
        {
            for layer in layers(Reading::of(secret.expose())) {
                let form = layer.folded();
                let known = if form.len() < SHORTEST_PIECE {
                    &mut short
                } else {
                    &mut long
                };
                if !form.is_empty() && !known.contains(&form) {
                    known.push(form);
                }
            }
        }
        Self { long, short }
    }

    /// Returns the text without secrets and control characters, truncated to `longest` characters.
    /// Only its first 1024 bytes are examined and returned.
    pub fn scrub(&self, text: &str, longest: usize) -> String {
        self.clean(text, longest, &self.short)
    }

    /// Like [`scrub`](Self::scrub), for a vendor's code such as `invalid_grant`. Secrets shorter
    /// than eight bytes are ignored: the password `test` must not mangle the code `latest_only`,
    /// and vendors do not quote passwords in codes.
    pub fn scrub_code(&self, code: &str, longest: usize) -> String {
        self.clean(code, longest, &[])
    }

    fn clean(&self, text: &str, longest: usize, short: &[Zeroizing<Vec<u8>>]) -> String {
        let text = head(text, LONGEST_TEXT);
        let mut hidden = vec![false; text.len()];
        if !(self.long.is_empty() && short.is_empty()) {
            let readings = readings(text);
            self.hide_pieces(&readings, &mut hidden);
            hide_whole(short, &readings, &mut hidden);
        }
        hide_jwts(text, &mut hidden);
        let clean = render(text, &hidden);
        clean.trim().chars().take(longest).collect()
    }

    /// Sorts the pieces of the text, which are few, and looks up every piece of the secrets, in
    /// time linear in the secrets.
    fn hide_pieces(&self, readings: &[Reading], hidden: &mut [bool]) {
        let folded: Vec<_> = readings.iter().map(Reading::folded).collect();
        let seen = sorted(folded.iter().flat_map(|bytes| pieces(bytes)));
        let of_secrets = self.long.iter().flat_map(|form| pieces(form));
        let found = sorted(of_secrets.filter(|piece| seen.binary_search(piece).is_ok()));
        if found.is_empty() {
            return;
        }
        for (reading, bytes) in readings.iter().zip(&folded) {
            let matches = pieces(bytes).enumerate();
            for (at, _) in matches.filter(|(_, piece)| found.binary_search(piece).is_ok()) {
                reading.hide(at..at + SHORTEST_PIECE, hidden);
            }
        }
    }
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} forms)", self.long.len() + self.short.len())
    }
}

/// Returns every piece of eight bytes, as a number.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let exact = |window: &[u8]| window.try_into().map(u64::from_le_bytes).ok();
    bytes.windows(SHORTEST_PIECE).filter_map(exact)
}

fn sorted(pieces: impl Iterator<Item = u64>) -> Zeroizing<Vec<u64>> {
    let mut pieces: Vec<u64> = pieces.collect();
    pieces.sort_unstable();
    pieces.dedup();
    Zeroizing::new(pieces)
}

/// Hides everything that looks like a JWT: it is a token, even if not a known one.
fn hide_jwts(text: &str, hidden: &mut [bool]) {
    let belongs = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.".contains(*byte);
    for (at, _) in text.match_indices("eyJ") {
        let rest = text.as_bytes().iter().skip(at);
        let length = rest.take_while(belongs).count();
        if length >= SHORTEST_JWT
            && let Some(part) = hidden.get_mut(at..at + length)
        {
            part.fill(true);
        }
    }
}

fn hide_whole(secrets: &[Zeroizing<Vec<u8>>], readings: &[Reading], hidden: &mut [bool]) {
    for reading in readings {
        let folded = reading.folded();
        for secret in secrets {
            for at in places_of(secret, &folded) {
                reading.hide(at..at + secret.len(), hidden);
            }
        }
    }
}

/// Returns the positions of a short secret; of a very short one only as a separate word.
fn places_of(secret: &[u8], text: &[u8]) -> Vec<usize> {
    let in_a_word = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(u8::is_ascii_alphanumeric)
    };
    let alone =
        |at: usize| !in_a_word(at.checked_sub(1)) && !in_a_word(at.checked_add(secret.len()));
    let places = text.windows(secret.len()).enumerate();
    places
        .filter(|(_, window)| *window == secret)
        .map(|(at, _)| at)
        .filter(|at| secret.len() >= SHORTEST_INSIDE_A_WORD || alone(*at))
        .collect()
}

/// Returns the text with a mark in place of every hidden range and a space in place of everything
/// that is not shown.
fn render(text: &str, hidden: &[bool]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_mark = false;
    for (at, c) in text.char_indices() {
        let bytes = hidden.get(at..at + c.len_utf8()).unwrap_or_default();
        let is_hidden = bytes.contains(&true);
        match (is_hidden, in_mark) {
            (true, true) => {}
            (true, false) => clean.push_str(MARK),
            (false, _) => clean.push(if directs(c) { ' ' } else { c }),
        }
        in_mark = is_hidden;
    }
    clean
}

/// Returns whether this directs a terminal or a page instead of being shown: a control character, a
/// separator of lines, or one that turns the direction of writing.
fn directs(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || c.is_control()
}

fn head(text: &str, longest: usize) -> &str {
    let end = longest.min(text.len());
    let whole_characters = (0..=end).rev().find_map(|end| text.get(..end));
    whole_characters.unwrap_or_default()
}

#[cfg(test)]
mod tests;
