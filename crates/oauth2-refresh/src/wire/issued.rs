//! Reads an answer with a token (RFC 6749 section 5.1), and notes what is odd about it.

use token_core::json::Document;
use token_core::{Answer, Error, ErrorKind, Lifetime, Outcome, Secret, Timestamp, Token};

use super::refusal::has_error;
use crate::config::{Login, OAuth2, UnknownTokenType};

const LIFETIMES: [&str; 1] = ["expires_in"];
/// Azure AD v1 and several others write an instant.
const ENDS: [&str; 2] = ["expires_at", "expires_on"];
/// GitHub and Azure AD B2C; Keycloak; Intuit.
const REFRESH_LIFETIMES: [&str; 3] = [
    "refresh_token_expires_in",
    "refresh_expires_in",
    "x_refresh_token_expires_in",
];
const REFRESH_ENDS: [&str; 4] = [
    "refresh_token_expires_at",
    "refresh_expires_at",
    "refresh_token_expires_on",
    "refresh_expires_on",
];

/// Registered types that need more than a header (RFC 9449, RFC 7800 and its draft, RFC 6749
/// section 7.1).
const BOUND_TYPES: [&str; 3] = ["dpop", "pop", "mac"];

impl OAuth2 {
    /// Reads a token, or the refresh token alone if the access token is unusable.
    pub(crate) fn read_token(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let document = self.document(answer)?;
        let refresh = document.secret(&["refresh_token"]);
        // A new refresh token is worth more than an error beside it.
        if !answer.status().is_success() || (has_error(&document) && refresh.is_none()) {
            return Err(self.refusal(answer, &document));
        }
        let refresh_end = refresh_expires_at(answer, &document, refresh.as_ref());
        let token = self.token(answer, &document, refresh.clone(), refresh_end);
        answer.outcome(token, refresh, refresh_end)
    }

    fn token(
        &self,
        answer: &Answer<'_>,
        document: &Document,
        refresh: Option<Secret>,
        refresh_end: Option<Timestamp>,
    ) -> Result<Token, Error> {
        let access = document
            .secret(&["access_token"])
            .ok_or_else(|| self.without_token(answer, document))?;
        let odd_type = self.check_type(answer, document)?;
        let lifetime = lifetime(answer, document, &access);
        let renewal = answer.renewal(refresh.as_ref(), self.client.login != Login::Never);
        let validity = lifetime.validity(renewal, self.client.default_lifetime);
        let oddities = [
            document.oddity(),
            lifetime.oddity(),
            odd_type,
            match refresh {
                Some(_) => None,
                None => odd_refresh_token(document),
            },
            has_error(document).then_some("the answer has an error beside its token"),
        ];
        let mut token = Token::builder(access, validity)
            .refresh(refresh)
            .refresh_expires_at(refresh_end)
            .scopes(document.words(&["scope"]));
        for oddity in oddities.into_iter().flatten() {
            token = token.odd(oddity);
        }
        for (name, value) in self.extras(document) {
            token = token.extra(name, value);
        }
        token.build()
    }

    /// Checks the token type (RFC 6749 section 7.1): a token of another known type must not be sent
    /// as Bearer. A token of an unregistered type is, and is noted, since servers put all kinds of
    /// names there (`jwt`, `user`, `BearerToken`).
    fn check_type(
        &self,
        answer: &Answer<'_>,
        document: &Document,
    ) -> Result<Option<&'static str>, Error> {
        let name = document.text(&["token_type"]).map(str::trim);
        if name.is_some_and(|name| name.eq_ignore_ascii_case("bearer"))
            || !document.has(&["token_type"])
        {
            return Ok(None);
        }
        let is_bound = name.is_some_and(|name| {
            BOUND_TYPES
                .iter()
                .any(|bound| name.eq_ignore_ascii_case(bound))
        });
        if is_bound {
            return Err(answer.error(
                ErrorKind::Config,
                "the server issues tokens that need a key or a signature (DPoP, PoP, MAC): configure it to issue Bearer tokens to this client",
            ));
        }
        match self.client.unknown_token_type {
            UnknownTokenType::SendAsBearer => {
                Ok(Some("the token's type is unknown, it is sent as Bearer"))
            }
            UnknownTokenType::Refuse => Err(answer.error(
                ErrorKind::Config,
                "the token's type is unknown, and `unknown_token_type` refuses such tokens",
            )),
        }
    }

    fn extras<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = (&'a str, Secret)> {
        let names = self.client.terms.kept.iter().map(String::as_str);
        names
            .chain(["id_token"])
            .filter_map(|name| Some((name, Secret::from(document.code(&[name])?))))
    }
}

fn lifetime<'a>(answer: &'a Answer<'_>, document: &Document, access: &Secret) -> Lifetime<'a> {
    answer
        .lifetime()
        .seconds(document, &LIFETIMES)
        .instant(document, &ENDS)
        .jwt(access)
        .refresh_in(document, &["refresh_in"])
}

/// Returns the end of the refresh token. Zero and unreadable values count as none: Keycloak writes
/// 0 for a refresh token that never ends.
fn refresh_expires_at(
    answer: &Answer<'_>,
    document: &Document,
    refresh: Option<&Secret>,
) -> Option<Timestamp> {
    let told = answer
        .lifetime()
        .seconds(document, &REFRESH_LIFETIMES)
        .instant(document, &REFRESH_ENDS);
    refresh.map_or(told, |refresh| told.jwt(refresh)).end()
}

/// Returns what is odd about a refresh token that is no secret. Several servers send an empty one
/// if there is none.
fn odd_refresh_token(document: &Document) -> Option<&'static str> {
    let names = &["refresh_token"];
    let is_empty = document.text(names).is_some_and(str::is_empty);
    let is_unusable = document.has(names) && !is_empty;
    is_unusable.then_some("the answer's refresh token is unusable")
}
