//! Maps reqwest's errors, which print the URL, to texts of ours.

use token_core::{SendError, SendFailure};
use token_hyper::parts::{
    Finding, broken_http, causes, refused_our_certificate, socket_failure, tls_failure, unresolved,
};

use crate::stage::Stage;

const PROXY_ADVICE: &str = "call `system_proxy()` on the client's builder";

/// Maps an error before the answer's first byte. None of its text is passed on. `unused_proxy` is
/// the ignored variable of the environment that names a proxy for this request.
pub(crate) fn no_answer(
    error: &reqwest::Error,
    stage: &Stage,
    unused_proxy: Option<&'static str>,
) -> SendError {
    match nothing_left(error, stage) {
        true => find(error)
            .with_proxy_hint(unused_proxy, PROXY_ADVICE)
            .before_sending(),
        false => find(error).maybe_sent(),
    }
}

/// Returns the error for a timeout before the connection was ready.
pub(crate) fn never_connected(unused_proxy: Option<&'static str>) -> SendError {
    Finding::bare(SendFailure::Timeout)
        .with_proxy_hint(unused_proxy, PROXY_ADVICE)
        .before_sending()
}

/// Maps an error in the middle of the answer.
pub(crate) fn cut_answer(error: &reqwest::Error) -> SendError {
    find(error).maybe_sent()
}

fn nothing_left(error: &reqwest::Error, stage: &Stage) -> bool {
    stage.proves_nothing_left()
        || error.is_connect()
        || error.is_builder()
        || refused_our_certificate(error)
}

/// Returns the most specific cause: a proxy's refusal or a TLS failure is wrapped in generic
/// errors.
fn find(error: &reqwest::Error) -> Finding {
    let connecting = error.is_connect();
    let bare = |failure, is_so: bool| is_so.then(|| Finding::bare(failure));
    proxy_refusal(error)
        .or_else(|| tls_failure(error))
        .or_else(|| error.is_dns().then(|| unresolved(error)))
        .or_else(|| bare(SendFailure::Timeout, error.is_timeout()))
        .or_else(|| no_tls_built_in(error))
        .or_else(|| bare(SendFailure::Unsendable, error.is_builder()))
        .or_else(|| socket_failure(error, connecting))
        .or_else(|| broken_http(error))
        .or_else(|| bare(SendFailure::Connect, connecting))
        .unwrap_or(Finding::bare(SendFailure::Other))
}

/// hyper-util's tunnel error has no public type, only constant texts.
fn proxy_refusal(error: &reqwest::Error) -> Option<Finding> {
    let texts = causes(error).map(ToString::to_string);
    let refusal = texts
        .filter_map(|text| text.strip_prefix("tunnel error: ").map(str::to_owned))
        .next()?;
    let detail = match refusal.as_str() {
        "proxy authorization required" => "it requires other credentials",
        "failed to create underlying connection" => "it could not be reached",
        "unexpected end of file" => "it closed the tunnel",
        _ => "it opens no tunnel to this host",
    };
    Some(Finding::with_detail(SendFailure::Proxy, detail))
}

/// Without a TLS library, reqwest refuses `https://` with a text, not with an error type.
fn no_tls_built_in(error: &reqwest::Error) -> Option<Finding> {
    let detail = "this build of reqwest has no TLS; enable the feature `rustls`";
    causes(error)
        .any(|cause| cause.to_string().ends_with("scheme is not http"))
        .then(|| Finding::with_detail(SendFailure::Unsendable, detail))
}
