//! The token endpoint: requests out, answers in.

use token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, Error, ErrorKind, Outcome, Request,
    Rotation, Step, Token, TokenEndpoint, TokenKey,
};

use crate::config::{Login, OAuth2};
use crate::judge;

impl TokenEndpoint for OAuth2 {
    fn key(&self) -> TokenKey {
        self.key.clone()
    }

    fn rotation(&self) -> Rotation {
        self.client.rotation
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        match self.client.login {
            Login::Never => None,
            Login::ClientCredentials => Some(self.client_credentials_request()),
        }
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        self.refresh_request(token)
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.client.token.base.origin()]
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        judge::verdict(response)
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        judge::needs_body(response)
    }

    /// Reads the answer to a login, a refresh or a redemption. See [`OAuth2::read_revocation`] and
    /// [`OAuth2::read_introspection`] for the others.
    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        if matches!(
            answer.request().step(),
            Step::Revocation | Step::Introspection
        ) {
            return Err(answer.error(
                ErrorKind::Protocol,
                "this is not the answer to a token request",
            ));
        }
        self.read_token(answer)
    }

    /// Revokes the refresh token, and with it the grant; or the access token, if there is no
    /// refresh token (RFC 7009 section 2.1). Returns `None` if no
    /// [`revocation_path`](crate::OAuth2Builder::revocation_path) is set.
    fn revoke(&self, token: &Token, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        let url = self.client.revocation.as_ref()?;
        let (secret, hint) = match token.refresh() {
            Some(refresh) => (refresh, "refresh_token"),
            None => (token.access(), "access_token"),
        };
        Some(self.request_about(url, secret, hint, Step::Revocation))
    }
}
