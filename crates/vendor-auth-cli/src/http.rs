//! The HTTP client, as the configuration wants it.

use std::time::Duration;

use vendor_auth::types::{HttpClient, SendError, SendFailure, http_fn};
use vendor_auth::{BuildError, ReqwestClient};

use crate::config::Config;
use crate::config::document::resolve;
use crate::failure::Failure;
use crate::text_file;

/// Returns the client that sends token requests.
pub(crate) fn client(config: &Config) -> Result<ReqwestClient, Failure> {
    let settings = &config.http;
    let mut builder =
        ReqwestClient::builder().user_agent(concat!("vendor-auth/", env!("CARGO_PKG_VERSION")));
    builder = match &settings.proxy {
        Some(proxy) if proxy == "direct" => builder,
        Some(proxy) => builder.proxy(proxy),
        None => builder.system_proxy(),
    };
    if let Some(path) = &settings.ca_file {
        let path = resolve(config.path(), path);
        let pem = text_file::read(&path).map_err(|error| {
            let path = path.display();
            config.mistake_in_http("ca_file", format!("{path} cannot be read: {error}"))
        })?;
        builder = builder.add_root_certificates_pem(&pem);
    }
    if let Some(seconds) = settings.connect_timeout_seconds {
        builder = builder.connect_timeout(Duration::from_secs(seconds));
    }
    if let Some(seconds) = settings.read_timeout_seconds {
        builder = builder.read_timeout(Duration::from_secs(seconds));
    }
    builder.build().map_err(|error| mistake(config, &error))
}

/// Returns the mistake that a builder found, with the words of the configuration.
fn mistake(config: &Config, error: &BuildError) -> Failure {
    let text = error.to_string();
    let (key, why) = match error.field() {
        "proxy" if text.contains("credentials") => (
            "proxy",
            "contains credentials; remove it, and set HTTPS_PROXY to the URL with them",
        ),
        "proxy" => (
            "proxy",
            "is not the URL of a proxy; write proxy = \"http://HOST:PORT\" or \"direct\"",
        ),
        "root_certificates" if text.contains("missing on this machine") => (
            "ca_file",
            "is not written, and this machine trusts no authority; install its certificates",
        ),
        "root_certificates" => ("ca_file", "has no certificate in PEM"),
        "connect_timeout" => ("connect_timeout_seconds", "must be 1 or more"),
        "read_timeout" => ("read_timeout_seconds", "must be 1 or more"),
        other => (other, &*text),
    };
    config.mistake_in_http(key, why)
}

/// Returns a client that sends nothing: for commands that only look at the store.
pub(crate) fn offline() -> impl HttpClient {
    http_fn(|_| async { Err(SendError::before_sending(SendFailure::Unsendable)) })
}
