//! How a deployment is described.

use std::fmt;
use std::time::Duration;

use token_core::{BaseUrl, BuildError, PlainHttp, Rotation, Secret};

use crate::endpoint::OAuth2;

mod check;
mod name;
mod place;
mod preset;
mod settings;

use name::check_name;
pub(crate) use place::Place;
use preset::Preset;
pub(crate) use settings::{Credential, Login, Settings};

/// How a client shows the token endpoint who it is (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `Authorization: Basic` with id and secret as they are. BambooCloud documents it so, and so do many servers that never heard of
    /// the encoding; for ids and secrets of letters, digits and `-._` there is no difference.
    Basic,
    /// `Authorization: Basic` with id and secret form-encoded first, as RFC 6749 section 2.3.1 says: a space is written `+`, and all but
    /// letters, digits and `*-._` as `%XX`.
    BasicEncoded,
    /// `Authorization: Basic` with id and secret percent-encoded first: a space is written `%20`. For servers that decode `%XX` and leave
    /// a `+` as it is. Only a space, `*` and `~` make a difference to [`BasicEncoded`](Self::BasicEncoded).
    BasicPercentEncoded,
    /// `client_id` and `client_secret` in the form. OneAccess documents it.
    Post,
    /// A public client: `client_id` in the form, and no secret.
    None,
}

/// What is done with a token whose `token_type` nobody registered, such as `jwt`, `user` or an empty text.
///
/// A type that is registered and needs more than a header (`DPoP`, `PoP`, `MAC`) is always an error. In both cases the refresh token of
/// the answer is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownTokenType {
    /// It is sent as `Authorization: Bearer`, and noted in [`Token::oddities`](token_core::Token::oddities).
    #[default]
    SendAsBearer,
    /// It is not used: an error of the kind `Config`.
    Refuse,
}

/// Describes a deployment; [`build`](Self::build) checks it once.
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
///     .keep("instance_url")
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// A path may also be a whole URL, for servers that keep their endpoints on several hosts.
#[must_use]
#[derive(Clone)]
pub struct OAuth2Builder {
    preset: Preset,
    base_url: String,
    plain_http: PlainHttp,
    token_path: String,
    authorize_path: String,
    revocation_path: Option<String>,
    introspection_path: Option<String>,
    client_id: String,
    client_secret: Option<Secret>,
    authentication: Option<ClientAuthentication>,
    login: Login,
    account: Option<String>,
    scopes: Vec<String>,
    refresh_scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    rotation: Option<Rotation>,
    kept: Vec<String>,
    default_lifetime: Duration,
    issuer: Option<String>,
    wrapper: Option<String>,
    unknown_token_type: UnknownTokenType,
}

impl OAuth2Builder {
    /// The path of the token endpoint; `/oauth2/token` where nothing is said, `/api/v1/oauth2/token` in the presets.
    pub fn token_path(mut self, path: impl Into<String>) -> Self {
        self.token_path = path.into();
        self
    }

    /// The path of the authorize page that a browser is sent to; `/oauth2/authorize` where nothing is said,
    /// `/api/v1/oauth2/authorize` in the presets.
    pub fn authorize_path(mut self, path: impl Into<String>) -> Self {
        self.authorize_path = path.into();
        self
    }

    /// The path of the revocation endpoint (RFC 7009). Without it a logout tells the server nothing.
    pub fn revocation_path(mut self, path: impl Into<String>) -> Self {
        self.revocation_path = Some(path.into());
        self
    }

    /// The path of the introspection endpoint (RFC 7662).
    pub fn introspection_path(mut self, path: impl Into<String>) -> Self {
        self.introspection_path = Some(path.into());
        self
    }

    /// The client's id. It must be given.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// The client's secret. A public client has none.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// How the client shows who it is. Where nothing is said: [`ClientAuthentication::None`] without a secret; with one, what the preset's
    /// vendor documents, else [`ClientAuthentication::BasicEncoded`].
    pub fn client_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = Some(authentication);
        self
    }

    /// Logs in with the client's own credentials (RFC 6749 section 4.4), again and again where it must. A refused refresh then leads
    /// to a new login.
    pub fn client_credentials(mut self) -> Self {
        self.login = Login::ClientCredentials;
        self
    }

    /// Whose grant it is, such as a user's id. It names the token in stores, logs and metrics, so it must be no secret, and two users
    /// must never share one. It must be given, unless the client is its own account
    /// ([`client_credentials`](Self::client_credentials)): then the default is `default`, with a digest of scopes and parameters if there
    /// are any, so that two tokens for two purposes never share a name.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(name.into());
        self
    }

    /// The scopes to ask for, in the authorize URL and in a login with client credentials.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The scopes to name in every refresh. Where nothing is said none are named, which keeps those that were granted (RFC 6749
    /// section 6); naming one that was not granted is refused.
    pub fn refresh_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.refresh_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// A further parameter of every token request, such as `audience`, or `resource` (RFC 8707). It may be given several times, and must
    /// hold no secret.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// What a refresh does to the refresh token that it spends. Where nothing is said: [`Rotation::SingleUse`], since sending a spent
    /// token again may kill the grant, and caution only costs time; with client credentials [`Rotation::Idempotent`], since a lost token
    /// is one login away.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Keeps a further field of the token answer as an [extra](token_core::Token::extra) of this name, where it is text, a number or a
    /// flag. A dotted path reaches into objects. `id_token` is always kept.
    pub fn keep(mut self, field: impl Into<String>) -> Self {
        self.kept.push(field.into());
        self
    }

    /// How long a token lives whose answer has no `expires_in` and which is no JWT with `exp`; 3600 s where nothing is said.
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    /// The server's issuer identifier, where it puts `iss` into redirects (RFC 9207, `authorization_response_iss_parameter_supported`).
    /// A redirect without it, or with another, is then refused.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Where a token answer has its fields, if not at its top: `data` for `{"data": {"access_token": …}}`, `0` for a list of one, or a
    /// dotted path of these. A refusal is also read without it.
    pub fn wrapped_in(mut self, path: impl Into<String>) -> Self {
        self.wrapper = Some(path.into());
        self
    }

    /// What is done with a token of a type that nobody registered. Default: [`UnknownTokenType::SendAsBearer`].
    pub fn unknown_token_type(mut self, choice: UnknownTokenType) -> Self {
        self.unknown_token_type = choice;
        self
    }

    /// Takes `http://` too: for a server in a test or behind a mesh that has no TLS of its own. Secrets are sent in the clear.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// The finished endpoint.
    ///
    /// # Errors
    ///
    /// Where a URL, a path or a scope is malformed, the client id or the account is missing, the secret and the way of authentication do not belong
    /// together, a parameter has a name that the protocol uses itself, the default lifetime is
    /// zero, or the names together make a key that is too long for a store.
    pub fn build(self) -> Result<OAuth2, BuildError> {
        self.check()?;
        let base = BaseUrl::parse(self.base_without_token_path(), self.plain_http)?;
        let place = |path: &str, field| Place::parse(path, &base, self.plain_http, field);
        let optional =
            |path: &Option<String>, field| path.as_deref().map(|path| place(path, field)).transpose();
        let token = place(&self.token_path, "token_path")?;
        let endpoint = OAuth2::new(Settings {
            vendor: self.preset.vendor(),
            deployment: self.deployment(&base, &token),
            grant: self.grant_name(),
            authorize: place(&self.authorize_path, "authorize_path")?,
            revocation: optional(&self.revocation_path, "revocation_path")?,
            introspection: optional(&self.introspection_path, "introspection_path")?,
            credential: self.credential()?,
            rotation: self.rotation.unwrap_or(self.login.rotation()),
            token,
            client_id: self.client_id,
            login: self.login,
            scopes: self.scopes,
            refresh_scopes: self.refresh_scopes,
            parameters: self.parameters,
            kept: self.kept,
            default_lifetime: self.default_lifetime,
            issuer: self.issuer,
            wrapper: self.wrapper,
            unknown_token_type: self.unknown_token_type,
        });
        check_name(&endpoint)?;
        Ok(endpoint)
    }

    /// A base URL that is the whole URL of the token endpoint does not get its path a second time.
    fn base_without_token_path(&self) -> &str {
        let url = self.base_url.trim().trim_end_matches('/');
        let base = url
            .strip_suffix(&self.token_path)
            .filter(|_| self.token_path.starts_with('/'));
        base.filter(|base| base.split_once("://").is_some_and(|(_, host)| !host.is_empty()))
            .unwrap_or(&self.base_url)
    }
}

impl fmt::Debug for OAuth2Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Builder")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
