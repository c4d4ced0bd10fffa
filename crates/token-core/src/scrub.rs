//! Takes secrets out of texts that came from outside.

mod escape;
mod reading;

use zeroize::Zeroizing;

use self::reading::{Reading, layers, readings};
use crate::token::secret::Secret;

/// A piece of a secret at least this long is scrubbed even if the rest of the secret is not there.
const SHORTEST_PIECE: usize = size_of::<u64>();
/// A secret shorter than this is scrubbed only where it stands alone: it is part of too many
/// ordinary words.
const SHORTEST_INSIDE_A_WORD: usize = 4;
/// What begins as a JWT does is taken for one from this length on.
const SHORTEST_JWT: usize = 16;
/// How much of a foreign text is looked at, in bytes.
const LONGEST_TEXT: usize = 1024;
const MARK: &str = "[scrubbed]";

/// Replaces every secret in play by a mark, whole or a piece of eight bytes and more.
///
/// ```
/// use token_core::{Scrubber, Secret};
///
/// let scrubber = Scrubber::new([&Secret::from("s3cr3t/token")]);
/// assert_eq!(scrubber.scrub("bad token s3cr3t%2ftoken!", 256), "bad token [scrubbed]!");
/// ```
///
/// A secret is found in any mixture of: as it is, in another case, percent-encoded (also twice), as
/// HTML entities, with `\uXXXX`, `\xXX` and other backslash escapes. It is also found in base64 and
/// hex, of the secret alone or with other text around it. What looks like a JWT is replaced even if
/// nobody knows it.
pub struct Scrubber {
    /// Forms of secrets that are long enough to be found by their pieces.
    long: Vec<Zeroizing<Vec<u8>>>,
    /// Forms of secrets that are only found whole.
    short: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrubber {
    /// A scrubber for these secrets.
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

    /// The text without secrets and without control characters, cut to `longest` characters.
    pub fn scrub(&self, text: &str, longest: usize) -> String {
        self.clean(text, longest, &self.short)
    }

    /// Like [`scrub`](Self::scrub), for a vendor's code such as `invalid_grant`. Secrets of less
    /// than eight bytes are not looked for: a password `test` says nothing about the code
    /// `latest_only`, and a code is no place where a vendor quotes one.
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

    /// Sorts the pieces of the text, which are few, and looks every piece of the secrets up: linear
    /// in the secrets.
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

/// Every piece of eight bytes, as a number.
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

/// A JWT is somebody's token, whoever knows it.
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

/// Where a short secret is, whole; a very short one only between characters that belong to no word.
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

/// The text with one mark for every hidden stretch, and spaces for control characters.
fn render(text: &str, hidden: &[bool]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_mark = false;
    for (at, c) in text.char_indices() {
        let bytes = hidden.get(at..at + c.len_utf8()).unwrap_or_default();
        let is_hidden = bytes.contains(&true);
        match (is_hidden, in_mark) {
            (true, true) => {}
            (true, false) => clean.push_str(MARK),
            (false, _) => clean.push(if c.is_control() { ' ' } else { c }),
        }
        in_mark = is_hidden;
    }
    clean
}

fn head(text: &str, longest: usize) -> &str {
    let end = longest.min(text.len());
    let whole_characters = (0..=end).rev().find_map(|end| text.get(..end));
    whole_characters.unwrap_or_default()
}

#[cfg(test)]
mod tests;
