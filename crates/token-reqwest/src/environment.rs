//! Proxies of the environment, for reqwest.

use reqwest::{ClientBuilder, NoProxy, Proxy};
use token_hyper::parts::Environment;

/// Makes a client use these proxies. reqwest reads them itself, but treats an empty variable as set.
pub(crate) fn route(settings: ClientBuilder, environment: &Environment) -> ClientBuilder {
    if !environment.has_hidden() {
        return settings;
    }
    let http = proxy(environment.http(), Proxy::http);
    let https = proxy(environment.https(), Proxy::https);
    let all = proxy(environment.all(), Proxy::all);
    let except = NoProxy::from_string(environment.no().unwrap_or_default());
    [http, https, all]
        .into_iter()
        .flatten()
        .fold(settings, |settings, proxy| {
            settings.proxy(proxy.no_proxy(except.clone()))
        })
}

/// Reads a value as reqwest does: `http://` may be left out, and an invalid URL is ignored.
fn proxy(value: Option<&str>, make: fn(String) -> reqwest::Result<Proxy>) -> Option<Proxy> {
    let value = value?;
    if value.contains("://") {
        return make(value.to_owned()).ok();
    }
    make(format!("http://{value}")).ok()
}
