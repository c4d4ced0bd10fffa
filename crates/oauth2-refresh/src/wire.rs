//! Token requests and answers as RFC 6749 writes them.

use token_core::json::Document;
use token_core::{
    Answer, Error, ErrorKind, Redemption, Request, RequestBuilder, Secret, Step, Timestamp, Token,
};

use crate::codes::{Asked, Refusal};
use crate::config::{Credential, Login, Place, Settings};
use crate::sign::{Pkce, form_encode};

/// Where servers write how long the refresh token lives: GitHub and Azure AD B2C, Keycloak, Intuit.
const REFRESH_LIFETIMES: [&str; 3] = [
    "refresh_token_expires_in",
    "refresh_expires_in",
    "x_refresh_token_expires_in",
];

impl Settings {
    /// RFC 6749 section 4.4.2.
    pub(crate) fn client_credentials_request(&self) -> Result<Request, Error> {
        let asked = self.token.post().form("grant_type", "client_credentials");
        let asked = with_scopes(asked, &self.scopes);
        self.finish(asked, Step::Login)
    }

    /// RFC 6749 section 6.
    pub(crate) fn refresh_request(&self, token: &Token) -> Result<Request, Error> {
        let refresh = token.refresh().ok_or_else(no_refresh_token)?;
        let asked = self.token.post().form("grant_type", "refresh_token");
        let asked = with_scopes(asked.form_secret("refresh_token", refresh), &self.refresh_scopes);
        // Spring's error texts also quote the access token.
        Ok(self.finish(asked, Step::Refresh)?.remembering(token.secrets()))
    }

    /// RFC 6749 section 4.1.3 and RFC 7636 section 4.5.
    pub(crate) fn redemption(self, code: Secret, redirect_uri: String, pkce: Option<Pkce>) -> Redemption {
        Redemption::new(move |_attempt| {
            let asked = self.token.post().form("grant_type", "authorization_code");
            let asked = asked
                .form_secret("code", &code)
                .form("redirect_uri", &redirect_uri);
            let asked = match &pkce {
                Some(pkce) => asked.form_secret("code_verifier", pkce.verifier()),
                None => asked,
            };
            self.finish(asked, Step::Redemption)
        })
    }

    /// RFC 7009 section 2.1 and RFC 7662 section 2.1, which ask alike.
    pub(crate) fn request_about(
        &self,
        place: &Place,
        token: &Secret,
        hint: &str,
        step: Step,
    ) -> Result<Request, Error> {
        let asked = place
            .post()
            .form_secret("token", token)
            .form("token_type_hint", hint);
        self.authenticated(asked).build(step)
    }

    fn finish(&self, request: RequestBuilder, step: Step) -> Result<Request, Error> {
        let with_all = self
            .parameters
            .iter()
            .fold(request, |request, (name, value)| request.form(name, value));
        self.authenticated(with_all).build(step)
    }

    fn authenticated(&self, request: RequestBuilder) -> RequestBuilder {
        let id = &self.client_id;
        match &self.credential {
            Credential::Basic(secret) => request.basic(id, secret),
            Credential::BasicEncoded(secret) => {
                let encoded = Secret::from(form_encode(secret.expose()));
                request.remember(secret).basic(&form_encode(id), &encoded)
            }
            Credential::Post(secret) => request.form("client_id", id).form_secret("client_secret", secret),
            Credential::None => request.form("client_id", id),
        }
    }

    /// RFC 6749 section 5.1.
    pub(crate) fn read_token(&self, answer: &Answer<'_>) -> Result<Token, Error> {
        let document = self.accepted(answer)?;
        let access = filled(&document, "access_token");
        let Some(access) = access.map(Secret::from) else {
            return Err(self.without_token(answer, &document));
        };
        check_type(answer, &document)?;
        let expires_at = self.expires_at(answer, &document, &access)?;
        let mut token = Token::builder(access, answer.validity_until(expires_at))
            .refresh(filled(&document, "refresh_token").map(Secret::from))
            .refresh_expires_at(refresh_expires_at(answer, &document))
            .scopes(document.words(&["scope"]));
        for (name, value) in self.extras(&document) {
            token = token.extra(name, value);
        }
        token.build()
    }

    /// The document of an answer that is no refusal. An `error` is one whatever the status says: GitHub and Slack refuse with 200.
    pub(crate) fn accepted(&self, answer: &Answer<'_>) -> Result<Document, Error> {
        let document = answer
            .document()
            .map_err(|error| without_document(answer, error))?;
        if !answer.status().is_success() || filled(&document, "error").is_some() {
            return Err(self.refusal(answer, &document));
        }
        Ok(document)
    }

    /// RFC 6749 section 5.2, and the names that the tenant API of OneAccess gives to the same fields.
    fn refusal(&self, answer: &Answer<'_>, document: &Document) -> Error {
        let code = code_of(document).unwrap_or_default();
        let message = document
            .text(&["error_description", "error_msg", "message", "error.message"])
            .unwrap_or_default();
        let refusal = Refusal {
            code: &code,
            message,
            status: answer.status(),
            after: answer.retry_after(),
            asked: self.asked(answer.request().step()),
        };
        answer.refused(refusal.kind(), &code, message)
    }

    fn without_token(&self, answer: &Answer<'_>, document: &Document) -> Error {
        match code_of(document) {
            Some(_) => self.refusal(answer, document),
            None => answer.error(ErrorKind::Protocol, "the answer has no access token"),
        }
    }

    fn asked(&self, step: Step) -> Asked {
        match (step, self.login) {
            (Step::Login, _) => Asked::AsClient,
            (Step::Refresh, Login::ClientCredentials) => Asked::WithRenewableGrant,
            _ => Asked::WithGrant,
        }
    }

    fn expires_at(
        &self,
        answer: &Answer<'_>,
        document: &Document,
        access: &Secret,
    ) -> Result<Timestamp, Error> {
        answer
            .expires_in(document, &["expires_in"])
            .or_else(|| answer.jwt_expiry(access))
            .unwrap_or_else(|| Ok(answer.asked_at().after(self.default_lifetime)))
    }

    fn extras<'a>(&'a self, document: &'a Document) -> impl Iterator<Item = (&'a str, Secret)> {
        let names = self.kept.iter().map(String::as_str);
        names
            .chain(["id_token"])
            .filter_map(|name| Some((name, Secret::from(document.code(&[name])?))))
    }
}

fn with_scopes(request: RequestBuilder, scopes: &[String]) -> RequestBuilder {
    if scopes.is_empty() {
        return request;
    }
    request.form("scope", &scopes.join(" "))
}

fn no_refresh_token() -> Error {
    Error::new(
        ErrorKind::Rejected,
        "the token has no refresh token to be refreshed with",
    )
}

/// A text that is there and not empty.
fn filled<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.text(&[name]).filter(|text| !text.is_empty())
}

fn code_of(document: &Document) -> Option<String> {
    ["error", "error_code", "error.code", "error.type"]
        .iter()
        .find_map(|name| document.code(&[name]))
        .filter(|code| !code.is_empty())
}

/// RFC 6749 section 7.1: a type that is not understood must not be used. `Bearer` is written in every case there is, and left out.
fn check_type(answer: &Answer<'_>, document: &Document) -> Result<(), Error> {
    let is_bearer = |name: &str| name.eq_ignore_ascii_case("bearer");
    if !document.has(&["token_type"]) || document.text(&["token_type"]).is_some_and(is_bearer) {
        return Ok(());
    }
    Err(answer.error(
        ErrorKind::Protocol,
        "the token is not of the type Bearer, so a header alone does not carry it",
    ))
}

/// A hint only: Keycloak writes 0 for a refresh token that never dies, and no number here is worth the token that came with it.
fn refresh_expires_at(answer: &Answer<'_>, document: &Document) -> Option<Timestamp> {
    answer.expires_in(document, &REFRESH_LIFETIMES)?.ok()
}

/// A 401 is about the client (RFC 6749 section 5.2) even where a gateway wrote it without JSON.
fn without_document(answer: &Answer<'_>, error: Error) -> Error {
    if answer.status().as_u16() != 401 {
        return error;
    }
    answer.error(ErrorKind::Config, "the client was not authenticated")
}
