//! What a request with the token needs of ureq's settings.

use http::Request;
use http::request::Parts;
use token_core::ErrorKind;
use ureq::config::Config;
use ureq::{Error, RequestExt};

/// What a status of 4xx or 5xx becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusAs {
    /// An error, as the agent is set.
    Error,
    /// What ureq has made of it.
    Sent,
}

/// Sets a request so that ureq follows no redirect, since it would send all headers but
/// `Authorization` on to another host, and so that answers with an error status can be read.
///
/// The latter not if the request has settings of its own: they cannot be read, so that the caller's
/// could not be restored.
pub(crate) fn for_the_token(parts: Parts, agent: &Config) -> Result<(Parts, StatusAs), Error> {
    let extensions = parts.extensions.len();
    let request = Request::from_parts(parts, ());
    let config = request.middleware_config().ok_or_else(not_by_an_agent)?;
    let request = config.max_redirects(0).build();
    if request.extensions().len() == extensions || !agent.http_status_as_error() {
        return Ok((request.into_parts().0, StatusAs::Sent));
    }
    let config = request.middleware_config().ok_or_else(not_by_an_agent)?;
    let request = config.http_status_as_error(false).build();
    Ok((request.into_parts().0, StatusAs::Error))
}

fn not_by_an_agent() -> Error {
    let what = "the request was not sent by an agent: use `token_ureq::agent`";
    Error::Other(Box::new(token_core::Error::new(ErrorKind::Config, what)))
}
