//! The builder.

use std::fmt;
use std::time::Duration;

use token_core::{PlainHttp, Rotation, Secret};

use crate::config::{ClientAuthentication, Login, UnknownTokenType};

/// Builds an [`OAuth2`](crate::OAuth2) endpoint; [`build`](Self::build) checks everything once.
///
/// ```
/// use std::time::Duration;
/// use oauth2_refresh::{ClientAuthentication, OAuth2};
/// use token_core::{Rotation, Secret};
///
/// # let secret = Secret::from("s");
/// let oauth2 = OAuth2::builder("https://login.example.com")
///     .token_path("/oauth/token")
///     .revocation_path("/oauth/revoke")
///     .client_id("mobile-backend")
///     .client_secret(secret)
///     .client_authentication(ClientAuthentication::Post)
///     .account("user-17")
///     .rotation(Rotation::Grace(Duration::from_secs(30)))
///     .keep_field("instance_url")
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// A path may also be a full URL, for servers with endpoints on several hosts.
#[must_use]
#[derive(Clone)]
pub struct OAuth2Builder {
    pub(crate) preset: &'static Preset,
    pub(crate) base_url: String,
    pub(crate) plain_http: PlainHttp,
    pub(crate) token_path: String,
    pub(crate) authorize_path: String,
    pub(crate) revocation_path: Option<String>,
    pub(crate) introspection_path: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) login: Login,
    pub(crate) account: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_scopes: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) kept: Vec<String>,
    pub(crate) default_lifetime: Duration,
    pub(crate) issuer: Option<String>,
    pub(crate) wrapper: Option<String>,
    pub(crate) unknown_token_type: UnknownTokenType,
}

/// The settings that a vendor documents for its servers.
pub(crate) struct Preset {
    /// The first part of the key.
    pub(crate) name: &'static str,
    pub(crate) token_path: &'static str,
    pub(crate) authorize_path: &'static str,
    pub(crate) introspection_path: Option<&'static str>,
    /// The authentication of a client with a secret.
    pub(crate) authentication: ClientAuthentication,
}

/// The lifetime of a token if nothing states one; most servers use it.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);

impl OAuth2Builder {
    pub(crate) fn new(preset: &'static Preset, base_url: String) -> Self {
        Self {
            preset,
            base_url,
            plain_http: PlainHttp::Refused,
            token_path: preset.token_path.to_owned(),
            authorize_path: preset.authorize_path.to_owned(),
            revocation_path: None,
            introspection_path: preset.introspection_path.map(str::to_owned),
            client_id: String::new(),
            client_secret: None,
            authentication: None,
            login: Login::Never,
            account: None,
            scopes: Vec::new(),
            refresh_scopes: Vec::new(),
            parameters: Vec::new(),
            rotation: None,
            kept: Vec::new(),
            default_lifetime: USUAL_LIFETIME,
            issuer: None,
            wrapper: None,
            unknown_token_type: UnknownTokenType::SendAsBearer,
        }
    }

    /// Sets the path of the token endpoint. Default: `/oauth2/token`, or the vendor's with a
    /// preset.
    pub fn token_path(mut self, path: impl Into<String>) -> Self {
        self.token_path = path.into();
        self
    }

    /// Sets the path of the authorize page. Default: `/oauth2/authorize`, or the vendor's with a
    /// preset.
    pub fn authorize_path(mut self, path: impl Into<String>) -> Self {
        self.authorize_path = path.into();
        self
    }

    /// Sets the path of the revocation endpoint (RFC 7009). Default: none, and a logout does not
    /// tell the server.
    pub fn revocation_path(mut self, path: impl Into<String>) -> Self {
        self.revocation_path = Some(path.into());
        self
    }

    /// Sets the path of the introspection endpoint (RFC 7662). Default: none, or the vendor's with
    /// a preset.
    pub fn introspection_path(mut self, path: impl Into<String>) -> Self {
        self.introspection_path = Some(path.into());
        self
    }

    /// Sets the client id. Required.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// Sets the client secret. A public client has none.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Sets the client authentication. Default: [`ClientAuthentication::None`] without a secret;
    /// with one, what the vendor of the preset documents, otherwise
    /// [`ClientAuthentication::BasicEncoded`].
    pub fn client_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = Some(authentication);
        self
    }

    /// Logs in with the client's own credentials (RFC 6749 section 4.4), as often as needed. A
    /// rejected refresh then leads to a new login.
    pub fn client_credentials(mut self) -> Self {
        self.login = Login::ClientCredentials;
        self
    }

    /// Sets the name of the account whose grant this is, such as a user id. It names the token in
    /// stores, logs and metrics, so it must not be secret, and no two users may share one.
    /// Required, unless the client is its own account
    /// ([`client_credentials`](Self::client_credentials)). Default in that case: `default`, with a
    /// digest of scopes and parameters if there are any, so that tokens for different purposes do
    /// not share a name.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    /// Sets the scopes of the authorize URL and of a login with client credentials.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the scopes of a refresh. Default: none, which keeps those that were granted (RFC 6749
    /// section 6). The server refuses a scope that was not granted.
    pub fn refresh_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.refresh_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a parameter to every token request, such as `audience`, or `resource` (RFC 8707). It
    /// can be called several times. Values must not be secret.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Sets what a refresh does to the refresh token. Default: [`Rotation::SingleUse`], since
    /// sending a spent token again can revoke the grant, while caution only costs time. With client
    /// credentials the default is [`Rotation::Idempotent`], since a login replaces a lost token.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Keeps a field of the token response as an [extra](token_core::Token::extra) of this name, if
    /// it is a string, a number or a boolean. A dotted path reaches into objects. `id_token` is
    /// always kept.
    pub fn keep_field(mut self, field: impl Into<String>) -> Self {
        self.kept.push(field.into());
        self
    }

    /// Sets the lifetime of a token if the response has no expiry and the token is not a JWT with
    /// `exp`. Default: 3600 seconds.
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    /// Sets the server's issuer identifier, if the server adds `iss` to redirects (RFC 9207,
    /// `authorization_response_iss_parameter_supported`). A redirect without it, or with another,
    /// is then rejected.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the path of the object that holds the fields of a token response: `data` for
    /// `{"data": {"access_token": …}}`, `0` for a list of one, or a dotted path of these. Default:
    /// the top level. A refusal may also come without the wrapper.
    pub fn wrapped_in(mut self, path: impl Into<String>) -> Self {
        self.wrapper = Some(path.into());
        self
    }

    /// Sets what is done with a token of an unregistered type. Default:
    /// [`UnknownTokenType::SendAsBearer`].
    pub fn unknown_token_type(mut self, choice: UnknownTokenType) -> Self {
        self.unknown_token_type = choice;
        self
    }

    /// Allows `http://`, for a server in a test, or behind a mesh without TLS of its own. Secrets
    /// are then sent in the clear.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }
}

impl fmt::Debug for OAuth2Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Builder")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
