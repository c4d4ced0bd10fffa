//! What broke, told in words of our own: reqwest's errors print the URL, and rustls quotes the server's certificate.

use std::error::Error;
use std::io::{self, ErrorKind};

use token_core::{SendError, SendFailure};

use crate::stage::Stage;
#[cfg(feature = "rustls")]
use crate::tls;

/// What an error before the answer's first byte means. No text of it is passed on.
pub(crate) fn no_answer(error: &reqwest::Error, stage: &Stage) -> SendError {
    let finding = find(error);
    if nothing_left(error, stage) {
        return finding.describe(SendError::before_sending(finding.failure));
    }
    finding.describe(SendError::maybe_sent(finding.failure))
}

/// What an error in the middle of the answer means.
pub(crate) fn cut_answer(error: &reqwest::Error) -> SendError {
    let finding = find(error);
    finding.describe(SendError::maybe_sent(finding.failure))
}

fn nothing_left(error: &reqwest::Error, stage: &Stage) -> bool {
    let never_read = causes(error).any(refused_our_certificate);
    stage.proves_nothing_left() || error.is_connect() || error.is_builder() || never_read
}

struct Finding {
    failure: SendFailure,
    detail: Option<String>,
}

impl Finding {
    fn bare(failure: SendFailure) -> Self {
        Self {
            failure,
            detail: None,
        }
    }

    fn because(failure: SendFailure, detail: impl Into<String>) -> Self {
        Self {
            failure,
            detail: Some(detail.into()),
        }
    }

    fn describe(&self, error: SendError) -> SendError {
        match &self.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    }
}

/// The most telling cause wins: a proxy's refusal and a TLS failure come wrapped in plainer ones.
fn find(error: &reqwest::Error) -> Finding {
    let connecting = error.is_connect();
    causes(error)
        .find_map(proxy_refusal)
        .or_else(|| causes(error).find_map(tls_failure))
        .or_else(|| error.is_dns().then(|| Finding::bare(SendFailure::Resolve)))
        .or_else(|| error.is_timeout().then(|| Finding::bare(SendFailure::Timeout)))
        .or_else(|| causes(error).find_map(no_tls_built_in))
        .or_else(|| error.is_builder().then(|| Finding::bare(SendFailure::Unsendable)))
        .or_else(|| socket_failure(error, connecting))
        .or_else(|| causes(error).find_map(broken_http))
        .unwrap_or(Finding::bare(if connecting {
            SendFailure::Connect
        } else {
            SendFailure::Other
        }))
}

/// The error and all that it wraps. An `io::Error` hides what it wraps from `source()`.
pub(crate) fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause| beneath(*cause))
}

fn beneath<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => cause.source(),
    }
}

/// hyper-util's tunnel error has no public type: its own constant texts are all there is.
fn proxy_refusal(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let text = cause.to_string();
    let detail = match text.strip_prefix("tunnel error: ")? {
        "proxy authorization required" => "the proxy wants other credentials",
        "failed to create underlying connection" => "the proxy cannot be reached",
        "unexpected end of file" => "the proxy hung up",
        _ => "the proxy opens no tunnel to this host",
    };
    Some(Finding::because(SendFailure::Proxy, detail))
}

fn tls_failure(cause: &(dyn Error + 'static)) -> Option<Finding> {
    #[cfg(feature = "rustls")]
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(Finding::because(SendFailure::Tls, tls::why(error)));
    }
    let _ = cause;
    None
}

/// A client certificate is refused with an alert that TLS 1.3 delivers after the request was written. The server sends it in place
/// of finishing the handshake, so it never decrypts the request: as good as unsent.
fn refused_our_certificate(cause: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return tls::refused_our_certificate(error);
    }
    let _ = cause;
    false
}

/// reqwest without a TLS library refuses `https://` with a text and no type.
fn no_tls_built_in(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let detail = "this build of reqwest has no TLS; switch on the feature `rustls`";
    let refused = cause.to_string().ends_with("scheme is not http");
    refused.then(|| Finding::because(SendFailure::Unsendable, detail))
}

/// The innermost `io::Error` is the socket's own, the outer ones are wrappers that say "other".
fn socket_failure(error: &reqwest::Error, connecting: bool) -> Option<Finding> {
    let kinds = causes(error).filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    let kind = kinds.last()?;
    Some(match (connecting, kind) {
        (true, ErrorKind::UnexpectedEof) => {
            Finding::because(SendFailure::Tls, "the other side hung up during the handshake")
        }
        (true, ErrorKind::InvalidData) => Finding::bare(SendFailure::Tls),
        (true, _) => Finding::because(SendFailure::Connect, kind.to_string()),
        (false, _) => Finding::because(SendFailure::Interrupted, kind.to_string()),
    })
}

fn broken_http(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let error = cause.downcast_ref::<hyper::Error>()?;
    // hyper keeps the question "too large?" for servers
    let too_large = error.to_string().contains("too large");
    Some(if too_large {
        Finding::because(SendFailure::TooLong, "the headers")
    } else if error.is_parse() {
        Finding::because(SendFailure::Other, "the answer is not HTTP")
    } else {
        Finding::bare(SendFailure::Interrupted)
    })
}
