//! Token requests in the format of RFC 6749.

mod issued;
mod refusal;

use token_core::reexports::http::header::CONTENT_TYPE;
use token_core::{Error, ErrorKind, Request, RequestBuilder, Secret, Step, Token, percent_encode};

use crate::config::{ClientRegistration, Credential, EndpointUrl, OAuth2};
use crate::sign::{Pkce, form_encode};

impl OAuth2 {
    /// Builds a request for a token with client credentials (RFC 6749 section 4.4.2).
    pub(crate) fn client_credentials_request(&self) -> Result<Request, Error> {
        let request = self.token_request("client_credentials");
        let request = with_scopes(request, &self.client.terms.scopes);
        self.finish(request, Step::Login)
    }

    /// Builds a refresh (RFC 6749 section 6).
    pub(crate) fn refresh_request(&self, token: &Token) -> Result<Request, Error> {
        let refresh = token.refresh().ok_or_else(no_refresh_token)?;
        let request = self
            .token_request("refresh_token")
            .form_secret("refresh_token", refresh);
        let request = with_scopes(request, &self.client.terms.refresh_scopes);
        // Spring's error texts also quote the access token.
        Ok(self
            .finish(request, Step::Refresh)?
            .remembering(token.secrets()))
    }

    /// Builds the redemption of a code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    pub(crate) fn redemption_request(
        &self,
        code: &Secret,
        redirect_uri: &str,
        pkce: Option<&Pkce>,
    ) -> Result<Request, Error> {
        let request = self
            .token_request("authorization_code")
            .form_secret("code", code)
            .form("redirect_uri", redirect_uri);
        let request = match pkce {
            Some(pkce) => request.form_secret("code_verifier", pkce.verifier()),
            None => request,
        };
        self.finish(request, Step::Redemption)
    }

    /// Builds a revocation or an introspection (RFC 7009 section 2.1, RFC 7662 section 2.1).
    pub(crate) fn request_about(
        &self,
        url: &EndpointUrl,
        token: &Secret,
        hint: &str,
        step: Step,
    ) -> Result<Request, Error> {
        let request = self.client.with_authorization(url.post());
        let request = request
            .form_secret("token", token)
            .form("token_type_hint", hint);
        self.client.with_credential(request).build(step)
    }

    fn token_request(&self, grant_type: &str) -> RequestBuilder {
        let request = match self.client.beginning.get() {
            Some(beginning) => RequestBuilder::clone(beginning),
            None => self.client.new_beginning(),
        };
        request.form("grant_type", grant_type)
    }

    fn finish(&self, request: RequestBuilder, step: Step) -> Result<Request, Error> {
        let with_all = self
            .client
            .terms
            .parameters
            .iter()
            .fold(request, |request, (name, value)| request.form(name, value));
        self.client.with_credential(with_all).build(step)
    }
}

impl ClientRegistration {
    /// Builds once what each token request begins with.
    pub(crate) fn prepare(&self) {
        const FORM: &str = "application/x-www-form-urlencoded";
        // With the content type, the clones need no header of their own.
        let beginning = || self.new_beginning().header(CONTENT_TYPE, FORM);
        self.beginning.get_or_init(|| Box::new(beginning()));
    }

    fn new_beginning(&self) -> RequestBuilder {
        self.with_authorization(self.token.post())
    }

    /// Adds the client authentication, if it is a header.
    fn with_authorization(&self, request: RequestBuilder) -> RequestBuilder {
        let id = &self.client_id;
        match &self.credential {
            Credential::Basic(secret) => request.basic(id, secret),
            Credential::BasicEncoded(secret) => encoded_basic(request, id, secret, form_encode),
            Credential::BasicPercentEncoded(secret) => {
                encoded_basic(request, id, secret, percent_encode)
            }
            Credential::Post(_) | Credential::None => request,
        }
    }

    /// Adds the client authentication, if it is a part of the form.
    fn with_credential(&self, request: RequestBuilder) -> RequestBuilder {
        let id = &self.client_id;
        match &self.credential {
            Credential::Post(secret) => request
                .form("client_id", id)
                .form_secret("client_secret", secret),
            Credential::None => request.form("client_id", id),
            _ => request,
        }
    }
}

fn with_scopes(request: RequestBuilder, scopes: &[String]) -> RequestBuilder {
    if scopes.is_empty() {
        return request;
    }
    request.form("scope", &scopes.join(" "))
}

fn encoded_basic(
    request: RequestBuilder,
    id: &str,
    secret: &Secret,
    encode: fn(&str) -> String,
) -> RequestBuilder {
    let encoded = Secret::from(encode(secret.expose()));
    request.remember(secret).basic(&encode(id), &encoded)
}

fn no_refresh_token() -> Error {
    Error::new(ErrorKind::Rejected, "there is no refresh token")
}
