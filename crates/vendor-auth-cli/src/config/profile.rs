//! A profile: which token, of which vendor, with which credentials.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vendor_auth::types::{ApiOrigin, BaseUrl, PlainHttp};
use vendor_auth::{Secret, TokenEndpoint};

use super::document::{Document, Lines, Mistake, Table};
use super::login::Login;
use super::pool::{self, PoolSettings, Template};
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
    /// What makes it the template of a pool.
    pub(crate) pool: Option<Arc<Template>>,
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

/// The table of [`PoolSettings`].
const POOL: &str = "pool";

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
        let mut table = table;
        let pool = Self::take_pool(document, &section, &mut table)?;
        let is_pool = pool.is_some();
        let placed = pool::check_places(table.get_ref(), is_pool, &lines);
        placed.map_err(|it| document.mistake(&it))?;
        let profile = Self::read_rest(document, name, lines, table)?;
        Ok(Self { pool, ..profile })
    }

    /// Reads the profile of one account of this pool.
    pub(crate) fn of_account(&self, account: &str) -> Result<Self, Failure> {
        let Some(template) = &self.pool else {
            let name = &self.name;
            let why = format!("{name}/{account}: `{name}` is no pool; write `{name}` alone");
            return Err(Failure::usage(why));
        };
        if !pool::is_account(account) {
            let (name, what) = (&self.name, pool::ACCOUNTS);
            return Err(Failure::usage(format!(
                "{name}: {account:?} is not the name of an account; it has {what}"
            )));
        }
        let mut document = Document::parse(&self.config, &template.text)?;
        let mut tables = document.take_profiles()?.into_iter();
        let found = tables.find(|(name, _)| *name == self.name);
        let (_, mut table) = found.ok_or_else(|| self.which_account())?;
        table.get_mut().remove(POOL);
        pool::fill(&mut table, account);
        let name = format!("{}/{account}", self.name);
        let profile = Self::read_rest(&document, &name, self.lines.clone(), table)?;
        Ok(Self {
            is_simulated: self.is_simulated,
            ..profile
        })
    }

    /// Returns the failure of a command that is for one token.
    pub(crate) fn which_account(&self) -> Failure {
        let name = &self.name;
        Failure::usage(format!(
            "{name}: it is a pool; write `{name}/ACCOUNT` for the token of one account"
        ))
    }

    /// Takes what makes a profile a pool.
    fn take_pool(
        document: &Document<'_>,
        section: &str,
        table: &mut Table<'_>,
    ) -> Result<Option<Arc<Template>>, Failure> {
        let Some((key, value)) = table.get_mut().remove_entry(POOL) else {
            return Ok(None);
        };
        let section = format!("{section}.{POOL}");
        let settings = document.as_table(&section, Spanned::new(key.span(), value.into_inner()))?;
        let settings: PoolSettings = document.read(&section, settings)?;
        let text = document.text().to_owned();
        Ok(Some(Arc::new(Template { settings, text })))
    }

    /// Reads what profiles of tokens and of pools have in common.
    fn read_rest<'a>(
        document: &Document<'a>,
        name: &str,
        lines: Lines,
        table: Table<'a>,
    ) -> Result<Self, Failure> {
        let section = lines.section().to_owned();
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
            pool: None,
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

    /// Reads the refresh token with which the configuration begins the grant.
    pub(crate) fn first_refresh_token(&self) -> Result<Option<Secret>, Mistake> {
        let Some(source) = &self.common.refresh_token else {
            return Ok(None);
        };
        let first = source.read(&self.config);
        let first = first.map_err(|why| self.mistake("refresh_token", why))?;
        Ok(Some(first))
    }

    /// Returns whether the grant begins without a person.
    pub(crate) fn begins_by_itself(&self) -> bool {
        self.common.refresh_token.is_some() || self.vendor.logs_in_itself()
    }

    /// Returns the file that it is written in.
    pub(crate) fn config(&self) -> &Path {
        &self.config
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
