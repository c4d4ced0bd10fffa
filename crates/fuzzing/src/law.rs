//! Laws that hold for every answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use proptest::prelude::*;
use token_core::json::Document;
use token_core::{Answer, Attempt, Error, Outcome, Request, Secret, ServerOffset, percent_encode};

use crate::corpus::Recorded;
use crate::vendor::{NEW_ACCESS, NEW_REFRESH, NOW, Vendor};

/// Marks every part of a redirect's URL that must not be shown.
pub(crate) const MARKER: &str = "zq9marker";

/// The number of characters of a secret that count as a leak.
const PIECE: usize = 8;

/// Reads an answer and checks every law.
///
/// # Errors
///
/// The law that is broken.
pub fn check(vendor: &Vendor, request: &Request, answer: &Recorded) -> Result<(), TestCaseError> {
    let response = answer.response();
    let told = Answer::new(request, &response, NOW, ServerOffset::NONE);
    let read = vendor.endpoint.read(&told, &Attempt::new(NOW, [0; 16]));
    no_rotation_is_lost(vendor, answer, &read)?;
    let Some(error) = error_of(&read) else {
        return Ok(());
    };
    no_secret_is_told(vendor, request, answer, error)?;
    a_host_is_clean(error)
}

fn error_of(read: &Result<Outcome, Error>) -> Option<&Error> {
    match read {
        Err(error) | Ok(Outcome::RefreshTokenOnly { error, .. } | Outcome::Retry(error)) => {
            Some(error)
        }
        Ok(_) => None,
    }
}

fn no_rotation_is_lost(
    vendor: &Vendor,
    answer: &Recorded,
    read: &Result<Outcome, Error>,
) -> Result<(), TestCaseError> {
    let Some(refresh_at) = vendor.refresh_at else {
        return Ok(());
    };
    let is_new = |text: &str| text == NEW_REFRESH;
    let told = Document::parse(&answer.body)
        .is_ok_and(|body| body.text(&[refresh_at]).is_some_and(is_new));
    let is_form = answer
        .headers
        .iter()
        .any(|(_, value)| value.contains("urlencoded"));
    if !told || is_form || !(200..300).contains(&answer.status) {
        return Ok(());
    }
    let kept = match read {
        Ok(Outcome::Issued(token)) => token.refresh().map(Secret::expose),
        Ok(Outcome::RefreshTokenOnly { refresh, .. }) => Some(refresh.expose()),
        _ => None,
    };
    prop_assert_eq!(
        kept,
        Some(NEW_REFRESH),
        "the new refresh token is lost: {:?}",
        read
    );
    Ok(())
}

fn no_secret_is_told(
    vendor: &Vendor,
    request: &Request,
    answer: &Recorded,
    error: &Error,
) -> Result<(), TestCaseError> {
    let told = format!("{error} {error:?} {error:#?}");
    let of_answer = [NEW_ACCESS, NEW_REFRESH]
        .into_iter()
        .filter(|token| brings(answer, token));
    let secrets = request.secrets().chain(&vendor.secrets).map(Secret::expose);
    for secret in secrets.chain(of_answer) {
        prop_assert!(
            !leaks(&told, secret),
            "the secret {secret} is shown: {told}"
        );
    }
    Ok(())
}

/// Whether the token is the whole value of a field.
fn brings(answer: &Recorded, token: &str) -> bool {
    let value = format!("\"{token}\"");
    let body = String::from_utf8_lossy(&answer.body);
    Document::parse(&answer.body).is_ok() && body.contains(&value)
}

/// Whether eight characters of a secret are in a text, verbatim, percent-encoded or in base64.
pub fn leaks(text: &str, secret: &str) -> bool {
    let text = text.to_lowercase();
    let forms = [
        secret.to_owned(),
        percent_encode(secret),
        BASE64_STANDARD_NO_PAD.encode(secret),
    ];
    // Twelve base64 digits contain eight whole bytes, wherever they begin.
    let lengths = [PIECE, PIECE, 12];
    forms.iter().zip(lengths).any(|(form, length)| {
        let form = form.to_lowercase();
        form.as_bytes()
            .windows(length)
            .filter_map(|piece| std::str::from_utf8(piece).ok())
            .any(|piece| text.contains(piece))
    })
}

fn a_host_is_clean(error: &Error) -> Result<(), TestCaseError> {
    let told = format!("{error} {error:?}");
    prop_assert!(
        !told.contains(MARKER),
        "more than the host is shown: {told}"
    );
    let is_clean = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    let host = error.host().unwrap_or_default();
    prop_assert!(
        host.chars().all(is_clean),
        "the host has other characters: {host}"
    );
    Ok(())
}
