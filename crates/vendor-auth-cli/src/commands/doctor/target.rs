//! Where a profile's token requests go.

use std::net::IpAddr;

use vendor_auth::types::reexports::http::Uri;
use vendor_auth::types::{Attempt, Request, Timestamp, Token, Validity};
use vendor_auth::{Secret, TokenEndpoint};

use super::finding::Report;

/// The scheme, host and port of the token endpoint.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

/// Where the connection goes: to the target, or to a proxy.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_proxy: bool,
}

impl Target {
    /// Builds a request without a credential, and looks at its URL.
    pub(super) fn of(endpoint: &dyn TokenEndpoint) -> Option<Self> {
        let uri = first_request(endpoint)?.to_http().uri().clone();
        let is_tls = uri.scheme_str() == Some("https");
        Some(Self {
            host: uri.host()?.to_owned(),
            port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            is_tls,
        })
    }

    /// Returns the root of the server, which needs no credential.
    pub(super) fn root(&self) -> Option<Uri> {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}:{}/", self.host, self.port)
            .parse()
            .ok()
    }

    pub(super) fn judge_scheme(&self, report: &Report) {
        let Self { host, port, .. } = self;
        if self.is_tls {
            return report.ok("url", format!("https://{host}:{port}"));
        }
        let found = format!("http://{host}:{port} is not encrypted");
        match is_loopback(host) {
            true => report.ok("url", format!("{found}, and does not leave this machine")),
            false => report.warn(
                "url",
                format!("{found}: everybody on the way reads secrets and tokens"),
                "write https://, if the server has it",
            ),
        }
    }
}

impl From<&Target> for Next {
    fn from(target: &Target) -> Self {
        Self {
            host: target.host.clone(),
            port: target.port,
            is_proxy: false,
        }
    }
}

/// Returns a request that is not sent.
fn first_request(endpoint: &dyn TokenEndpoint) -> Option<Request> {
    let attempt = Attempt::new(Timestamp::from_unix_seconds(1), [0; 16]);
    let token = Token::builder(Secret::from("omitted"), Validity::expired());
    let token = token.refresh(Secret::from("omitted")).build().ok()?;
    let refresh = endpoint.refresh(&token, &attempt).ok();
    refresh.or_else(|| endpoint.login(&attempt)?.ok())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse();
    host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
}
