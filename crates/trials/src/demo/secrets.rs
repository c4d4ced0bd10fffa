//! No secret in anything that was printed, logged or drawn: the demo searches for every known
//! secret in every form.

use std::collections::HashSet;

use anyhow::{Context as _, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use token_core::{Attempt, Error, percent_encode};
use token_sim::{Echo, Fault};
use token_testkit::endpoint_conformance::echoed_forms;

use super::claim::{Claim, Finding};
use super::setup::Setup;

/// A part of a secret that is at least this long counts as a leak. Shorter secrets count only as a
/// whole.
const PIECE: usize = 12;
const PLANTED: &str = "plAnted/Secret+0123456789==";

/// Every searched part of every form of some secrets, in lower case.
pub(crate) struct Pieces {
    pieces: HashSet<Vec<u8>>,
    lengths: Vec<usize>,
}

impl Pieces {
    /// Returns the parts of these secrets.
    pub(crate) fn of(secrets: &[String]) -> Self {
        let forms = secrets.iter().flat_map(|secret| forms(secret));
        let pieces: HashSet<Vec<u8>> = forms.flat_map(|form| pieces_of(&form)).collect();
        let lengths: HashSet<usize> = pieces.iter().map(Vec::len).collect();
        Self {
            pieces,
            lengths: lengths.into_iter().collect(),
        }
    }

    /// Returns how many places in a text contain one of them.
    pub(crate) fn found_in(&self, text: &str) -> usize {
        let text = text.to_ascii_lowercase();
        let places = |length: usize| {
            let windows = text.as_bytes().windows(length);
            windows
                .filter(|window| self.pieces.contains(*window))
                .count()
        };
        self.lengths.iter().map(|length| places(*length)).sum()
    }
}

/// Makes the vendor quote the token in an error, in three encodings, and formats each error with
/// `Display` and `Debug`.
pub(crate) async fn provoke(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::NoSecret);
    let echoes = [Echo::Raw, Echo::Percent, Echo::Base64];
    let mut marked = 0;
    for echo in echoes {
        setup.sim().fault(Fault::echo(echo));
        let error = refused(setup).await?;
        marked += usize::from(
            error
                .message()
                .is_some_and(|text| text.contains("[scrubbed]")),
        );
        setup.show_error(&error);
    }
    finding.check(
        "what the vendor quotes of a token is scrubbed",
        marked == echoes.len(),
        format!(
            "{marked} of {} errors that quoted the token scrubbed",
            echoes.len()
        ),
    );
    Ok(finding)
}

/// Searches the whole output of one endpoint for its secrets.
pub(crate) fn look(finding: &mut Finding, secrets: &[String], came_out: &[&str]) {
    let pieces = Pieces::of(secrets);
    let found: usize = came_out.iter().map(|text| pieces.found_in(text)).sum();
    let lines: usize = came_out.iter().map(|text| text.lines().count()).sum();
    let planted = came_out.iter().all(|text| finds_what_is_planted(text));
    finding.check(
        "the search finds a planted secret",
        planted,
        if planted {
            "a planted one is found"
        } else {
            "a planted one is not found"
        },
    );
    finding.check(
        "there are secrets to search for",
        secrets.len() >= 8,
        format!("{} secrets", secrets.len()),
    );
    finding.check(
        "none of them leaked",
        found == 0,
        format!("{found} found in {lines} lines"),
    );
}

/// Returns whether a search of this text finds a secret that was put into it, in each form and in
/// part.
fn finds_what_is_planted(text: &str) -> bool {
    let pieces = Pieces::of(&[PLANTED.to_owned()]);
    let part = PLANTED.get(3..3 + PIECE).unwrap_or_default().to_owned();
    let mut shapes = forms(PLANTED);
    shapes.push(part);
    let planted = |shape: &String| pieces.found_in(&format!("{text}{shape}\n")) > 0;
    pieces.found_in(text) == 0 && shapes.iter().all(planted)
}

/// Returns the error of one refresh that never reaches the vendor.
async fn refused(setup: &mut Setup) -> Result<Error> {
    let token = setup
        .history
        .last_token
        .clone()
        .context("there was no token")?;
    let asked = setup.tokens.send_request(
        |attempt| setup.endpoint.refresh(&token, attempt),
        |answer| {
            let attempt = Attempt::new(answer.asked_at(), [0; 16]);
            setup.endpoint.read(answer, &attempt).map(drop)
        },
    );
    asked.await.err().context("a refusal was read as a token")
}

/// Returns the forms in which a vendor may echo a secret, and those in which a program may print
/// it.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}"));
    let bytes = format!("{:?}", secret.as_bytes());
    let in_a_form = percent_encode(secret)
        .replace("%20", "+")
        .replace('~', "%7E");
    let mut forms = echoed_forms(secret);
    forms.extend([
        in_a_form,
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        hex.collect(),
        bytes.trim_matches(['[', ']']).to_owned(),
    ]);
    forms
}

fn pieces_of(form: &str) -> Vec<Vec<u8>> {
    let form = form.to_ascii_lowercase().into_bytes();
    let length = form.len().clamp(1, PIECE);
    form.windows(length).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_and_in_part() {
        assert!(finds_what_is_planted("harmless\n"));
        let pieces = Pieces::of(&["0123456789abcdefghij".to_owned()]);
        assert!(pieces.found_in("…456789ABCDEFG…") > 0);
        assert_eq!(pieces.found_in("…456789abcde…"), 0);
    }

    #[test]
    fn a_short_secret_is_found_whole() {
        let pieces = Pieces::of(&["china1234".to_owned()]);
        assert_eq!(pieces.found_in("pwd=china1234"), 1);
        assert_eq!(pieces.found_in("china123"), 0);
    }

    #[test]
    fn a_leaked_secret_fails_the_claim() {
        let secrets: Vec<String> = (0..8)
            .map(|n| format!("secret-number-{n}-{n}{n}{n}"))
            .collect();
        let is_clean = |text: &str| {
            let mut finding = Finding::of(Claim::NoSecret);
            look(&mut finding, &secrets, &[text]);
            finding.is_met()
        };
        assert!(is_clean("nothing here"));
        assert!(!is_clean("a log with secret-number-3-333 in it"));
    }

    #[test]
    fn a_search_for_nothing_proves_nothing() {
        let mut finding = Finding::of(Claim::NoSecret);
        look(&mut finding, &[], &["text"]);
        assert!(!finding.is_met());
    }
}
