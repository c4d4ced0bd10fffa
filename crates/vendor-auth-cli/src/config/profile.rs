//! A profile: which token, of which vendor, with which credentials.

use std::cell::RefCell;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vendor_auth::TokenEndpoint;
use vendor_auth::types::{ApiOrigin, BaseUrl, PlainHttp};

use super::document::{Document, Lines, Mistake, Table};
use super::login::Login;
pub(crate) use super::reader::Credentials;
use super::reader::{Reader, why};
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
    /// The file that it is written in.
    config: PathBuf,
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

impl Profile {
    pub(super) fn read<'a>(
        document: &Document<'a>,
        name: &str,
        table: Table<'a>,
    ) -> Result<Self, Failure> {
        let section = format!("profiles.{name}");
        let lines = document.lines(&section, &table);
        if name.contains(char::is_control) {
            return Err(document.mistake(&lines.of_section("must not have control characters")));
        }
        let span = table.span();
        let mut table = table.into_inner();
        let mut common = DeTable::new();
        for key in COMMON {
            if let Some((key, value)) = table.remove_entry(key) {
                common.insert(key, value);
            }
        }
        let common: CommonSettings = document.read(&section, Spanned::new(span.clone(), common))?;
        check_username(&common, &lines).map_err(|it| document.mistake(&it))?;
        let kind = take_vendor(&mut table, &lines).map_err(|it| document.mistake(&it))?;
        let vendor = Vendor::read(document, &kind, &lines, Spanned::new(span, table))?;
        Ok(Self {
            name: name.to_owned(),
            vendor,
            common,
            is_simulated: false,
            lines,
            config: document.path().to_owned(),
        })
    }

    /// Returns the endpoint.
    pub(crate) fn endpoint(
        &self,
        credentials: Credentials,
    ) -> Result<Box<dyn TokenEndpoint>, Mistake> {
        self.vendor.endpoint(&self.reader(credentials))
    }

    /// Returns where each secret of this profile comes from, by its key.
    pub(crate) fn secret_sources(&self) -> Vec<(String, SecretSource)> {
        let reader = self.reader(Credentials::Omitted);
        // A mistake is told by whoever needs the endpoint.
        drop(self.vendor.endpoint(&reader));
        let mut sources = reader.asked_for.into_inner();
        let first = self.common.refresh_token.clone();
        sources.extend(first.map(|source| ("refresh_token".to_owned(), source)));
        sources
    }

    /// Returns the endpoint, and how its grant begins.
    pub(crate) fn endpoint_and_login(&self) -> Result<(Box<dyn TokenEndpoint>, Login), Mistake> {
        let reader = self.reader(Credentials::Read);
        self.vendor.endpoint_and_login(&reader)
    }

    fn reader(&self, credentials: Credentials) -> Reader<'_> {
        Reader {
            config: &self.config,
            name: &self.name,
            lines: &self.lines,
            allows_plain_http: self.common.allow_plain_http,
            has_refresh_token: self.common.refresh_token.is_some(),
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

    /// Returns how a person logs in.
    pub(crate) fn how_to_log_in(&self) -> String {
        let how = self.log_in_again();
        match how.strip_prefix(": ") {
            Some(other) => other.to_owned(),
            None => format!("log in{how}"),
        }
    }

    /// Returns what completes the advice "log in again".
    pub(crate) fn log_in_again(&self) -> String {
        let name = &self.name;
        let login = self
            .vendor
            .endpoint_and_login(&self.reader(Credentials::Omitted));
        match (&self.common.refresh_token, login) {
            (Some(source), Ok((_, Login::RefreshToken))) => format!(
                ": get another refresh token from the vendor, and put it where `refresh_token` is \
                 read ({source})"
            ),
            _ => format!(" with `vendor-auth login {name}`"),
        }
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

/// Refuses a user name that would end a line of git's protocol, or a word of netrc.
fn check_username(common: &CommonSettings, lines: &Lines) -> Result<(), Mistake> {
    let is_one_word = |name: &String| {
        let ends = |letter: char| letter.is_whitespace() || letter.is_control();
        !name.is_empty() && !name.contains(ends)
    };
    match common.username.as_ref().is_none_or(is_one_word) {
        true => Ok(()),
        false => {
            let why = "must be one word; write username = \"oauth2\", or remove it";
            Err(lines.mistake("username", why))
        }
    }
}

fn take_vendor(table: &mut DeTable<'_>, lines: &Lines) -> Result<String, Mistake> {
    let names = || format!("write vendor = {}", Vendor::names());
    match table.remove("vendor").map(Spanned::into_inner) {
        Some(DeValue::String(name)) => Ok(name.into_owned()),
        Some(_) => Err(lines.mistake("vendor", format!("must be a text; {}", names()))),
        None => Err(lines.mistake("vendor", format!("is missing; {}", names()))),
    }
}
