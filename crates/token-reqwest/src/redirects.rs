//! Tells whether a client may follow redirects, from what its `Debug` output shows.

use std::fmt::{self, Write};

const SHOWN: &[u8] = br#"redirect_policy: "Policy(None)""#;

/// Returns whether the client surely follows no redirects. A finished client cannot be asked, but
/// shows its policy. Nothing is allocated.
pub(crate) fn follows_none(client: &reqwest::Client) -> bool {
    let mut search = Search { matched: 0 };
    // The search ends the output with an error as soon as it has found the text.
    _ = write!(search, "{client:?}");
    search.matched == SHOWN.len()
}

/// Searches for [`SHOWN`] in text that comes in pieces.
struct Search {
    matched: usize,
}

impl Write for Search {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for byte in piece.bytes() {
            let expected = SHOWN.get(self.matched).ok_or(fmt::Error)?;
            self.matched = match byte == *expected {
                true => self.matched + 1,
                false => usize::from(SHOWN.first() == Some(&byte)),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reqwest::redirect::Policy;

    use super::*;

    fn client(policy: Policy) -> reqwest::Client {
        reqwest::Client::builder().redirect(policy).build().unwrap()
    }

    #[test]
    fn only_the_policy_none_is_one_that_follows_no_redirects() {
        assert!(follows_none(&client(Policy::none())));
        assert!(!follows_none(&reqwest::Client::new()));
        assert!(!follows_none(&client(Policy::limited(0))));
        assert!(!follows_none(&client(Policy::custom(
            |it| it.error("never")
        ))));
    }

    #[test]
    fn a_header_that_quotes_the_policy_is_not_the_policy() {
        let quoted = http::HeaderValue::from_static("redirect_policy: \"Policy(None)\"");
        let headers = [(http::header::USER_AGENT, quoted)].into_iter().collect();
        let client = reqwest::Client::builder().default_headers(headers);
        assert!(!follows_none(&client.build().unwrap()));
    }
}
