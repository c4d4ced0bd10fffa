//! Maps what hyper and the libraries below it fail with to texts of this crate: their own may quote
//! the host, and rustls the server's certificate.

use std::error::Error;
use std::io::{self, ErrorKind};

use token_core::{ErrorKind as Kind, SendError, SendFailure};

#[cfg(feature = "rustls")]
use super::tls;

/// What is known of why a request failed.
#[derive(Debug)]
pub struct Finding {
    failure: SendFailure,
    detail: Option<String>,
    kind: Option<Kind>,
}

impl Finding {
    /// Creates a finding of which no more is known.
    pub fn bare(failure: SendFailure) -> Self {
        Self {
            failure,
            detail: None,
            kind: None,
        }
    }

    /// Creates a finding with a text, which *must not* contain bytes that the server sent, or a URL.
    pub fn with_detail(failure: SendFailure, detail: impl Into<String>) -> Self {
        Self {
            failure,
            detail: Some(detail.into()),
            kind: None,
        }
    }

    /// Names a variable of the environment whose proxy is ignored, and says what to do, because a
    /// failed connection may need the proxy.
    #[must_use]
    pub fn with_proxy_hint(self, unused_proxy: Option<&'static str>, advice: &str) -> Self {
        let unconnected = matches!(
            self.failure,
            SendFailure::Resolve | SendFailure::Connect | SendFailure::Timeout
        );
        let Some(variable) = unused_proxy.filter(|_| unconnected) else {
            return self;
        };
        let hint = format!("`{variable}` is set but not used: {advice}");
        let detail = match &self.detail {
            Some(detail) => format!("{detail}; {hint}"),
            None => hint,
        };
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// Returns the error of a request of which certainly no byte was sent.
    pub fn before_sending(self) -> SendError {
        let error = SendError::before_sending(self.failure);
        self.describe(error)
    }

    /// Returns the error of a request of which bytes may have been sent.
    pub fn maybe_sent(self) -> SendError {
        let error = SendError::maybe_sent(self.failure);
        self.describe(error)
    }

    fn describe(self, error: SendError) -> SendError {
        let error = match self.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        };
        match self.kind {
            Some(kind) => error.as_kind(kind),
            None => error,
        }
    }
}

/// Returns the error and everything that it wraps. `source()` does not show what an `io::Error`
/// wraps.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| beneath(*cause))
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

/// Returns why TLS failed, if it did.
pub fn tls_failure(error: &(dyn Error + 'static)) -> Option<Finding> {
    #[cfg(feature = "rustls")]
    return causes(error).find_map(|cause| {
        let error = cause.downcast_ref::<rustls::Error>()?;
        Some(Finding {
            kind: tls::is_permanent(error).then_some(Kind::Config),
            ..Finding::with_detail(SendFailure::Tls, tls::why(error))
        })
    });
    #[cfg(not(feature = "rustls"))]
    {
        let _ = error;
        None
    }
}

/// Returns whether the server refused the client's certificate, so that it has read no request. In
/// TLS 1.3 the alert arrives after the request was written: the server sends it instead of finishing
/// the handshake, and never decrypts the request.
pub fn refused_our_certificate(error: &(dyn Error + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    return causes(error)
        .filter_map(|cause| cause.downcast_ref::<rustls::Error>())
        .any(tls::refused_our_certificate);
    #[cfg(not(feature = "rustls"))]
    {
        let _ = error;
        false
    }
}

/// Describes a name that could not be resolved.
pub fn unresolved(error: &(dyn Error + 'static)) -> Finding {
    // a resolver's text may quote the host name; the operating system's does not
    let code = innermost(error).and_then(io::Error::raw_os_error);
    Finding {
        detail: code.map(|code| io::Error::from_raw_os_error(code).to_string()),
        ..Finding::bare(SendFailure::Resolve)
    }
}

/// Returns what a socket reported, if it did: while it was being connected, or later.
pub fn socket_failure(error: &(dyn Error + 'static), connecting: bool) -> Option<Finding> {
    let error = innermost(error)?;
    Some(match (connecting, error.kind()) {
        (true, ErrorKind::UnexpectedEof) => Finding::with_detail(
            SendFailure::Tls,
            "the peer closed the connection during the handshake",
        ),
        (true, ErrorKind::InvalidData) => Finding::bare(SendFailure::Tls),
        (true, _) => Finding::with_detail(SendFailure::Connect, text_of(error)),
        (false, _) => Finding::with_detail(SendFailure::Interrupted, text_of(error)),
    })
}

/// The innermost `io::Error` is that of the socket; the outer ones are wrappers of kind "other".
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last()
}

/// Returns the kind's text, which is the same on every platform. If the standard library has no
/// kind for it, returns the operating system's text.
fn text_of(error: &io::Error) -> String {
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

/// Returns what hyper found wrong with an answer, if it did.
pub fn broken_http(error: &(dyn Error + 'static)) -> Option<Finding> {
    let error = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    Some(if is_too_large(error) {
        Finding::with_detail(SendFailure::TooLong, "the headers")
    } else if error.is_parse() {
        Finding::with_detail(SendFailure::Other, "the answer is not HTTP")
    } else {
        Finding::bare(SendFailure::Interrupted)
    })
}

/// Returns whether the answer has more headers, or longer ones, than can be read on its connection.
pub fn has_too_many_headers(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(is_too_large)
}

fn is_too_large(error: &hyper::Error) -> bool {
    // `is_parse_too_large` needs hyper's feature `server`
    error.to_string().contains("too large")
}
