//! OAuth 2.0 servers, and the products that are such servers.

mod login;

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::time::Duration;

use serde::Deserialize;
use vendor_auth::oauth2::{ClientAuthentication, OAuth2, OAuth2Builder, UnknownTokenType};
use vendor_auth::types::Rotation;

use crate::config::document::Mistake;
use crate::config::reader::Reader;
use crate::config::secret::SecretSource;

/// `vendor = "oauth2"`, or one of the products.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth2Settings {
    #[serde(skip)]
    server: Server,
    token_url: Option<String>,
    /// The domain of a product's tenant.
    domain: Option<String>,
    authorize_url: Option<String>,
    /// More parameters of the authorization URL.
    #[serde(default)]
    authorize_parameters: BTreeMap<String, String>,
    /// The port that a login's browser comes back to. Default: a free one.
    redirect_port: Option<NonZeroU16>,
    /// Default: `/callback`.
    redirect_path: Option<String>,
    /// In place of port and path, if the server knows one redirect only.
    redirect_uri: Option<String>,
    revocation_url: Option<String>,
    introspection_url: Option<String>,
    client_id: String,
    client_secret: Option<SecretSource>,
    client_authentication: Option<Authentication>,
    #[serde(default)]
    grant: GrantKind,
    /// Names the grant. Default: the profile's name.
    account: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    refresh_scopes: Vec<String>,
    /// More parameters of token requests.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    rotation: Option<RotationKind>,
    issuer: Option<String>,
    default_lifetime_seconds: Option<u64>,
    /// The object that has the answer's fields.
    wrapped_in: Option<String>,
    #[serde(default)]
    refuse_unknown_token_type: bool,
}

/// How the first token is obtained.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum GrantKind {
    /// A person logs in with a browser (RFC 6749 section 4.1, with PKCE).
    #[default]
    AuthorizationCode,
    /// The program logs in itself (section 4.4).
    ClientCredentials,
    /// `refresh_token` begins the grant.
    RefreshToken,
}

/// Which product the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Server {
    #[default]
    Any,
    BambooCloud,
    BambooCloudTenant,
    OneAccess,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Authentication {
    Basic,
    BasicEncoded,
    BasicPercentEncoded,
    Post,
    None,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RotationKind {
    SingleUse,
    Idempotent,
    GraceSeconds(u64),
}

impl Server {
    /// Returns the server of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "oauth2" => Some(Self::Any),
            "bamboocloud" => Some(Self::BambooCloud),
            "bamboocloud-tenant" => Some(Self::BambooCloudTenant),
            "oneaccess" => Some(Self::OneAccess),
            _ => None,
        }
    }
}

impl OAuth2Settings {
    pub(super) fn of(self, server: Server) -> Self {
        Self { server, ..self }
    }

    pub(crate) fn endpoint(&self, reader: &Reader<'_>) -> Result<OAuth2, Mistake> {
        let builder = self.begin(reader)?;
        let builder = self.with_client(builder, reader)?;
        let builder = self.with_urls(self.with_grant(builder, reader));
        let builder = self.with_the_rest(builder);
        let builder = match reader.allows_plain_http() {
            true => builder.allow_plain_http(),
            false => builder,
        };
        builder.build().map_err(|error| reader.mistake(&error))
    }

    /// Returns whether the client's credentials are the grant.
    pub(super) fn logs_in_itself(&self) -> bool {
        self.grant == GrantKind::ClientCredentials
    }

    fn begin(&self, reader: &Reader<'_>) -> Result<OAuth2Builder, Mistake> {
        if self.server == Server::Any {
            let url = self.token_url.as_ref();
            return Ok(OAuth2::token_url(
                url.ok_or_else(|| reader.missing("token_url"))?,
            ));
        }
        let domain = self
            .domain
            .as_ref()
            .ok_or_else(|| reader.missing("domain"))?;
        let builder = match self.server {
            Server::BambooCloudTenant => OAuth2::bamboocloud_tenant(domain),
            Server::OneAccess => OAuth2::oneaccess(domain),
            _ => OAuth2::bamboocloud(domain),
        };
        Ok(match &self.token_url {
            Some(url) => builder.token_path(url),
            None => builder,
        })
    }

    fn with_client(
        &self,
        builder: OAuth2Builder,
        reader: &Reader<'_>,
    ) -> Result<OAuth2Builder, Mistake> {
        let mut builder = builder.client_id(&self.client_id);
        if let Some(source) = &self.client_secret {
            builder = builder.client_secret(reader.secret("client_secret", source)?);
        }
        Ok(match self.client_authentication {
            Some(authentication) => builder.client_authentication(authentication.into()),
            None => builder,
        })
    }

    fn with_grant(&self, builder: OAuth2Builder, reader: &Reader<'_>) -> OAuth2Builder {
        match self.grant {
            GrantKind::ClientCredentials => builder.client_credentials(),
            _ => builder.account(self.account.as_deref().unwrap_or(reader.profile_name())),
        }
    }

    fn with_urls(&self, mut builder: OAuth2Builder) -> OAuth2Builder {
        if let Some(url) = &self.authorize_url {
            builder = builder.authorize_path(url);
        }
        if let Some(url) = &self.revocation_url {
            builder = builder.revocation_path(url);
        }
        if let Some(url) = &self.introspection_url {
            builder = builder.introspection_path(url);
        }
        builder
    }

    fn with_the_rest(&self, mut builder: OAuth2Builder) -> OAuth2Builder {
        builder = builder.scopes(&self.scopes);
        if !self.refresh_scopes.is_empty() {
            builder = builder.refresh_scopes(&self.refresh_scopes);
        }
        for (name, value) in &self.parameters {
            builder = builder.parameter(name, value);
        }
        if let Some(rotation) = self.rotation {
            builder = builder.rotation(rotation.into());
        }
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(seconds) = self.default_lifetime_seconds {
            builder = builder.default_lifetime(Duration::from_secs(seconds));
        }
        if let Some(name) = &self.wrapped_in {
            builder = builder.wrapped_in(name);
        }
        match self.refuse_unknown_token_type {
            true => builder.unknown_token_type(UnknownTokenType::Refuse),
            false => builder,
        }
    }
}

impl From<Authentication> for ClientAuthentication {
    fn from(authentication: Authentication) -> Self {
        match authentication {
            Authentication::Basic => Self::Basic,
            Authentication::BasicEncoded => Self::BasicEncoded,
            Authentication::BasicPercentEncoded => Self::BasicPercentEncoded,
            Authentication::Post => Self::Post,
            Authentication::None => Self::None,
        }
    }
}

impl From<RotationKind> for Rotation {
    fn from(rotation: RotationKind) -> Self {
        match rotation {
            RotationKind::SingleUse => Self::SingleUse,
            RotationKind::Idempotent => Self::Idempotent,
            RotationKind::GraceSeconds(seconds) => Self::Grace(Duration::from_secs(seconds)),
        }
    }
}
