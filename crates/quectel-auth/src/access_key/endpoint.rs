use std::fmt;

use token_core::{Answer, Attempt, BaseUrl, Error, Key, Outcome, Request, Rotation, Token, TokenEndpoint};

use super::config::{AccessKeyBuilder, Config};
use super::{codes, wire};
use crate::verdict::Verdict;

/// The token endpoint of Quectel's SaaS API, for the holder of an AccessKey.
///
/// ```
/// use quectel_auth::{AccessKey, Region};
/// use token_core::TokenEndpoint;
///
/// let quectel = AccessKey::builder(Region::Europe)
///     .access_key("24b9zicjuns41H6MDg71AMnP")
///     .access_secret("the AccessSecret")
///     .build()?;
/// assert_eq!(quectel.key().as_str(), "quectel-access-key/iot-api.acceleronix.io/24b9zicjuns41H6MDg71AMnP");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **Login** signs the key, and the time in milliseconds, with SHA-256; it can be repeated at any time. The host's clock may be
///   ten minutes off at most, or the engine must know the server's.
/// * **Refresh** spends the access token itself; there is no other. A token younger than 30 minutes is answered with itself, so it
///   is not due before. Of its JWT's `exp` and `expires_in`, which counts from the answer, the earlier end counts.
/// * **Carried** as it came, `Authorization: QJWT …`.
/// * **Refused**: a refresh that is refused for who asks kills the live token
///   ([`Error::kills_live_token`](token_core::Error::kills_live_token)), since the vendor disables it together with the user or the
///   AccessKey. Service failures (50000, 70000) and refused parameters do not.
#[derive(Clone)]
pub struct AccessKey(Config);

impl AccessKey {
    /// Begins an endpoint at a [`Region`](crate::Region) or at any other base URL.
    pub fn builder(base_url: impl AsRef<str>) -> AccessKeyBuilder {
        AccessKeyBuilder::new(base_url.as_ref())
    }

    /// Where it is.
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base
    }

    pub(super) fn new(config: Config) -> Self {
        Self(config)
    }
}

impl TokenEndpoint for AccessKey {
    /// `quectel-access-key`, the host, the AccessKey and, where one was given, the scope.
    fn key(&self) -> Key {
        let grant = format!("{} {}", self.0.access_key, self.0.scope);
        Key::of("quectel-access-key", &self.0.base.deployment(), grant.trim_end())
    }

    /// [`Rotation::Idempotent`]: what is spent is the access token, which the vendor lets live on; asked twice within 30 minutes, it
    /// answers with the same token, so a refresh whose answer was lost can be sent again. Should a spent token ever be refused, the
    /// login is repeatable.
    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(wire::login(&self.0, attempt))
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        wire::refresh(&self.0, token)
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let document = answer
            .document()
            .map_err(|error| codes::unauthorized(answer).unwrap_or(error))?;
        let verdict = Verdict::of(answer, &document);
        if verdict.code != codes::SUCCESS {
            return Err(codes::refused(answer, &verdict));
        }
        wire::token(answer, &document).map(Outcome::Issued)
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessKey({} at {})", self.0.access_key, self.0.base)
    }
}
