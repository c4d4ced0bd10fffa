//! The account whose grant it is, which is the last part of the key.

use token_core::{BuildError, TokenKey, percent_encode};

use crate::config::OAuth2;

pub(crate) const NO_ACCOUNT: &str = "is missing: name whose grant this is, such as a user id, or use \
    client_credentials() if the client is its own account";

impl OAuth2 {
    /// Returns the endpoint of another account at the same server: what a pool of many accounts
    /// wants. All but the key is shared.
    ///
    /// ```
    /// use oauth2_refresh::OAuth2;
    /// use token_core::{Secret, TokenEndpoint};
    ///
    /// # let secret = Secret::from("s");
    /// let alice = OAuth2::builder("https://login.example.com")
    ///     .client_id("app-1")
    ///     .client_secret(secret)
    ///     .account("alice")
    ///     .build()?;
    /// let bob = alice.for_account("bob")?;
    /// assert_eq!(bob.key().as_str(), "oauth2/login.example.com/app-1:bob");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the account is blank, or the key would be longer than 512 bytes.
    pub fn for_account(&self, account: &str) -> Result<Self, BuildError> {
        if !is_account(account) {
            return Err(BuildError::invalid("account", NO_ACCOUNT));
        }
        self.client.prepare();
        Ok(Self {
            key: self.key_of(account)?,
            client: self.client.clone(),
        })
    }

    /// Returns the key of another account, which differs from the own one in its last part.
    fn key_of(&self, account: &str) -> Result<TokenKey, BuildError> {
        let own = self.key.as_str();
        let (_, grant) = own.rsplit_once('/').unwrap_or(("", own));
        let (_, own_account) = grant.split_once(':').unwrap_or((grant, ""));
        let mut key = String::with_capacity(own.len() + account.len());
        key.push_str(own.strip_suffix(own_account).unwrap_or(own));
        for (nth, part) in account.split(':').enumerate() {
            key.push_str(if nth == 0 { "" } else { ":" });
            key.push_str(&percent_encode(part));
        }
        checked_key(&key)
    }
}

pub(crate) fn checked_key(key: &str) -> Result<TokenKey, BuildError> {
    let too_long = |_| {
        BuildError::invalid(
            "account",
            "makes a key of more than 512 bytes with the client id",
        )
    };
    TokenKey::parse(key).map_err(too_long)
}

/// Without an account, two users of one client would share a token.
pub(crate) fn is_account(account: &str) -> bool {
    !account.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use token_core::reexports::http::HeaderMap;
    use token_core::{Attempt, Request, Secret, Step, Timestamp, Token, TokenEndpoint};

    use super::*;
    use crate::builder::OAuth2Builder;
    use crate::config::ClientAuthentication;

    const SECRET: &str = "conformance secret";

    fn builder(authentication: ClientAuthentication) -> OAuth2Builder {
        OAuth2::builder("https://login.example.com/tenant")
            .client_id("app/1")
            .client_secret(SECRET)
            .client_authentication(authentication)
            .parameter("audience", "a b")
    }

    fn requests(oauth2: &OAuth2) -> [Request; 2] {
        let token = Token::from_refresh_token(Secret::from("R1")).unwrap();
        let attempt = Attempt::new(Timestamp::from_unix_seconds(0), [0; 16]);
        let url = &oauth2.client.token;
        let about = oauth2.request_about(url, token.access(), "access_token", Step::Revocation);
        [oauth2.refresh(&token, &attempt).unwrap(), about.unwrap()]
    }

    /// The headers in their order.
    fn listed(headers: &HeaderMap) -> Vec<(String, String, bool)> {
        let fields = headers.iter().map(|(name, value)| {
            let text = value.to_str().unwrap().to_owned();
            (name.to_string(), text, value.is_sensitive())
        });
        fields.collect()
    }

    #[test]
    fn the_endpoint_of_another_account_is_the_one_that_its_own_builder_gives() {
        for authentication in [
            ClientAuthentication::Basic,
            ClientAuthentication::BasicEncoded,
            ClientAuthentication::Post,
        ] {
            let alice = builder(authentication).account("alice").build().unwrap();
            for account in ["bob", "a b/c:d", "\u{e9}%3A", ":", "alice"] {
                let own = builder(authentication).account(account).build().unwrap();
                let other = alice.for_account(account).unwrap();
                assert_eq!(other.key(), own.key());
                let once_more = other.for_account("carol").unwrap().for_account(account);
                assert_eq!(once_more.unwrap().key(), own.key());
                for (other, own) in requests(&other).iter().zip(&requests(&own)) {
                    let echo = |request: &Request| request.scrubber().scrub(SECRET, 99);
                    assert_eq!((echo(own), echo(other)), (MARK.into(), MARK.into()));
                    let (other, own) = (other.to_http(), own.to_http());
                    assert_eq!((other.method(), other.uri()), (own.method(), own.uri()));
                    assert_eq!(listed(other.headers()), listed(own.headers()));
                    assert_eq!(other.body(), own.body());
                }
            }
        }
    }

    const MARK: &str = "[scrubbed]";

    #[test]
    fn an_account_that_is_blank_or_too_long_has_no_endpoint() {
        let alice = builder(ClientAuthentication::Basic)
            .account("alice")
            .build();
        let alice = alice.unwrap();
        for wrong in ["", " ", &"x".repeat(500)] {
            assert_eq!(alice.for_account(wrong).unwrap_err().field(), "account");
        }
    }
}
