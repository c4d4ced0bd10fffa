//! How the grant of a profile begins.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::Uri;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::quectel::EndUser;

/// How the first token of a profile is obtained.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// A person authorizes the program with a browser.
    Browser(BrowserLogin),
    /// A person has a password.
    Password(PasswordLogin),
    /// A refresh token begins the grant.
    RefreshToken,
    /// The program logs in itself, with its credentials.
    Unneeded,
}

impl Login {
    /// Returns whether a person has to do something.
    pub(crate) fn asks_a_person(&self) -> bool {
        matches!(self, Self::Browser(_) | Self::Password(_))
    }
}

/// A login with a browser.
#[derive(Clone, Debug)]
pub(crate) struct BrowserLogin {
    pub(crate) server: AuthorizationServer,
    pub(crate) redirect: Redirect,
}

/// The server that a person authorizes the program at.
#[derive(Clone, Debug)]
pub(crate) enum AuthorizationServer {
    OAuth2 {
        endpoint: OAuth2,
        /// More parameters of the authorization URL.
        parameters: BTreeMap<String, String>,
    },
    PrivateCloud(PrivateCloud),
}

/// A login with a password.
#[derive(Clone, Debug)]
pub(crate) struct PasswordLogin {
    pub(crate) endpoint: EndUser,
    /// The email address or the phone number; asked for if it is not written.
    pub(crate) account: Option<String>,
    /// What the account is. Default: an email address if it has an `@`.
    pub(crate) name_kind: Option<NameKind>,
    /// The international code of a phone number.
    pub(crate) country_code: Option<String>,
}

/// What a person logs in with.
#[derive(Clone, Copy, Debug, serde::Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NameKind {
    Email,
    Phone,
}

/// Where the browser comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// `http://127.0.0.1:PORT/PATH` (RFC 8252 section 7.3). Port 0 is a free one.
    Loopback { port: u16, path: String },
    /// As it is registered, on this machine.
    FixedLoopback {
        uri: String,
        addresses: Vec<SocketAddr>,
        path: String,
    },
    /// As it is registered, elsewhere: a person brings it back.
    Elsewhere { uri: String },
}

impl Redirect {
    /// Reads `redirect_port` and `redirect_path`. A failure completes "`redirect_path`: …".
    pub(super) fn loopback(port: Option<u16>, path: Option<&str>) -> Result<Self, String> {
        let path = path.unwrap_or("/callback");
        let uri: Option<Uri> = format!("http://127.0.0.1{path}").parse().ok();
        let is_path = uri.is_some_and(|uri| uri.path() == path && uri.query().is_none());
        match is_path && path.starts_with('/') {
            true => Ok(Self::Loopback {
                port: port.unwrap_or(0),
                path: path.to_owned(),
            }),
            false => Err("is not a path; write redirect_path = \"/callback\"".to_owned()),
        }
    }

    /// Reads `redirect_uri`. A failure completes "`redirect_uri`: …".
    pub(super) fn fixed(uri: &str) -> Result<Self, String> {
        let wrong = || {
            "is not an absolute URL; write redirect_uri = \"http://127.0.0.1:8400/callback\", \
             or what is registered at the vendor"
                .to_owned()
        };
        let parsed: Uri = uri.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(host)) = (parsed.scheme_str(), parsed.host()) else {
            return Err(wrong());
        };
        let addresses = match scheme {
            "http" => loopback_addresses(host, parsed.port_u16().unwrap_or(80)),
            "https" => Vec::new(),
            _ => return Err(wrong()),
        };
        Ok(match addresses.is_empty() {
            true => Self::Elsewhere {
                uri: uri.to_owned(),
            },
            false => Self::FixedLoopback {
                uri: uri.to_owned(),
                addresses,
                path: parsed.path().to_owned(),
            },
        })
    }
}

fn loopback_addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    match host {
        "127.0.0.1" => vec![v4],
        "[::1]" => vec![v6],
        "localhost" => vec![v4, v6],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_to_this_machine_is_listened_to_and_another_is_not() {
        let addresses = |uri: &str| match Redirect::fixed(uri) {
            Ok(Redirect::FixedLoopback { addresses, .. }) => addresses.len(),
            Ok(_) => 0,
            Err(_) => usize::MAX,
        };
        assert_eq!(addresses("http://127.0.0.1:8400/cb?app=1"), 1);
        assert_eq!(addresses("http://[::1]:8400/cb"), 1);
        assert_eq!(addresses("http://localhost:8400/"), 2);
        assert_eq!(addresses("https://localhost:8400/"), 0);
        assert_eq!(addresses("http://127.0.0.1.example.com/cb"), 0);
        assert_eq!(addresses("https://app.example.com/cb"), 0);
        for wrong in ["app:/cb", "/cb", "127.0.0.1:8400", "ftp://127.0.0.1/cb", ""] {
            assert_eq!(addresses(wrong), usize::MAX, "{wrong}");
        }
    }

    #[test]
    fn a_redirect_path_is_a_path_alone() {
        for wrong in ["callback", "/a?b=c", "/a#b", "/a b", "@example.com/", ""] {
            assert!(Redirect::loopback(None, Some(wrong)).is_err(), "{wrong}");
        }
        assert!(Redirect::loopback(Some(8400), Some("/")).is_ok());
    }
}
