//! Which proxy is used, and which is set and not used.

use hyper_util::client::proxy::matcher::Matcher;
use vendor_auth::types::reexports::http::Uri;

use super::finding::Report;
use super::target::{Next, Target};
use crate::config::Config;
use crate::failure::CONFIG;

const CHECK: &str = "proxy";

/// Returns where the connection goes.
pub(super) fn route(config: &Config, target: &Target, report: &Report) -> Next {
    let environment = Environment::read(target.is_tls);
    let used = match &config.http.proxy {
        Some(direct) if direct == "direct" => {
            report.ok(CHECK, "`http.proxy` is \"direct\": none is used");
            None
        }
        Some(proxy) => configured(proxy, &environment, report),
        None => environment.route(target, report),
    };
    used.unwrap_or_else(|| target.into())
}

fn configured(proxy: &str, environment: &Environment, report: &Report) -> Option<Next> {
    let Some(next) = proxy.parse().ok().and_then(|uri: Uri| next_of(&uri)) else {
        report.fail(
            CHECK,
            CONFIG,
            "`http.proxy` is not a URL of a proxy",
            "write proxy = \"http://HOST:PORT\"",
        );
        return None;
    };
    let place = format!("`http.proxy` {}:{} is used", next.host, next.port);
    report.ok(
        CHECK,
        match &environment.used {
            Some((name, _)) => format!("{place}, and {name} is not"),
            None => place,
        },
    );
    Some(next)
}

/// The proxy variables that concern one scheme.
struct Environment {
    /// The name and the value.
    used: Option<(&'static str, String)>,
    /// That of the other scheme.
    other: Option<&'static str>,
    no: String,
    is_cgi: bool,
}

impl Environment {
    fn read(is_tls: bool) -> Self {
        let http = ["HTTP_PROXY", "http_proxy"];
        let https = ["HTTPS_PROXY", "https_proxy"];
        let (own, other) = if is_tls { (https, http) } else { (http, https) };
        let used = first_set(own).or_else(|| first_set(["ALL_PROXY", "all_proxy"]));
        Self {
            used,
            other: first_set(other).map(|(name, _)| name),
            no: first_set(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, it)| it),
            // Under CGI, a client's `Proxy:` header becomes HTTP_PROXY.
            is_cgi: std::env::var_os("REQUEST_METHOD").is_some(),
        }
    }

    fn route(&self, target: &Target, report: &Report) -> Option<Next> {
        let Some((name, value)) = &self.used else {
            self.none_applies(target, report);
            return None;
        };
        if self.is_cgi {
            let found = format!("{name} is set and not used: REQUEST_METHOD is set, as for CGI");
            report.warn(CHECK, found, "write `proxy` under `[http]`");
            return None;
        }
        let uri = target.root()?;
        if let Some(next) = intercept(value, &self.no, &uri) {
            let found = format!("{name}: {}:{} is used", next.host, next.port);
            report.ok(CHECK, found);
            return Some(next);
        }
        match intercept(value, "", &uri) {
            Some(_) => {
                let host = &target.host;
                let found = format!("{name} is set and not used: NO_PROXY names {host}");
                report.ok(CHECK, found);
            }
            None => {
                let found = format!("{name} is set and not used: it is not a URL of a proxy");
                report.warn(CHECK, found, "set it to http://HOST:PORT");
            }
        }
        None
    }

    fn none_applies(&self, target: &Target, report: &Report) {
        let (scheme, wanted) = match target.is_tls {
            true => ("https", "HTTPS_PROXY"),
            false => ("http", "HTTP_PROXY"),
        };
        match self.other {
            Some(other) => report.warn(
                CHECK,
                format!("{other} is set and not used: the URL is {scheme}://"),
                &format!("if the vendor is reached through a proxy, set {wanted}"),
            ),
            None => report.ok(CHECK, "none is set"),
        }
    }
}

/// An empty variable counts as unset.
fn first_set(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.trim().is_empty()).then_some((name, value))
    })
}

fn intercept(value: &str, no: &str, uri: &Uri) -> Option<Next> {
    let matcher = Matcher::builder().all(value).no(no).build();
    next_of(matcher.intercept(uri)?.uri())
}

/// Returns the host and the port. User and password are not shown.
fn next_of(uri: &Uri) -> Option<Next> {
    let default = match uri.scheme_str() {
        Some("https") => 443,
        Some("socks4" | "socks4a" | "socks5" | "socks5h") => 1080,
        _ => 80,
    };
    Some(Next {
        host: uri.host()?.to_owned(),
        port: uri.port_u16().unwrap_or(default),
        is_proxy: true,
    })
}
