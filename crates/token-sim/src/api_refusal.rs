//! Refusals by the protected resource.

/// Why the protected resource refuses the next request, whatever its token. See
/// [`Server::refuse_next_api_request`](crate::Server::refuse_next_api_request).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiRefusal {
    /// The token is not accepted, as if it had been revoked. HTTP 401 by default, with the vendor's
    /// code.
    Token,
    /// The token is good and lacks a right. HTTP 403 by default, with the vendor's code.
    Rights,
    /// There were too many requests. HTTP 429 by default, with the vendor's code if it documents
    /// one.
    TooManyRequests,
}
