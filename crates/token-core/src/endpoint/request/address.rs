//! The URL of a request.

use http::Uri;
use http::uri::PathAndQuery;

use crate::error::{Error, ErrorKind};

pub(super) const NOT_A_URL: &str = "the endpoint's path does not form a valid URL";

/// Returns the URL with this query after its own one.
pub(super) fn with_query(uri: Uri, query: &str) -> Result<Uri, Error> {
    let mut parts = uri.into_parts();
    let path = parts
        .path_and_query
        .as_ref()
        .map_or("/", PathAndQuery::as_str);
    let extended = PathAndQuery::try_from([path, "?", query].concat());
    parts.path_and_query = Some(extended.map_err(not_a_url)?);
    Uri::from_parts(parts).map_err(not_a_url)
}

pub(super) fn uri_of(address: String) -> Result<Uri, Error> {
    address.try_into().map_err(not_a_url)
}

fn not_a_url<E>(_: E) -> Error {
    Error::new(ErrorKind::Config, NOT_A_URL)
}
