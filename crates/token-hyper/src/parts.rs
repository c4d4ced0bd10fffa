//! What a client of token endpoints needs that goes over hyper, also within another library:
//! `token-reqwest` is made of these parts. For a client of your own, beside
//! [`HttpClient`](token_core::HttpClient).

mod answer;
mod environment;
mod failure;
mod per_host;
mod settings;
mod time;
#[cfg(feature = "rustls")]
mod tls;

pub use self::answer::{Body, MOST_HEADERS_READ, check_headers, decompressed};
pub use self::environment::{Environment, UnusedProxies};
pub use self::failure::{
    Finding, broken_http, causes, has_too_many_headers, refused_our_certificate, socket_failure,
    tls_failure, unresolved,
};
pub use self::per_host::{PerHost, waited_for_others};
pub use self::settings::{nonzero, requests_per_host, user_agent};
pub use self::time::{TimeLeft, TimedOut};

/// How many requests to one scheme, host and port are under way at the same time by default.
pub const MOST_REQUESTS: u16 = 64;

/// How long a connection is kept without a request. Servers close theirs after 2 seconds at the
/// earliest by default, so that few requests are sent as their connection closes.
pub const IDLE: std::time::Duration = std::time::Duration::from_secs(1);
