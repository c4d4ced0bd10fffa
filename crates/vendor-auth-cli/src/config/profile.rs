//! A profile: which token, of which vendor, with which credentials.

use std::cell::RefCell;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vendor_auth::types::{ApiOrigin, BaseUrl, PlainHttp};
use vendor_auth::{BuildError, Secret, TokenEndpoint};

use super::Config;
use super::document::{Document, Lines, Mistake, Table};
use super::login::Login;
use super::secret::SecretSource;
use super::vendors::Vendor;
use crate::failure::Failure;

/// A profile of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) vendor: Vendor,
    pub(crate) common: CommonSettings,
    /// Whether it is one of `vendor-auth sim`.
    pub(crate) is_simulated: bool,
    lines: Lines,
}

/// What profiles of all vendors may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommonSettings {
    /// APIs that get the token beside the vendor's own hosts.
    #[serde(default)]
    pub(crate) api_urls: Vec<String>,
    /// Whether `http://` is allowed.
    #[serde(default)]
    pub(crate) allow_plain_http: bool,
    /// The user name for git and netrc.
    pub(crate) username: Option<String>,
    /// A refresh token from elsewhere, with which the grant begins.
    pub(crate) refresh_token: Option<SecretSource>,
}

/// The keys of [`CommonSettings`].
const COMMON: [&str; 4] = ["api_urls", "allow_plain_http", "username", "refresh_token"];

/// What an endpoint is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// The secrets of the profile.
    Read,
    /// None: the endpoint only names the grant, and sends nothing. No password manager asks
    /// anything.
    Omitted,
}

impl Profile {
    pub(super) fn read<'a>(
        document: &Document<'a>,
        name: &str,
        table: Table<'a>,
    ) -> Result<Self, Failure> {
        let section = format!("profiles.{name}");
        let lines = document.lines(&section, &table);
        let span = table.span();
        let mut table = table.into_inner();
        let mut common = DeTable::new();
        for key in COMMON {
            if let Some((key, value)) = table.remove_entry(key) {
                common.insert(key, value);
            }
        }
        let common = document.read(&section, Spanned::new(span.clone(), common))?;
        let kind = take_vendor(&mut table, &lines).map_err(|it| document.mistake(&it))?;
        let vendor = Vendor::read(document, &kind, &lines, Spanned::new(span, table))?;
        Ok(Self {
            name: name.to_owned(),
            vendor,
            common,
            is_simulated: false,
            lines,
        })
    }

    /// Returns the endpoint.
    pub(crate) fn endpoint(
        &self,
        config: &Config,
        credentials: Credentials,
    ) -> Result<Box<dyn TokenEndpoint>, Mistake> {
        self.vendor.endpoint(&self.reader(config, credentials))
    }

    /// Returns where each secret of this profile comes from, by its key.
    pub(crate) fn secret_sources(&self, config: &Config) -> Vec<(String, SecretSource)> {
        let reader = self.reader(config, Credentials::Omitted);
        // A mistake is told by whoever needs the endpoint.
        drop(self.vendor.endpoint(&reader));
        let mut sources = reader.asked_for.into_inner();
        let first = self.common.refresh_token.clone();
        sources.extend(first.map(|source| ("refresh_token".to_owned(), source)));
        sources
    }

    /// Returns the endpoint, and how its grant begins.
    pub(crate) fn endpoint_and_login(
        &self,
        config: &Config,
    ) -> Result<(Box<dyn TokenEndpoint>, Login), Mistake> {
        let reader = self.reader(config, Credentials::Read);
        self.vendor.endpoint_and_login(&reader)
    }

    fn reader<'a>(&'a self, config: &'a Config, credentials: Credentials) -> Reader<'a> {
        Reader {
            config: config.of(self).path(),
            profile: self,
            credentials,
            asked_for: RefCell::default(),
        }
    }

    /// Returns the origins to which the token may be sent.
    pub(crate) fn origins(&self, endpoint: &dyn TokenEndpoint) -> Result<Vec<ApiOrigin>, Mistake> {
        let plain = self.plain_http();
        let others = self.common.api_urls.iter();
        let others = others.map(|url| BaseUrl::parse(url, plain).map(|base| base.origin()));
        let others: Result<Vec<_>, _> = others.collect();
        let others = others.map_err(|error| self.mistake("api_urls", why(&error)))?;
        Ok(endpoint.api_origins().into_iter().chain(others).collect())
    }

    /// Returns the user name that git and others send beside the token.
    pub(crate) fn username(&self) -> &str {
        self.common.username.as_deref().unwrap_or("oauth2")
    }

    /// Returns a mistake in this profile.
    pub(crate) fn mistake(&self, key: &str, why: impl Into<String>) -> Mistake {
        self.lines.mistake(key, why)
    }

    fn plain_http(&self) -> PlainHttp {
        match self.common.allow_plain_http {
            true => PlainHttp::Allowed,
            false => PlainHttp::Refused,
        }
    }
}

/// Reads the secrets of a profile.
pub(crate) struct Reader<'a> {
    config: &'a Path,
    profile: &'a Profile,
    credentials: Credentials,
    asked_for: RefCell<Vec<(String, SecretSource)>>,
}

impl Reader<'_> {
    /// Reads the secret of this key.
    pub(super) fn secret(&self, key: &str, source: &SecretSource) -> Result<Secret, Mistake> {
        let asked_for = (key.to_owned(), source.clone());
        self.asked_for.borrow_mut().push(asked_for);
        match self.credentials {
            Credentials::Omitted => Ok(Secret::from("omitted")),
            Credentials::Read => source
                .read(self.config)
                .map_err(|why| self.profile.mistake(key, why)),
        }
    }

    pub(super) fn allows_plain_http(&self) -> bool {
        self.profile.common.allow_plain_http
    }

    /// Returns whether a refresh token from elsewhere begins the grant.
    pub(super) fn has_refresh_token(&self) -> bool {
        self.profile.common.refresh_token.is_some()
    }

    pub(super) fn profile_name(&self) -> &str {
        &self.profile.name
    }

    /// Returns the mistake of a key that is needed and not written.
    pub(super) fn missing(&self, key: &str) -> Mistake {
        self.mistake_at(key, format!("is missing; write {key} = …"))
    }

    pub(super) fn mistake_at(&self, key: &str, why: impl Into<String>) -> Mistake {
        self.profile.mistake(key, why)
    }

    /// Returns the mistake that a builder found, at the key that this profile has for its field.
    pub(super) fn mistake(&self, error: &BuildError) -> Mistake {
        let keys: &[&str] = match error.field() {
            "base_url" => &["url", "token_url", "domain", "region"],
            "token_path" => &["token_url"],
            "authorize_path" => &["authorize_url"],
            "revocation_path" => &["revocation_url"],
            "introspection_path" => &["introspection_url"],
            other => &[other],
        };
        let written = keys.iter().find(|key| self.profile.lines.has(key));
        let key = written.or(keys.first()).copied().unwrap_or_default();
        let why = why(error).replace("allow_plain_http()", "write allow_plain_http = true");
        self.profile.mistake(key, why)
    }
}

/// Returns what a builder says about a field, without the field.
fn why(error: &BuildError) -> String {
    let text = error.to_string();
    let field = format!("`{}` ", error.field());
    text.strip_prefix(&field).unwrap_or(&text).to_owned()
}

fn take_vendor(table: &mut DeTable<'_>, lines: &Lines) -> Result<String, Mistake> {
    let names = || format!("write vendor = {}", Vendor::names());
    match table.remove("vendor").map(Spanned::into_inner) {
        Some(DeValue::String(name)) => Ok(name.into_owned()),
        Some(_) => Err(lines.mistake("vendor", format!("must be a text; {}", names()))),
        None => Err(lines.mistake("vendor", format!("is missing; {}", names()))),
    }
}
