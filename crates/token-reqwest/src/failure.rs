//! What broke, told in words of our own: reqwest's errors print the URL, and rustls quotes the
//! server's certificate.

use std::error::Error;
use std::io::{self, ErrorKind};

use token_core::{ErrorKind as Kind, SendError, SendFailure};

use crate::stage::Stage;
#[cfg(feature = "rustls")]
use crate::tls;

/// What an error before the answer's first byte means. No text of it is passed on. `unused_proxy`
/// names the environment's setting that would have taken the request another way.
pub(crate) fn no_answer(
    error: &reqwest::Error,
    stage: &Stage,
    unused_proxy: Option<&'static str>,
) -> SendError {
    let finding = find(error);
    if nothing_left(error, stage) {
        let finding = finding.blaming(unused_proxy);
        return finding.describe(SendError::before_sending(finding.failure));
    }
    finding.describe(SendError::maybe_sent(finding.failure))
}

/// The time was over before there was a connection.
pub(crate) fn never_connected(unused_proxy: Option<&'static str>) -> SendError {
    let finding = Finding::bare(SendFailure::Timeout).blaming(unused_proxy);
    finding.describe(SendError::before_sending(finding.failure))
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
    kind: Option<Kind>,
}

impl Finding {
    fn bare(failure: SendFailure) -> Self {
        Self {
            failure,
            detail: None,
            kind: None,
        }
    }

    fn because(failure: SendFailure, detail: impl Into<String>) -> Self {
        Self {
            failure,
            detail: Some(detail.into()),
            kind: None,
        }
    }

    /// A connection that could not be made may have needed the proxy that the environment names.
    fn blaming(self, unused_proxy: Option<&'static str>) -> Self {
        let unconnected = matches!(
            self.failure,
            SendFailure::Resolve | SendFailure::Connect | SendFailure::Timeout
        );
        let Some(variable) = unused_proxy.filter(|_| unconnected) else {
            return self;
        };
        let hint = format!(
            "`{variable}` is set but not used: call `system_proxy()` on the client's builder"
        );
        let detail = match &self.detail {
            Some(detail) => format!("{detail}; {hint}"),
            None => hint,
        };
        Self {
            detail: Some(detail),
            ..self
        }
    }

    fn describe(&self, error: SendError) -> SendError {
        let error = match &self.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        };
        match self.kind {
            Some(kind) => error.as_kind(kind),
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
        .or_else(|| error.is_dns().then(|| unresolved(error)))
        .or_else(|| {
            error
                .is_timeout()
                .then(|| Finding::bare(SendFailure::Timeout))
        })
        .or_else(|| causes(error).find_map(no_tls_built_in))
        .or_else(|| {
            error
                .is_builder()
                .then(|| Finding::bare(SendFailure::Unsendable))
        })
        .or_else(|| socket_failure(error, connecting))
        .or_else(|| causes(error).find_map(broken_http))
        .unwrap_or(Finding::bare(if connecting {
            SendFailure::Connect
        } else {
            SendFailure::Other
        }))
}

/// The error and all that it wraps. An `io::Error` hides what it wraps from `source()`.
pub(crate) fn causes<'a>(
    error: &'a reqwest::Error,
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause| beneath(*cause))
}

fn beneath<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
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
        return Some(Finding {
            kind: tls::is_permanent(error).then_some(Kind::Config),
            ..Finding::because(SendFailure::Tls, tls::why(error))
        });
    }
    let _ = cause;
    None
}

/// A client certificate is refused with an alert that TLS 1.3 delivers after the request was
/// written. The server sends it in place of finishing the handshake, so it never decrypts the
/// request: as good as unsent.
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

fn unresolved(error: &reqwest::Error) -> Finding {
    // a resolver's text may quote the name; the operating system's does not
    let code = innermost(error).and_then(io::Error::raw_os_error);
    Finding {
        detail: code.map(|code| io::Error::from_raw_os_error(code).to_string()),
        ..Finding::bare(SendFailure::Resolve)
    }
}

fn socket_failure(error: &reqwest::Error, connecting: bool) -> Option<Finding> {
    let error = innermost(error)?;
    Some(match (connecting, error.kind()) {
        (true, ErrorKind::UnexpectedEof) => Finding::because(
            SendFailure::Tls,
            "the other side hung up during the handshake",
        ),
        (true, ErrorKind::InvalidData) => Finding::bare(SendFailure::Tls),
        (true, _) => Finding::because(SendFailure::Connect, cause(error)),
        (false, _) => Finding::because(SendFailure::Interrupted, cause(error)),
    })
}

/// The innermost `io::Error` is the socket's own, the outer ones are wrappers that say "other".
fn innermost(error: &reqwest::Error) -> Option<&io::Error> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last()
}

/// The kind's text, which is the same everywhere. What the standard library has no kind for (too
/// many open files) is called by the operating system's own text.
fn cause(error: &io::Error) -> String {
    let kind = error.kind().to_string();
    match error.raw_os_error() {
        Some(code) if kind == "uncategorized error" => {
            io::Error::from_raw_os_error(code).to_string()
        }
        _ => kind,
    }
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
