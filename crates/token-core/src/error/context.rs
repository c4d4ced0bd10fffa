use std::fmt;

use crate::endpoint::attempt::Step;
use crate::token::key::TokenKey;

const LONGEST_HOST: usize = 255;

/// The parts of a request that are safe to show, and the key of the cache that sent it.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub(super) step: Option<Step>,
    pub(super) host: Option<String>,
    pub(super) path: Option<String>,
    pub(super) key: Option<TokenKey>,
}

impl Context {
    /// Sets the step, the host and the path of a request. The path must be scrubbed already.
    pub(super) fn set_request(&mut self, step: Step, host: &str, path: String) {
        self.step = Some(step);
        self.set_host(host);
        self.path = Some(path);
    }

    /// Sets the host and clears the path, which may be that of another host. Anything but a host
    /// name with an optional port is dropped.
    pub(super) fn set_host(&mut self, host: &str) {
        let host = host.rsplit('@').next().unwrap_or_default();
        let harmless = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
        self.host = Some(host.to_owned()).filter(|host| harmless && host.len() <= LONGEST_HOST);
        self.path = None;
    }
}

impl fmt::Display for Context {
    /// Writes ` [refresh at example.com:8443/oauth2/token, key acme/…]`, or nothing if nothing is
    /// known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.step.map(|step| step.to_string());
        let address = self.host.as_ref().map(|host| {
            let path = self.path.as_deref().unwrap_or_default();
            format!("{host}{path}")
        });
        let request = [step, address]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" at ");
        let key = self.key.as_ref().map(|key| format!("key {key}"));
        let parts: Vec<_> = [Some(request).filter(|text| !text.is_empty()), key]
            .into_iter()
            .flatten()
            .collect();
        if parts.is_empty() {
            return Ok(());
        }
        write!(f, " [{}]", parts.join(", "))
    }
}
