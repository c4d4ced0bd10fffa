//! The headers of an API request with a token.

use vendor_auth::types::reexports::http::{HeaderMap, Method, Request, Uri};
use vendor_auth::types::{ApiBody, Attempt, TokenPlacement};
use vendor_auth::{Secret, Token};

use crate::config::Config;
use crate::config::profile::{Credentials, Profile};
use crate::failure::Failure;
use crate::grant;

/// The headers of a request that has no body, with names as people write them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiHeaders(Vec<(String, Secret)>);

impl ApiHeaders {
    /// Returns the headers with which this token is sent: the same for all requests.
    pub(crate) fn of(token: &Token) -> Self {
        Self::from_map(&token.headers())
    }

    /// Returns the headers of this request: they are signed, so that they are good for no other.
    pub(crate) fn signed(
        config: &Config,
        profile: &Profile,
        token: &Token,
        method: Method,
        uri: &Uri,
    ) -> Result<Self, Failure> {
        let endpoint = profile.endpoint(Credentials::Read);
        let endpoint = endpoint.map_err(|mistake| config.mistake(&mistake))?;
        let request = Request::builder().method(method).uri(uri).body(());
        let request = request.map_err(|_| Failure::usage(format!("{uri} is not a URL")))?;
        let (mut parts, ()) = request.into_parts();
        let attempt = Attempt::new(grant::now(), nonce()?);
        endpoint
            .authorize(token, &mut parts, &mut ApiBody::of(b""), &attempt)
            .map_err(|error| Failure::of_profile(&profile.name, &error, &profile.log_in_again()))?;
        Ok(Self::from_map(&parts.headers))
    }

    /// Returns the names and the values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns whether there is none: the token travels elsewhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn from_map(map: &HeaderMap) -> Self {
        let headers = map.iter().map(|(name, value)| {
            // Tokens are printable ASCII: another one is refused when it is read.
            let value = value.to_str().unwrap_or_default();
            (canonical(name.as_str()), Secret::from(value))
        });
        Self(headers.collect())
    }
}

/// Returns the failure of something that can only carry `Authorization: Bearer`.
pub(crate) fn not_carried(profile: &str, token: &Token, what: &str) -> Failure {
    let place = match token.placement() {
        TokenPlacement::Bearer => "as Authorization: Bearer".to_owned(),
        TokenPlacement::Verbatim => "in Authorization, with a scheme of its own".to_owned(),
        TokenPlacement::Header(name) => format!("in the header {name}"),
        TokenPlacement::Query(name) => format!("in the query parameter {name}"),
        TokenPlacement::Form(name) => format!("in the form parameter {name}"),
        _ => "in a way of its own".to_owned(),
    };
    Failure::config(format!(
        "{profile}: the vendor takes the token {place}, which {what}"
    ))
}

/// Returns a header's name as people write it: `Authorization`.
pub(crate) fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

fn nonce() -> Result<[u8; 16], Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)
        .map_err(|error| Failure::store(format!("no random numbers: {error}")))?;
    Ok(nonce)
}
