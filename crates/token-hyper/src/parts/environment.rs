//! Proxies of the environment.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxies of the environment, read when the client is built. A value may contain a password. An
/// empty variable counts as unset.
///
/// ```
/// use token_hyper::parts::Environment;
///
/// let environment = Environment::read();
/// let proxy = environment.https().map(|_| "HTTPS_PROXY or https_proxy is set");
/// ```
pub struct Environment {
    http: Setting,
    https: Setting,
    all: Setting,
    no: Setting,
}

/// One setting in its two spellings. An empty variable counts as unset.
struct Setting {
    used: Option<Variable>,
    hidden_by_an_empty_one: bool,
}

struct Variable {
    name: &'static str,
    value: String,
}

/// The proxies of the environment that a client ignores.
#[derive(Clone)]
pub struct UnusedProxies(Arc<Names>);

struct Names {
    matcher: Matcher,
    http: Option<&'static str>,
    https: Option<&'static str>,
}

impl Environment {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or their small spellings.
    pub fn read() -> Self {
        Self::from_lookup(&|name| std::env::var(name).ok())
    }

    fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        if lookup("REQUEST_METHOD").is_some() {
            // under CGI a client's `Proxy:` header becomes `HTTP_PROXY`, so reqwest ignores all of
            // them
            return Self::from_lookup(&|_| None);
        }
        Self {
            http: Setting::of(["HTTP_PROXY", "http_proxy"], lookup),
            https: Setting::of(["HTTPS_PROXY", "https_proxy"], lookup),
            all: Setting::of(["ALL_PROXY", "all_proxy"], lookup),
            no: Setting::of(["NO_PROXY", "no_proxy"], lookup),
        }
    }

    /// Returns the proxy of `http://` URLs.
    pub fn http(&self) -> Option<&str> {
        self.http.value()
    }

    /// Returns the proxy of `https://` URLs.
    pub fn https(&self) -> Option<&str> {
        self.https.value()
    }

    /// Returns the proxy of all other URLs.
    pub fn all(&self) -> Option<&str> {
        self.all.value()
    }

    /// Returns the hosts that need no proxy.
    pub fn no(&self) -> Option<&str> {
        self.no.value()
    }

    /// Returns whether an empty variable hides its other spelling from what takes it as set.
    pub fn has_hidden(&self) -> bool {
        let all = [&self.http, &self.https, &self.all, &self.no];
        all.iter().any(|setting| setting.hidden_by_an_empty_one)
    }

    /// Returns the proxies for a client that ignores them; `None` if there are none.
    pub fn unused(&self) -> Option<UnusedProxies> {
        let settings = [&self.http, &self.https, &self.all];
        settings.iter().find_map(|setting| setting.name())?;
        let matcher = Matcher::builder()
            .http(self.http.value().unwrap_or_default())
            .https(self.https.value().unwrap_or_default())
            .all(self.all.value().unwrap_or_default())
            .no(self.no.value().unwrap_or_default())
            .build();
        Some(UnusedProxies(Arc::new(Names {
            matcher,
            http: self.http.name().or(self.all.name()),
            https: self.https.name().or(self.all.name()),
        })))
    }
}

impl Setting {
    fn of(names: [&'static str; 2], lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut empty_before = false;
        for name in names {
            match lookup(name) {
                Some(value) if value.trim().is_empty() => empty_before = true,
                Some(value) => {
                    return Self {
                        used: Some(Variable { name, value }),
                        hidden_by_an_empty_one: empty_before,
                    };
                }
                None => {}
            }
        }
        Self {
            used: None,
            hidden_by_an_empty_one: false,
        }
    }

    fn name(&self) -> Option<&'static str> {
        self.used.as_ref().map(|variable| variable.name)
    }

    fn value(&self) -> Option<&str> {
        self.used.as_ref().map(|variable| variable.value.as_str())
    }
}

impl UnusedProxies {
    /// Returns the variable that names a proxy for this URL.
    pub fn for_url(&self, url: &Uri) -> Option<&'static str> {
        self.0.matcher.intercept(url)?;
        match url.scheme_str() {
            Some("http") => self.0.http,
            _ => self.0.https,
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment(…)")
    }
}

impl fmt::Debug for UnusedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnusedProxies(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(set: &'static [(&str, &str)]) -> Environment {
        Environment::from_lookup(&|name| {
            let found = set.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn unused(set: &'static [(&str, &str)], url: &str) -> Option<&'static str> {
        environment(set).unused()?.for_url(&url.parse().unwrap())
    }

    #[test]
    fn nothing_is_searched_for_a_proxy_if_there_is_none() {
        assert!(environment(&[]).unused().is_none());
        let empty = &[("HTTPS_PROXY", ""), ("NO_PROXY", "vendor.example")];
        assert!(environment(empty).unused().is_none());
        assert!(environment(&[("ALL_PROXY", "proxy:1")]).unused().is_some());
    }

    // FAULTS.md row 85
    #[test]
    fn the_variable_that_applies_to_a_url_is_named() {
        let all = &[("ALL_PROXY", "proxy:1"), ("https_proxy", "http://other:1")];
        assert_eq!(unused(all, "https://vendor.example/t"), Some("https_proxy"));
        assert_eq!(unused(all, "http://vendor.example/t"), Some("ALL_PROXY"));
        let except = &[("HTTPS_PROXY", "proxy:1"), ("NO_PROXY", "vendor.example")];
        assert_eq!(unused(except, "https://vendor.example/t"), None);
        assert_eq!(
            unused(except, "https://other.example/t"),
            Some("HTTPS_PROXY")
        );
        let cgi = &[("HTTP_PROXY", "proxy:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(unused(cgi, "http://vendor.example/t"), None);
    }

    // FAULTS.md row 85
    #[test]
    fn an_empty_variable_counts_as_unset() {
        let set = &[
            ("HTTP_PROXY", " "),
            ("http_proxy", "proxy:1"),
            ("ALL_PROXY", ""),
        ];
        assert_eq!(unused(set, "http://vendor.example/t"), Some("http_proxy"));
        assert_eq!(unused(set, "https://vendor.example/t"), None);
        assert!(environment(set).has_hidden());
        assert!(!environment(&[("ALL_PROXY", "")]).has_hidden());
    }
}
