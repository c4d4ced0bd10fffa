//! The formats in which a token is printed.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::json;
use vendor_auth::types::{ApiOrigin, Timestamp, TokenPlacement};
use vendor_auth::{Secret, Token};

use crate::api_headers::{canonical, not_carried};
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant;

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token
    #[default]
    Text,
    /// An object: access_token, token_type, expires_at, expires_in, generation
    Json,
    /// The headers of an API request, one per line
    Header,
    /// `export` lines for a shell
    Env,
    /// Lines of a .env file
    Dotenv,
    /// An entry of a .netrc file for each API host
    Netrc,
    /// A generic secret for Envoy, in YAML
    Envoy,
}

/// A token to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printed<'a> {
    pub(crate) profile: &'a str,
    username: &'a str,
    pub(crate) token: &'a Token,
    origins: &'a [ApiOrigin],
    now: Timestamp,
}

impl<'a> Printed<'a> {
    /// A token of this profile, which may be sent to these origins.
    pub(crate) fn of(profile: &'a Profile, token: &'a Token, origins: &'a [ApiOrigin]) -> Self {
        Self {
            profile: &profile.name,
            username: profile.username(),
            token,
            origins,
            now: grant::now(),
        }
    }

    /// Returns the text, with a line feed at its end.
    pub(crate) fn to_text(self, format: Format) -> Result<Secret, Failure> {
        let text = match format {
            Format::Text => format!("{}\n", self.access()),
            Format::Json => self.json(),
            Format::Header => self.headers()?,
            Format::Env => self.variables("export ", quoted_for_shell),
            Format::Dotenv => self.variables("", quoted_for_dotenv),
            Format::Netrc => self.netrc()?,
            Format::Envoy => self.envoy()?,
        };
        Ok(Secret::from(text))
    }

    fn access(&self) -> &str {
        self.token.access().expose()
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.token.validity().ends()
    }

    fn json(&self) -> String {
        let left = self.expires_at().map(|end| end.since(self.now).as_secs());
        let object = json!({
            "access_token": self.access(),
            "token_type": token_type(self.token.placement()),
            "expires_at": self.expires_at().map(|end| end.to_string()),
            "expires_in": left,
            "generation": self.token.generation().number(),
        });
        format!("{object}\n")
    }

    fn headers(&self) -> Result<String, Failure> {
        let headers = self.token.headers();
        if headers.is_empty() {
            return Err(Failure::usage(format!(
                "{}: the vendor takes the token as a parameter of the request, not as a header",
                self.profile
            )));
        }
        let mut lines = String::new();
        for (name, value) in &headers {
            // Tokens are printable ASCII: another one is refused when it is read.
            let value = value.to_str().unwrap_or_default();
            let _ = writeln!(lines, "{}: {value}", canonical(name.as_str()));
        }
        Ok(lines)
    }

    fn variables(&self, prefix: &str, quoted: fn(&str) -> String) -> String {
        let mut lines = format!("{prefix}ACCESS_TOKEN={}\n", quoted(self.access()));
        if let Some(end) = self.expires_at() {
            let _ = writeln!(
                lines,
                "{prefix}ACCESS_TOKEN_EXPIRES_AT={}",
                quoted(&end.to_string())
            );
        }
        lines
    }

    fn netrc(&self) -> Result<String, Failure> {
        if *self.token.placement() != TokenPlacement::Bearer {
            let what = "netrc cannot carry; it has passwords only";
            return Err(not_carried(self.profile, self.token, what));
        }
        let mut hosts = Vec::new();
        for host in self.origins.iter().map(ApiOrigin::host) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let entry = |host: &str| {
            // An IPv6 address is looked up without its brackets.
            let (host, user) = (host.trim_matches(['[', ']']), self.username);
            format!("machine {host} login {user} password {}\n", self.access())
        };
        Ok(hosts.into_iter().map(entry).collect())
    }

    fn envoy(&self) -> Result<String, Failure> {
        let headers = self.token.headers();
        let value = headers
            .values()
            .next()
            .and_then(|value| value.to_str().ok());
        let value = value.ok_or_else(|| {
            Failure::usage(format!(
                "{}: the vendor takes the token in no header",
                self.profile
            ))
        })?;
        // JSON's quotes are YAML's too.
        let (name, value) = (json!(self.profile), json!(value));
        Ok(format!(
            "resources:\n\
             - \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret\n\
             \x20 name: {name}\n\
             \x20 generic_secret:\n\
             \x20   secret:\n\
             \x20     inline_string: {value}\n"
        ))
    }
}

/// Returns the token's type, as RFC 6749 section 5.1 and RFC 8693 section 2.2.1 name it.
pub(crate) fn token_type(placement: &TokenPlacement) -> &'static str {
    match placement {
        TokenPlacement::Bearer => "Bearer",
        _ => "N_A",
    }
}

fn quoted_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Quotes as all readers understand it: between double quotes they disagree about `\\` and `$`.
fn quoted_for_dotenv(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('$', r"\$"))
}
