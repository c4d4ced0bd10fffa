//! Checks a builder and builds the endpoint.

use std::sync::{Arc, OnceLock};

use token_core::{BaseUrl, BuildError, Secret, TokenKey, percent_encode};

use crate::account::{NO_ACCOUNT, checked_key, is_account};
use crate::builder::OAuth2Builder;
use crate::config::{
    ClientAuthentication, ClientRegistration, Credential, EndpointUrl, Login, OAuth2, Terms,
};
use crate::sign::short_digest;

impl OAuth2Builder {
    /// Builds the endpoint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a URL, a path or a scope is malformed, if the client id or the account is
    /// missing, if the secret has a control character or does not match the client authentication,
    /// if a parameter has a name that the protocol itself uses, if the default lifetime is zero, or
    /// if the key would be longer than 512 bytes.
    pub fn build(self) -> Result<OAuth2, BuildError> {
        self.check()?;
        let base = BaseUrl::parse(self.base_without_token_path(), self.plain_http)?;
        let base = Arc::new(base);
        let url = |path: &str, field| EndpointUrl::parse(path, &base, self.plain_http, field);
        let optional =
            |path: &Option<String>, field| path.as_deref().map(|path| url(path, field)).transpose();
        let token = url(&self.token_path, "token_path")?;
        let account = self
            .account
            .clone()
            .unwrap_or_else(|| self.default_account());
        // The client id is encoded separately, so that no other pair of names gives the same key.
        let grant = format!("{}:{account}", percent_encode(&self.client_id));
        let key = TokenKey::of(self.preset.name, &self.deployment(&base, &token), &grant);
        let client = ClientRegistration {
            beginning: OnceLock::new(),
            authorize: url(&self.authorize_path, "authorize_path")?,
            revocation: optional(&self.revocation_path, "revocation_path")?,
            introspection: optional(&self.introspection_path, "introspection_path")?,
            credential: self.credential()?,
            rotation: self.rotation.unwrap_or(self.login.rotation()),
            terms: Terms {
                scopes: self.scopes.into(),
                refresh_scopes: self.refresh_scopes.into(),
                parameters: self.parameters.into(),
                kept: self.kept.into(),
                issuer: self.issuer.map(Into::into),
                wrapper: self.wrapper.map(Into::into),
            }
            .shared(),
            token,
            client_id: self.client_id.into(),
            login: self.login,
            default_lifetime: self.default_lifetime,
            unknown_token_type: self.unknown_token_type,
        };
        Ok(OAuth2 {
            key: checked_key(key.as_str())?,
            client: Arc::new(client),
        })
    }

    fn check(&self) -> Result<(), BuildError> {
        if self.client_id.is_empty() {
            return Err(BuildError::missing("client_id"));
        }
        let has_account = self
            .account
            .as_ref()
            .is_some_and(|account| is_account(account));
        if self.account.is_some() != has_account || (self.login == Login::Never && !has_account) {
            return Err(BuildError::invalid("account", NO_ACCOUNT));
        }
        for (field, why, is_wrong) in self.rules() {
            if is_wrong {
                return Err(BuildError::invalid(field, why));
            }
        }
        Ok(())
    }

    fn rules(&self) -> [(&'static str, &'static str, bool); 5] {
        let secret = self.client_secret.as_ref().map_or("", Secret::expose);
        let mut scopes = self.scopes.iter().chain(&self.refresh_scopes);
        let mut parameters = self.parameters.iter();
        [
            (
                "client_id",
                "must not have control characters",
                self.client_id.chars().any(char::is_control),
            ),
            (
                "client_secret",
                "has a control character, such as the line end of the file that it was read from",
                secret.chars().any(char::is_control),
            ),
            (
                "scopes",
                "must be printable ASCII without spaces, quotes and backslashes",
                scopes.any(|scope| !is_scope(scope)),
            ),
            (
                "parameter",
                "must not have the name of a parameter of the protocol",
                parameters.any(|(name, _)| is_of_the_protocol(name)),
            ),
            (
                "default_lifetime",
                "must not be zero",
                self.default_lifetime.is_zero(),
            ),
        ]
    }

    fn credential(&self) -> Result<Credential, BuildError> {
        let secret = self
            .client_secret
            .clone()
            .filter(|secret| !secret.is_empty());
        let by_default = match secret {
            Some(_) => self.preset.authentication,
            None => ClientAuthentication::None,
        };
        match (self.authentication.unwrap_or(by_default), secret) {
            (ClientAuthentication::None, None) if self.login == Login::ClientCredentials => {
                Err(BuildError::missing("client_secret"))
            }
            (ClientAuthentication::None, None) => Ok(Credential::None),
            (ClientAuthentication::None, Some(_)) => Err(BuildError::invalid(
                "client_secret",
                "is set, but ClientAuthentication::None sends no secret",
            )),
            (_, None) => Err(BuildError::missing("client_secret")),
            (ClientAuthentication::Basic, Some(secret)) => self.raw_basic(secret),
            (ClientAuthentication::BasicEncoded, Some(secret)) => {
                Ok(Credential::BasicEncoded(secret))
            }
            (ClientAuthentication::BasicPercentEncoded, Some(secret)) => {
                Ok(Credential::BasicPercentEncoded(secret))
            }
            (ClientAuthentication::Post, Some(secret)) => Ok(Credential::Post(secret)),
        }
    }

    fn raw_basic(&self, secret: Secret) -> Result<Credential, BuildError> {
        if self.client_id.contains(':') {
            return Err(BuildError::invalid(
                "client_id",
                "has a colon, which raw Basic cannot encode: use ClientAuthentication::BasicEncoded",
            ));
        }
        Ok(Credential::Basic(secret))
    }

    /// Returns the base URL, without the token path if it is the full URL of the token endpoint.
    fn base_without_token_path(&self) -> &str {
        let url = self.base_url.trim().trim_end_matches('/');
        let base = url
            .strip_suffix(&self.token_path)
            .filter(|_| self.token_path.starts_with('/'));
        base.filter(|base| {
            base.split_once("://")
                .is_some_and(|(_, host)| !host.is_empty())
        })
        .unwrap_or(&self.base_url)
    }

    /// Returns the server's name in keys: its host if its token endpoint has the usual path, and
    /// otherwise the URL of that, since on many servers the path tells tenants apart.
    fn deployment(&self, base: &BaseUrl, token: &EndpointUrl) -> String {
        let usual = format!("https://{}{}", base.authority(), self.preset.token_path);
        match token.address() == usual {
            true => base.authority().to_owned(),
            false => token.without_scheme(),
        }
    }

    /// Returns the name of the client's own account, one per set of scopes and parameters.
    fn default_account(&self) -> String {
        if self.scopes.is_empty() && self.parameters.is_empty() {
            return "default".to_owned();
        }
        let purpose = format!("{:?} {:?}", self.scopes, self.parameters);
        format!("default-{}", short_digest(&purpose))
    }
}

/// RFC 6749 section 3.3.
fn is_scope(scope: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !scope.is_empty() && scope.bytes().all(allowed)
}

fn is_of_the_protocol(name: &str) -> bool {
    const TAKEN: [&str; 11] = [
        "",
        "grant_type",
        "refresh_token",
        "client_id",
        "client_secret",
        "scope",
        "code",
        "code_verifier",
        "redirect_uri",
        "username",
        "password",
    ];
    TAKEN.contains(&name)
}
