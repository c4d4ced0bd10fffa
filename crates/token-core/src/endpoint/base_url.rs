//! Where a vendor's deployment is.

use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};

use crate::error::BuildError;

/// The address that every path of a vendor is appended to, such as `https://apim.example.com` or
/// `https://example.com/prefix`.
///
/// ```
/// use token_core::{BaseUrl, PlainHttp};
///
/// let base = BaseUrl::parse("https://apim.example.com/tenant/", PlainHttp::Refused)?;
/// assert_eq!(base.host(), "apim.example.com");
/// assert!(BaseUrl::parse("http://apim.example.com", PlainHttp::Refused).is_err());
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// One host has one spelling: letters are lower case, the scheme's own port and a dot at the end of
/// the host are dropped. The name of a grant in a store depends on it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

/// Whether `http://` is taken. It sends secrets in the clear, so it is only for an edge or test
/// deployment that has no TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Only `https://`: the default.
    #[default]
    Refused,
    /// `http://` too, since the caller named it.
    Allowed,
}

impl BaseUrl {
    /// Reads a base URL.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where it is no absolute http(s) URL, has a query, a fragment or user
    /// information, or is `http://` and that was not allowed.
    pub fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, BuildError> {
        let invalid = |why| BuildError::invalid("base_url", why);
        if text.contains('#') {
            return Err(invalid("must not have a fragment"));
        }
        let parts = text
            .trim()
            .parse::<Uri>()
            .map_err(|_| invalid("is not a URL"))?
            .into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("must start with https:// and a host"));
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(invalid("must start with https://"));
        }
        if scheme == Scheme::HTTP && plain_http == PlainHttp::Refused {
            return Err(invalid(
                "is plain http, which sends secrets in the clear: use https, or allow_plain_http()",
            ));
        }
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(invalid("must not have a user, and needs a host"));
        }
        let authority = normalized(&scheme, &authority)
            .ok_or_else(|| invalid("must have a host, and a port from 1 to 65535 if any"))?;
        let path = parts
            .path_and_query
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() {
            return Err(invalid("must not have a query"));
        }
        let prefix = path.path().trim_end_matches('/').to_owned();
        Ok(Self {
            scheme,
            authority,
            prefix,
        })
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The host, and the port where one was given.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host, the port where one was given, and the path: what tells two deployments apart in a
    /// [`TokenKey`](crate::TokenKey). A server may have several at one host.
    ///
    /// ```
    /// use token_core::{BaseUrl, PlainHttp};
    ///
    /// let base = BaseUrl::parse("https://apim.example.com/tenant/", PlainHttp::Refused)?;
    /// assert_eq!(base.deployment(), "apim.example.com/tenant");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    pub fn deployment(&self) -> String {
        format!("{}{}", self.authority, self.prefix)
    }

    /// Whether requests go over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The full address of `path`, which starts with a slash and may have a query. For an authorize
    /// URL that a person opens; a request is built with [`Request`](crate::Request).
    pub fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

/// The host in lower case without a dot at its end, and the port where it is not the scheme's own.
fn normalized(scheme: &Scheme, authority: &Authority) -> Option<Authority> {
    let host = authority.host().to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let port = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port,
        _ => "",
    };
    let own = if *scheme == Scheme::HTTPS {
        "443"
    } else {
        "80"
    };
    let port = port.trim_start_matches('0');
    let text = match port == own || port.is_empty() {
        true => host.to_owned(),
        false => format!("{host}:{port}"),
    };
    let is_known = port.is_empty() || port.parse::<u16>().is_ok();
    text.parse().ok().filter(|_| is_known && !host.is_empty())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_needs_an_opt_in() {
        let refused = BaseUrl::parse("http://edge.local", PlainHttp::Refused).unwrap_err();
        assert!(
            refused.to_string().contains("allow_plain_http()"),
            "{refused}"
        );
        assert!(
            !BaseUrl::parse("http://edge.local", PlainHttp::Allowed)
                .unwrap()
                .is_tls()
        );
    }

    #[test]
    fn a_trailing_slash_does_not_double() {
        let base = BaseUrl::parse("https://example.com:8443/a/", PlainHttp::Refused).unwrap();
        assert_eq!(base.join("/token"), "https://example.com:8443/a/token");
    }

    // FAULTS.md row 73
    #[test]
    fn one_host_has_one_spelling() {
        let spelt = |text| {
            BaseUrl::parse(text, PlainHttp::Allowed)
                .unwrap()
                .to_string()
        };
        for (text, expected) in [
            ("https://LOCALHOST", "https://localhost"),
            (
                "HTTPS://Api.Example.COM/Path",
                "https://api.example.com/Path",
            ),
            ("https://example.com:443", "https://example.com"),
            ("https://example.com:0443", "https://example.com"),
            ("https://example.com:", "https://example.com"),
            ("http://example.com:80/", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://example.com:80", "https://example.com:80"),
            ("https://example.com.", "https://example.com"),
            ("https://example.com.:8443", "https://example.com:8443"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(spelt(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for text in [
            "https://a:99999",
            "https://a:x",
            "https://.",
            "",
            "example.com",
            "ftp://example.com",
            "https://u:p@example.com",
            "https://a/?q=1",
            "https://a/#f",
            "/a",
        ] {
            assert!(BaseUrl::parse(text, PlainHttp::Allowed).is_err(), "{text}");
        }
    }
}
