//! Takes secrets out of texts that came from outside.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A piece of a secret at least this long is scrubbed even where the rest of the secret is not there.
const SHORTEST_PIECE: usize = 8;
/// How much of a foreign text is looked at, in bytes.
const LONGEST_TEXT: usize = 1024;
const MARK: &str = "[scrubbed]";

/// Replaces every secret in play by a mark: raw, percent-encoded or base64, whole or a piece of eight bytes and more.
///
/// ```
/// use token_core::{Scrubber, Secret};
///
/// let scrubber = Scrubber::new([&Secret::from("s3cr3t/token")]);
/// assert_eq!(scrubber.scrub("bad token s3cr3t%2ftoken!", 256), "bad token [scrubbed]!");
/// ```
pub struct Scrubber {
    forms: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrubber {
    /// A scrubber for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let forms = secrets
            .into_iter()
            .filter(|secret| !secret.is_empty())
            .flat_map(|secret| forms_of(secret.expose()))
            .map(|form| Zeroizing::new(form.to_ascii_lowercase().into_bytes()))
            .collect();
        Self { forms }
    }

    /// The text without secrets and without control characters, cut to `longest` characters.
    pub fn scrub(&self, text: &str, longest: usize) -> String {
        let seen = head(text, LONGEST_TEXT);
        let lower = seen.to_ascii_lowercase();
        let mut clean = String::with_capacity(seen.len());
        let mut rest = seen.char_indices();
        while let Some((at, c)) = rest.next() {
            let hidden = lower
                .as_bytes()
                .get(at..)
                .map_or(0, |tail| self.longest_match(tail));
            if hidden == 0 {
                clean.push(if c.is_control() { ' ' } else { c });
                continue;
            }
            clean.push_str(MARK);
            while rest.clone().next().is_some_and(|(next, _)| next < at + hidden) {
                rest.next();
            }
        }
        clean.trim().chars().take(longest).collect()
    }

    fn longest_match(&self, tail: &[u8]) -> usize {
        self.forms
            .iter()
            .map(|form| longest_piece_at_start(form, tail))
            .max()
            .unwrap_or(0)
    }
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} forms)", self.forms.len())
    }
}

/// How many bytes at the start of `tail` spell a piece of `form` that is long enough to tell something; zero if none do.
fn longest_piece_at_start(form: &[u8], tail: &[u8]) -> usize {
    let enough = form.len().min(SHORTEST_PIECE);
    (0..=form.len() - enough)
        .filter_map(|start| form.get(start..))
        .flat_map(|piece| [as_it_is, as_an_escape].map(|percent| spelled(piece, tail, enough, percent)))
        .flatten()
        .max()
        .unwrap_or(0)
}

/// How many bytes of `tail` spell the beginning of `piece`, each character as it is or percent-encoded, where that are `enough` of the
/// piece. Encoders differ in what they leave as it is, so any mixture counts. A percent sign can be read in two ways: `length` chooses.
fn spelled(
    piece: &[u8],
    tail: &[u8],
    enough: usize,
    length: fn(u8, &[u8]) -> Option<usize>,
) -> Option<usize> {
    let (mut rest, mut known) = (tail, 0);
    for wanted in piece {
        let Some(length) = length(*wanted, rest) else {
            break;
        };
        rest = rest.get(length..)?;
        known += 1;
    }
    (known >= enough).then(|| tail.len() - rest.len())
}

/// The length of one spelled character, where a percent sign is first of all itself.
fn as_it_is(wanted: u8, rest: &[u8]) -> Option<usize> {
    verbatim(wanted, rest).or_else(|| escaped(wanted, rest))
}

/// The length of one spelled character, where a percent sign first of all begins an escape.
fn as_an_escape(wanted: u8, rest: &[u8]) -> Option<usize> {
    escaped(wanted, rest).or_else(|| verbatim(wanted, rest))
}

fn verbatim(wanted: u8, rest: &[u8]) -> Option<usize> {
    let first = *rest.first()?;
    (first == wanted || (first == b'+' && wanted == b' ')).then_some(1)
}

/// `%XX`; everything that is compared is in lower case.
fn escaped(wanted: u8, rest: &[u8]) -> Option<usize> {
    let [b'%', high, low, ..] = rest else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    (byte.to_ascii_lowercase() == wanted).then_some(3)
}

fn forms_of(secret: &str) -> Vec<String> {
    let without_scheme = secret
        .split_once(' ')
        .map(|(_, token)| token)
        .filter(|token| token.len() >= SHORTEST_PIECE);
    [Some(secret), without_scheme]
        .into_iter()
        .flatten()
        .flat_map(|text| {
            let standard = BASE64_STANDARD.encode(text).trim_end_matches('=').to_owned();
            let url_safe = BASE64_URL_SAFE.encode(text).trim_end_matches('=').to_owned();
            [text.to_owned(), standard, url_safe]
        })
        .collect()
}

fn head(text: &str, longest: usize) -> &str {
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|at| *at <= longest)
        .last()
        .unwrap_or(0);
    if text.len() <= longest {
        text
    } else {
        text.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::encoding::percent_encode;

    use super::*;

    fn scrubbed(secret: &str, text: &str) -> String {
        Scrubber::new([&Secret::from(secret)]).scrub(text, 4096)
    }

    #[test]
    fn raw_percent_encoded_and_base64_echoes_are_scrubbed() {
        let secret = "aB+/cD==eF gH";
        for echo in [
            secret.to_owned(),
            percent_encode(secret),
            percent_encode(secret).to_lowercase(),
            percent_encode(secret).replace("%20", "+"),
            BASE64_STANDARD.encode(secret),
            BASE64_URL_SAFE.encode(secret),
        ] {
            let text = scrubbed(secret, &format!("refused: {echo} again {echo}"));
            assert!(!text.contains(&echo), "{text}");
            assert!(text.starts_with("refused: [scrubbed]"), "{text}");
        }
    }

    #[test]
    fn a_token_echoed_without_its_scheme_is_scrubbed() {
        assert_eq!(
            scrubbed("QJWT eyJhbGciOiJIUzI1NiJ9.e30", "no:eyJhbGciOiJIUzI1NiJ9.e30"),
            "no:[scrubbed]"
        );
    }

    // FAULTS.md row 26
    #[test]
    fn however_an_encoder_writes_a_secret_it_is_scrubbed() {
        let secret = "qS5WTd-8UmoJk-DGe6Up5.17~W5_k*x";
        for echo in [
            "qS5WTd%2D8UmoJk%2DDGe6Up5%2E17%7EW5%5Fk%2Ax",
            "qS5WTd-8UmoJk-DGe6Up5.17%7EW5_k*x",
            "%71%53%35%57%54%64%2d%38%55%6d%6f%4a%6b%2d%44%47",
        ] {
            assert_eq!(scrubbed(secret, &format!("no:{echo}!")), "no:[scrubbed]!");
        }
        let base64 = BASE64_STANDARD
            .encode("a secret with a tail?")
            .replace('=', "%3D")
            .replace('/', "%2F");
        assert_eq!(
            scrubbed("a secret with a tail?", &format!("no:{base64}")),
            "no:[scrubbed]"
        );
    }

    #[test]
    fn a_piece_of_a_secret_is_scrubbed() {
        assert_eq!(
            scrubbed("0123456789abcdef", "starts 0123456789ab…"),
            "starts [scrubbed]…"
        );
    }

    #[test]
    fn a_harmless_text_is_left_alone() {
        assert_eq!(
            scrubbed("0123456789abcdef", "Unsupported grant type"),
            "Unsupported grant type"
        );
        assert_eq!(
            Scrubber::new([&Secret::from("")]).scrub("anything", 99),
            "anything"
        );
    }

    #[test]
    fn control_characters_and_endless_texts_are_tamed() {
        assert_eq!(scrubbed("xyz", "a\r\nb\0c"), "a  b c");
        assert_eq!(Scrubber::new([]).scrub(&"é".repeat(5000), 64).chars().count(), 64);
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[ -~]{4,40}", before in "\\PC{0,40}", after in "\\PC{0,40}") {
            // The mark itself may hold a very short secret.
            prop_assume!(!MARK.contains(&secret.to_ascii_lowercase()));
            let text = scrubbed(&secret, &format!("{before}{secret}{after}"));
            let without_marks = text.replace(MARK, "\u{0}");
            prop_assert!(!without_marks.contains(&secret), "{text}");
        }
    }
}
