//! Maps errors to texts of this crate: reqwest's errors print the URL, and rustls quotes the
//! server's certificate.

use std::error::Error;
use std::io::{self, ErrorKind};

use token_core::{ErrorKind as Kind, SendError, SendFailure};

use crate::stage::Stage;
#[cfg(feature = "rustls")]
use crate::tls;

/// Maps an error before the answer's first byte. None of its text is passed on. `unused_proxy` is
/// the ignored variable of the environment that names a proxy for this request.
pub(crate) fn no_answer(
    error: &reqwest::Error,
    stage: &Stage,
    unused_proxy: Option<&'static str>,
) -> SendError {
    let finding = find(error);
    if nothing_left(error, stage) {
        let finding = finding.with_proxy_hint(unused_proxy);
        return finding.describe(SendError::before_sending(finding.failure));
    }
    finding.describe(SendError::maybe_sent(finding.failure))
}

/// Returns the error for a timeout before the connection was ready.
pub(crate) fn never_connected(unused_proxy: Option<&'static str>) -> SendError {
    let finding = Finding::bare(SendFailure::Timeout).with_proxy_hint(unused_proxy);
    finding.describe(SendError::before_sending(finding.failure))
}

/// Maps an error in the middle of the answer.
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

    fn with_detail(failure: SendFailure, detail: impl Into<String>) -> Self {
        Self {
            failure,
            detail: Some(detail.into()),
            kind: None,
        }
    }

    /// Names the ignored proxy variable, because a failed connection may need the proxy.
    fn with_proxy_hint(self, unused_proxy: Option<&'static str>) -> Self {
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

/// Returns the most specific cause: a proxy's refusal or a TLS failure is wrapped in generic
/// errors.
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

/// Returns the error and everything that it wraps. `source()` does not show what an `io::Error`
/// wraps.
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

/// hyper-util's tunnel error has no public type, only constant texts.
fn proxy_refusal(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let text = cause.to_string();
    let detail = match text.strip_prefix("tunnel error: ")? {
        "proxy authorization required" => "it requires other credentials",
        "failed to create underlying connection" => "it could not be reached",
        "unexpected end of file" => "it closed the tunnel",
        _ => "it opens no tunnel to this host",
    };
    Some(Finding::with_detail(SendFailure::Proxy, detail))
}

fn tls_failure(cause: &(dyn Error + 'static)) -> Option<Finding> {
    #[cfg(feature = "rustls")]
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(Finding {
            kind: tls::is_permanent(error).then_some(Kind::Config),
            ..Finding::with_detail(SendFailure::Tls, tls::why(error))
        });
    }
    let _ = cause;
    None
}

/// In TLS 1.3 the alert that refuses a client certificate arrives after the request was written.
/// The server sends it instead of finishing the handshake and never decrypts the request, so the
/// request counts as unsent.
fn refused_our_certificate(cause: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return tls::refused_our_certificate(error);
    }
    let _ = cause;
    false
}

/// Without a TLS library, reqwest refuses `https://` with a text, not with an error type.
fn no_tls_built_in(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let detail = "this build of reqwest has no TLS; enable the feature `rustls`";
    let refused = cause.to_string().ends_with("scheme is not http");
    refused.then(|| Finding::with_detail(SendFailure::Unsendable, detail))
}

fn unresolved(error: &reqwest::Error) -> Finding {
    // a resolver's text may quote the host name; the operating system's does not
    let code = innermost(error).and_then(io::Error::raw_os_error);
    Finding {
        detail: code.map(|code| io::Error::from_raw_os_error(code).to_string()),
        ..Finding::bare(SendFailure::Resolve)
    }
}

fn socket_failure(error: &reqwest::Error, connecting: bool) -> Option<Finding> {
    let error = innermost(error)?;
    Some(match (connecting, error.kind()) {
        (true, ErrorKind::UnexpectedEof) => Finding::with_detail(
            SendFailure::Tls,
            "the peer closed the connection during the handshake",
        ),
        (true, ErrorKind::InvalidData) => Finding::bare(SendFailure::Tls),
        (true, _) => Finding::with_detail(SendFailure::Connect, cause(error)),
        (false, _) => Finding::with_detail(SendFailure::Interrupted, cause(error)),
    })
}

/// The innermost `io::Error` is that of the socket; the outer ones are wrappers of kind "other".
fn innermost(error: &reqwest::Error) -> Option<&io::Error> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last()
}

/// Returns the kind's text, which is the same on every platform. If the standard library has no
/// kind for it, returns the operating system's text.
fn cause(error: &io::Error) -> String {
    if let Some(exhausted) = too_many_files(error) {
        return exhausted.to_owned();
    }
    let kind = error.kind().to_string();
    match error.raw_os_error() {
        Some(code) if kind == "uncategorized error" => {
            io::Error::from_raw_os_error(code).to_string()
        }
        _ => kind,
    }
}

/// The standard library has no kind for a lack of file descriptors.
fn too_many_files(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        23 if cfg!(unix) => Some("too many open files on this machine"),
        24 if cfg!(unix) => Some("too many open files: raise the process's limit (`ulimit -n`)"),
        10024 if cfg!(windows) => Some("too many open sockets"),
        _ => None,
    }
}

/// Returns whether the answer has more headers, or longer ones, than can be read on its connection.
pub(crate) fn has_too_many_headers(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(is_too_large)
}

fn is_too_large(error: &hyper::Error) -> bool {
    // `is_parse_too_large` needs hyper's feature `server`
    error.to_string().contains("too large")
}

fn broken_http(cause: &(dyn Error + 'static)) -> Option<Finding> {
    let error = cause.downcast_ref::<hyper::Error>()?;
    Some(if is_too_large(error) {
        Finding::with_detail(SendFailure::TooLong, "the headers")
    } else if error.is_parse() {
        Finding::with_detail(SendFailure::Other, "the answer is not HTTP")
    } else {
        Finding::bare(SendFailure::Interrupted)
    })
}
