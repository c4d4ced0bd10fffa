//! A private file cloud.

use std::collections::BTreeMap;

use serde::Deserialize;
use vendor_auth::privcloud::{Dialect, PrivateCloud};

use crate::config::document::Mistake;
use crate::config::login::{AuthorizationServer, BrowserLogin, Login, Redirect};
use crate::config::reader::Reader;
use crate::config::secret::SecretSource;

/// `vendor = "private-cloud"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrivateCloudSettings {
    url: String,
    client_id: String,
    client_secret: SecretSource,
    /// Names the grant. Default: the profile's name.
    account: Option<String>,
    /// Where a login's browser comes back to, as it is registered.
    redirect_uri: Option<String>,
    #[serde(default)]
    paths: Paths,
    #[serde(default)]
    fields: Fields,
    /// Documented names of parameters, and the names that this deployment has.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    codes: Codes,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paths {
    authorize: Option<String>,
    authorize_by_jwt: Option<String>,
    token: Option<String>,
    refresh: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    access_token: Option<Vec<String>>,
    refresh_token: Option<Vec<String>>,
    expires_in: Option<Vec<String>>,
    error: Option<Vec<String>>,
    code: Option<Vec<String>>,
    message: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    config: Option<Vec<String>>,
    rejected: Option<Vec<String>>,
    success: Option<Vec<String>>,
    token_refused: Option<Vec<String>>,
    transient: Option<Vec<String>>,
}

impl PrivateCloudSettings {
    pub(crate) fn endpoint(&self, reader: &Reader<'_>) -> Result<PrivateCloud, Mistake> {
        let account = self.account.as_deref().unwrap_or(reader.profile_name());
        let mut builder = PrivateCloud::builder(&self.url)
            .client_id(&self.client_id)
            .client_secret(reader.secret("client_secret", &self.client_secret)?)
            .account(account)
            .dialect(self.dialect());
        if reader.allows_plain_http() {
            builder = builder.allow_plain_http();
        }
        builder.build().map_err(|error| reader.mistake(&error))
    }

    pub(crate) fn login(
        &self,
        endpoint: &PrivateCloud,
        reader: &Reader<'_>,
    ) -> Result<Login, Mistake> {
        let Some(uri) = &self.redirect_uri else {
            return match reader.has_refresh_token() {
                true => Ok(Login::RefreshToken),
                false => Err(reader.missing("redirect_uri")),
            };
        };
        let redirect = Redirect::fixed(uri);
        Ok(Login::Browser(BrowserLogin {
            server: AuthorizationServer::PrivateCloud(endpoint.clone()),
            redirect: redirect.map_err(|why| reader.mistake_at("redirect_uri", why))?,
        }))
    }

    fn dialect(&self) -> Dialect {
        let mut dialect = Dialect::default();
        let (paths, fields, codes) = (&self.paths, &self.fields, &self.codes);
        set(&mut dialect.paths.authorize, &paths.authorize);
        set(&mut dialect.paths.authorize_by_jwt, &paths.authorize_by_jwt);
        set(&mut dialect.paths.token, &paths.token);
        set(&mut dialect.paths.refresh, &paths.refresh);
        set(&mut dialect.fields.access_token, &fields.access_token);
        set(&mut dialect.fields.refresh_token, &fields.refresh_token);
        set(&mut dialect.fields.expires_in, &fields.expires_in);
        set(&mut dialect.fields.error, &fields.error);
        set(&mut dialect.fields.code, &fields.code);
        set(&mut dialect.fields.message, &fields.message);
        set(&mut dialect.codes.config, &codes.config);
        set(&mut dialect.codes.rejected, &codes.rejected);
        set(&mut dialect.codes.success, &codes.success);
        set(&mut dialect.codes.token_refused, &codes.token_refused);
        set(&mut dialect.codes.transient, &codes.transient);
        dialect.parameters.extend(self.parameters.clone());
        dialect
    }
}

/// Replaces a default by what the profile says.
fn set<T: Clone>(default: &mut T, said: &Option<T>) {
    if let Some(said) = said {
        default.clone_from(said);
    }
}
