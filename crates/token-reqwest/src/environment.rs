//! Proxies of the environment.

use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, NoProxy, Proxy};

/// The proxies of the environment, read when the client is built. A value may contain a password.
pub(crate) struct Environment {
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

/// The proxies of the environment that the client ignores.
#[derive(Clone)]
pub(crate) struct UnusedProxies(Arc<Names>);

struct Names {
    matcher: Matcher,
    http: Option<&'static str>,
    https: Option<&'static str>,
}

impl Environment {
    pub(crate) fn read() -> Self {
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

    /// Makes a client use these proxies. reqwest reads them itself, but treats an empty variable as
    /// set.
    pub(crate) fn route(&self, settings: ClientBuilder) -> ClientBuilder {
        let all = [&self.http, &self.https, &self.all, &self.no];
        if !all.iter().any(|setting| setting.hidden_by_an_empty_one) {
            return settings;
        }
        let http = proxy(&self.http, Proxy::http);
        let https = proxy(&self.https, Proxy::https);
        let all = proxy(&self.all, Proxy::all);
        let except = NoProxy::from_string(self.no.value());
        [http, https, all]
            .into_iter()
            .flatten()
            .fold(settings, |settings, proxy| {
                settings.proxy(proxy.no_proxy(except.clone()))
            })
    }

    /// Returns the proxies for a client that ignores them; `None` if there are none.
    pub(crate) fn unused(&self) -> Option<UnusedProxies> {
        let settings = [&self.http, &self.https, &self.all];
        settings.iter().find_map(|setting| setting.name())?;
        let matcher = Matcher::builder()
            .http(self.http.value())
            .https(self.https.value())
            .all(self.all.value())
            .no(self.no.value())
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

    fn value(&self) -> &str {
        self.used
            .as_ref()
            .map_or("", |variable| variable.value.as_str())
    }
}

impl UnusedProxies {
    /// Returns the variable that names a proxy for this URL.
    pub(crate) fn for_url(&self, url: &Uri) -> Option<&'static str> {
        self.0.matcher.intercept(url)?;
        match url.scheme_str() {
            Some("http") => self.0.http,
            _ => self.0.https,
        }
    }
}

/// Reads a value as reqwest does: `http://` may be left out, and an invalid URL is ignored.
fn proxy(setting: &Setting, make: fn(String) -> reqwest::Result<Proxy>) -> Option<Proxy> {
    let value = &setting.used.as_ref()?.value;
    if value.contains("://") {
        return make(value.clone()).ok();
    }
    make(format!("http://{value}")).ok()
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
        assert!(environment(set).http.hidden_by_an_empty_one);
        assert!(!environment(set).all.hidden_by_an_empty_one);
    }
}
