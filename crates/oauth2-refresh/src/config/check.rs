//! What a builder refuses.

use token_core::{BuildError, Secret};

use super::{ClientAuthentication, Credential, Login, OAuth2Builder};

impl OAuth2Builder {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        if self.client_id.is_empty() {
            return Err(BuildError::missing("client_id"));
        }
        // Two users of one client would be handed each other's tokens.
        let has_account = self
            .account
            .as_ref()
            .is_some_and(|account| !account.trim().is_empty());
        if self.account.is_some() != has_account || (self.login == Login::Never && !has_account) {
            return Err(BuildError::missing("account"));
        }
        for (field, why, is_wrong) in self.rules() {
            if is_wrong {
                return Err(BuildError::invalid(field, why));
            }
        }
        Ok(())
    }

    fn rules(&self) -> [(&'static str, &'static str, bool); 4] {
        let mut scopes = self.scopes.iter().chain(&self.refresh_scopes);
        let mut parameters = self.parameters.iter();
        [
            (
                "client_id",
                "must not have control characters",
                self.client_id.chars().any(char::is_control),
            ),
            (
                "scopes",
                "must each be printable ASCII without spaces, quotes and backslashes",
                scopes.any(|scope| !is_scope(scope)),
            ),
            (
                "parameter",
                "must not have the name of a parameter that the protocol uses itself",
                parameters.any(|(name, _)| is_of_the_protocol(name)),
            ),
            (
                "default_lifetime",
                "must not be zero",
                self.default_lifetime.is_zero(),
            ),
        ]
    }

    pub(super) fn credential(&self) -> Result<Credential, BuildError> {
        let secret = self.client_secret.clone().filter(|secret| !secret.is_empty());
        let by_default = match secret {
            Some(_) => self.preset.authentication(),
            None => ClientAuthentication::None,
        };
        match (self.authentication.unwrap_or(by_default), secret) {
            (ClientAuthentication::None, None) if self.login == Login::ClientCredentials => {
                Err(BuildError::missing("client_secret"))
            }
            (ClientAuthentication::None, None) => Ok(Credential::None),
            (ClientAuthentication::None, Some(_)) => Err(BuildError::invalid(
                "client_secret",
                "is given, but a client without authentication sends none",
            )),
            (_, None) => Err(BuildError::missing("client_secret")),
            (ClientAuthentication::Basic, Some(secret)) => self.raw_basic(secret),
            (ClientAuthentication::BasicEncoded, Some(secret)) => Ok(Credential::BasicEncoded(secret)),
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
                "has a colon, which raw Basic cannot carry: use ClientAuthentication::BasicEncoded",
            ));
        }
        Ok(Credential::Basic(secret))
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
