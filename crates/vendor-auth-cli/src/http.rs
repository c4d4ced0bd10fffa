//! The HTTP client, as the configuration wants it.

use std::fs;
use std::time::Duration;

use vendor_auth::ReqwestClient;
use vendor_auth::types::{HttpClient, SendError, SendFailure, http_fn};

use crate::config::Config;
use crate::config::paths::resolve;
use crate::failure::Failure;

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
        let pem = fs::read_to_string(&path).map_err(|error| {
            let path = path.display();
            Failure::config(format!("`http.ca_file`: {path} cannot be read: {error}"))
        })?;
        builder = builder.add_root_certificates_pem(&pem);
    }
    if let Some(seconds) = settings.connect_timeout_seconds {
        builder = builder.connect_timeout(Duration::from_secs(seconds));
    }
    if let Some(seconds) = settings.read_timeout_seconds {
        builder = builder.read_timeout(Duration::from_secs(seconds));
    }
    builder
        .build()
        .map_err(|error| Failure::config(format!("{}: `[http]`: {error}", config.path().display())))
}

/// Returns a client that sends nothing: for commands that only look at the store.
pub(crate) fn offline() -> impl HttpClient {
    http_fn(|_| async { Err(SendError::before_sending(SendFailure::Unsendable)) })
}
