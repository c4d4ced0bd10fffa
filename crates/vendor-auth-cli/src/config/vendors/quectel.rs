//! Quectel's cloud: the access key of a program, and an end user of an app.

use std::collections::BTreeMap;

use serde::Deserialize;
use vendor_auth::quectel::{AccessKey, EndUser, Parameters, Region};

use crate::config::document::Mistake;
use crate::config::login::{Login, NameKind, PasswordLogin};
use crate::config::reader::Reader;
use crate::config::secret::SecretSource;

/// `vendor = "quectel-access-key"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessKeySettings {
    region: Option<RegionName>,
    url: Option<String>,
    access_key: String,
    access_secret: SecretSource,
    #[serde(default)]
    scope: String,
    client_id: Option<String>,
}

/// `vendor = "quectel-end-user"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndUserSettings {
    region: Option<RegionName>,
    url: Option<String>,
    /// Names the grant. Default: the profile's name.
    account: Option<String>,
    /// What the account is in a login.
    login_name: Option<NameKind>,
    /// The international code of a phone number.
    country_code: Option<String>,
    user_domain: Option<String>,
    user_domain_secret: Option<SecretSource>,
    #[serde(default)]
    parameters: ParametersIn,
    mcc: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegionName {
    Europe,
    China,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ParametersIn {
    #[default]
    Query,
    Form,
}

impl AccessKeySettings {
    pub(crate) fn endpoint(&self, reader: &Reader<'_>) -> Result<AccessKey, Mistake> {
        let url = base_url(reader, self.region, self.url.as_deref())?;
        let mut builder = AccessKey::builder(url)
            .access_key(&self.access_key)
            .access_secret(reader.secret("access_secret", &self.access_secret)?)
            .scope(&self.scope);
        if let Some(client_id) = &self.client_id {
            builder = builder.client_id(client_id);
        }
        if reader.allows_plain_http() {
            builder = builder.allow_plain_http();
        }
        builder.build().map_err(|error| reader.mistake(&error))
    }
}

impl EndUserSettings {
    pub(crate) fn login(&self, endpoint: &EndUser) -> Login {
        Login::Password(PasswordLogin {
            endpoint: endpoint.clone(),
            account: self.account.clone(),
            name_kind: self.login_name,
            country_code: self.country_code.clone(),
        })
    }

    pub(crate) fn endpoint(&self, reader: &Reader<'_>) -> Result<EndUser, Mistake> {
        let url = base_url(reader, self.region, self.url.as_deref())?;
        let account = self.account.as_deref().unwrap_or(reader.profile_name());
        let mut builder =
            EndUser::builder(url)
                .account(account)
                .parameters(match self.parameters {
                    ParametersIn::Query => Parameters::Query,
                    ParametersIn::Form => Parameters::Form,
                });
        if let Some(name) = &self.user_domain {
            let source = self.user_domain_secret.as_ref();
            let source = source.ok_or_else(|| reader.missing("user_domain_secret"))?;
            builder = builder.user_domain(name, reader.secret("user_domain_secret", source)?);
        }
        if let Some(mcc) = self.mcc {
            builder = builder.mcc(mcc);
        }
        for (name, value) in &self.headers {
            builder = builder.app_header(name, value);
        }
        if reader.allows_plain_http() {
            builder = builder.allow_plain_http();
        }
        builder.build().map_err(|error| reader.mistake(&error))
    }
}

fn base_url<'a>(
    reader: &Reader<'_>,
    region: Option<RegionName>,
    url: Option<&'a str>,
) -> Result<&'a str, Mistake> {
    match (region, url) {
        (None, Some(url)) => Ok(url),
        (Some(RegionName::Europe), None) => Ok(Region::Europe.base_url()),
        (Some(RegionName::China), None) => Ok(Region::China.base_url()),
        (Some(_), Some(_)) => Err(reader.mistake_at("url", "is set beside `region`; remove one")),
        (None, None) => Err(reader.mistake_at(
            "region",
            "is missing; write region = \"europe\", region = \"china\" or url = \"https://…\"",
        )),
    }
}
