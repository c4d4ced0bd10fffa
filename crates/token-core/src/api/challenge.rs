//! What the challenges of an answer (RFC 9110 section 11.6.1) say about a bearer token.

/// What between two names or values may be. Only a comma is right; servers also write others.
const SEPARATORS: [char; 4] = [' ', '\t', ',', ';'];

/// What challenges say about a bearer token, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Challenge {
    Absent,
    OtherScheme,
    Bearer,
    InvalidToken,
    InsufficientScope,
}

impl Challenge {
    /// Reads one header, which may contain several challenges. Of a quoted string, only the value
    /// of `error` counts.
    pub(super) fn of(header: &str) -> Self {
        let (mut found, mut is_bearer, mut rest) = (Self::OtherScheme, false, header);
        while let Some((name, value, tail)) = next(rest) {
            rest = tail;
            let Some(value) = value else {
                is_bearer = ["bearer", "dpop"]
                    .iter()
                    .any(|scheme| name.eq_ignore_ascii_case(scheme));
                found = if is_bearer {
                    found.max(Self::Bearer)
                } else {
                    found
                };
                continue;
            };
            if is_bearer && name.eq_ignore_ascii_case("error") {
                found = found.max(Self::of_error(value));
            }
        }
        found
    }

    fn of_error(error: &str) -> Self {
        match error.trim().to_ascii_lowercase().as_str() {
            "insufficient_scope" => Self::InsufficientScope,
            "invalid_token" => Self::InvalidToken,
            _ => Self::Bearer,
        }
    }
}

/// Returns the next scheme, or the next parameter with its value, and what follows.
fn next(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let text = text.trim_start_matches(SEPARATORS);
    if text.is_empty() {
        return None;
    }
    if let Some(text) = text.strip_prefix('"') {
        let (stray, rest) = quoted(text);
        return Some(("", Some(stray), rest));
    }
    let (name, rest) = until(text, |c| SEPARATORS.contains(&c) || c == '=' || c == '"');
    let Some(value) = rest.trim_start().strip_prefix('=') else {
        return Some((name, None, rest));
    };
    let value = value.trim_start();
    let (value, rest) = match value.strip_prefix('"') {
        Some(text) => quoted(text),
        None => until(value, |c| SEPARATORS.contains(&c)),
    };
    Some((name, Some(value), rest))
}

/// Splits after the closing quotation mark, which is not part of either half.
fn quoted(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let (value, rest) = until(text, |c| {
        let closes = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes
    });
    (value, rest.strip_prefix('"').unwrap_or(rest))
}

fn until(text: &str, ends: impl FnMut(char) -> bool) -> (&str, &str) {
    let end = text.find(ends).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_parameter_counts_only_by_its_own_name_and_in_its_own_scheme() {
        use Challenge::*;
        for (header, expected) in [
            ("", OtherScheme),
            ("Basic realm=\"for the bearer of a card\"", OtherScheme),
            ("Basic realm=\"a, Bearer error=invalid_token\"", OtherScheme),
            ("Basic error=\"invalid_token\", Bearer", Bearer),
            ("Bearer realm=\"error=invalid_token\"", Bearer),
            ("Bearer realm=\"a \\\" error=invalid_token\"", Bearer),
            ("Bearer x_error=\"invalid_token\"", Bearer),
            ("Bearer error=invalid_token_type", Bearer),
            (
                "Bearer error=\"other\", error=\"invalid_token\"",
                InvalidToken,
            ),
            ("Bearer\terror=invalid_token", InvalidToken),
            ("Bearer error = \"Invalid_Token\"", InvalidToken),
            ("Bearer realm=\"x\"; error=\"invalid_token\"", InvalidToken),
            ("Bearer error=\"invalid_token\" scope=\"a\"", InvalidToken),
            ("Bearer error=\"invalid_token", InvalidToken),
            ("Bearer , error=\"invalid_token\"", InvalidToken),
            (
                "Negotiate YWJj==, Bearer error=\"invalid_token\"",
                InvalidToken,
            ),
            ("DPoP algs=\"ES256\", error=\"invalid_token\"", InvalidToken),
            (
                "Bearer error=\"invalid_token\", error_description=\"not insufficient_scope\"",
                InvalidToken,
            ),
            ("Bearer error=\"insufficient_scope\"", InsufficientScope),
        ] {
            assert_eq!(Challenge::of(header), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn every_header_is_read_to_its_end(header in "[a-zA-Z=\"\\\\,; \t]{0,40}|\\PC{0,20}") {
            let _ = Challenge::of(&header);
        }
    }
}
