//! Finds secrets in strings and requests.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use http::header::AUTHORIZATION;

use super::leaves::Body;
use token_core::{Request, Secret, Token, percent_encode};

/// Shorter strings occur by chance.
pub(super) const SHORTEST: usize = 8;
const SHORTEST_ECHOED: usize = 4;

/// Returns the forms in which a vendor may echo a secret: raw, percent-encoded, and base64 in both
/// alphabets.
pub fn forms(secret: &str) -> Vec<String> {
    let percent = percent_encode(secret);
    vec![
        secret.to_owned(),
        percent.to_lowercase(),
        percent,
        BASE64_STANDARD
            .encode(secret)
            .trim_end_matches('=')
            .to_owned(),
        BASE64_URL_SAFE
            .encode(secret)
            .trim_end_matches('=')
            .to_owned(),
    ]
}

/// Whether one of these secrets is in the text, in any form.
pub(super) fn shown<'a>(text: &str, secrets: impl IntoIterator<Item = &'a Secret>) -> bool {
    let long = secrets
        .into_iter()
        .filter(|secret| secret.expose().len() >= SHORTEST);
    long.flat_map(|secret| forms(secret.expose()))
        .any(|form| text.contains(&form))
}

/// Whether eight consecutive bytes of `echo` (or all of it, if it is shorter) are in `text` but not
/// in `before`, which has no echo.
pub(super) fn leaked(text: &str, before: &str, echo: &str) -> bool {
    let (text, before, echo) = (
        text.to_lowercase(),
        before.to_lowercase(),
        echo.to_lowercase(),
    );
    let length = SHORTEST.min(echo.len()).max(1);
    let mut pieces = (0..echo.len()).filter_map(|at| echo.get(at..at + length));
    pieces.any(|piece| text.contains(piece) && !before.contains(piece))
}

/// Returns the secrets in a request: the known ones, those that it remembers, and the credentials
/// in `Authorization`.
pub(super) fn carried(request: &Request, known: &[Secret]) -> Vec<String> {
    let scrubber = request.scrubber();
    let texts = texts_of(request);
    let credentials = credentials_of(request);
    let of_known = among(known, &[texts.clone(), credentials.clone()].concat());
    let remembered = texts
        .iter()
        .filter(|text| scrubber.scrub(text, usize::MAX) == "[scrubbed]");
    sorted(
        of_known
            .into_iter()
            .chain(remembered.cloned())
            .chain(credentials.clone()),
    )
}

/// Returns the secrets in a request that its scrubber does not know: known ones, and the password
/// or the token in `Authorization`.
pub(super) fn not_remembered(request: &Request, known: &[Secret]) -> Vec<String> {
    let credentials = credentials_of(request);
    let own = credentials.last().cloned();
    let of_known = among(known, &[texts_of(request), credentials].concat());
    let mut found = sorted(of_known.into_iter().chain(own));
    found.retain(|secret| !is_remembered(request, secret));
    found
}

/// A scrubber also hides every JWT, so that one must also be among the secrets.
fn is_remembered(request: &Request, secret: &str) -> bool {
    let is_known = |known: &Secret| {
        let known = known.expose();
        known.len() >= SHORTEST && (secret.contains(known) || known.contains(secret))
    };
    let is_hidden = !leaked(&request.scrubber().scrub(secret, usize::MAX), "", secret);
    is_hidden && (!secret.contains("eyJ") || request.secrets().any(is_known))
}

fn among(known: &[Secret], texts: &[String]) -> Vec<String> {
    let known = known.iter().map(Secret::expose);
    known
        .filter(|secret| texts.iter().any(|text| text.contains(secret)))
        .map(str::to_owned)
        .collect()
}

fn sorted(secrets: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<_> = secrets
        .filter(|secret| secret.len() >= SHORTEST_ECHOED)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Returns the access and the refresh token. Extras are left out, since they may be a host or a
/// name.
pub(super) fn of_token(token: &Token) -> Vec<Secret> {
    let both = [Some(token.access()), token.refresh()];
    both.into_iter().flatten().cloned().collect()
}

/// Returns what is in `Authorization` after the scheme, and the password in it.
fn credentials_of(request: &Request) -> Vec<String> {
    let sent = request.to_http();
    let Some(value) = sent
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    else {
        return Vec::new();
    };
    let credentials = value
        .split_once(' ')
        .map_or(value, |(_, credentials)| credentials);
    let basic = BASE64_STANDARD
        .decode(credentials)
        .ok()
        .and_then(|pair| String::from_utf8(pair).ok());
    let password = basic.and_then(|pair| Some(pair.split_once(':')?.1.to_owned()));
    [credentials.to_owned()]
        .into_iter()
        .chain(password)
        .collect()
}

fn texts_of(request: &Request) -> Vec<String> {
    let sent = request.to_http();
    let body = String::from_utf8_lossy(sent.body());
    let headers = sent
        .headers()
        .values()
        .filter_map(|value| value.to_str().ok());
    let segments = sent.uri().path().split('/').map(percent_decode);
    let query = sent.uri().query().unwrap_or_default();
    let json = Body::parse(sent.body())
        .map(|body| body.texts())
        .unwrap_or_default();
    values(query)
        .chain(values(&body))
        .chain(segments)
        .chain(headers.map(str::to_owned))
        .chain(json.into_iter().map(|(_, text)| text))
        .collect()
}

fn values(pairs: &str) -> impl Iterator<Item = String> {
    let values = pairs.split('&').filter_map(|pair| pair.split_once('='));
    values.map(|(_, value)| percent_decode(&value.replace('+', " ")))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
