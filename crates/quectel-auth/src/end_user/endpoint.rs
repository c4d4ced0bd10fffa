use token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, Error, Outcome, Request, Rotation, Token,
    TokenEndpoint, TokenKey,
};

use super::config::EndUser;
use super::{codes, judge, wire};

impl TokenEndpoint for EndUser {
    /// Returns a key of `quectel-end-user`, the host and the account.
    fn key(&self) -> TokenKey {
        TokenKey::of("quectel-end-user", &self.base.deployment(), &self.account)
    }

    /// Returns [`Rotation::SingleUse`]: every refresh issues a new refresh token, and the vendor
    /// does not say whether the old one stays valid. Assuming that it does not costs a wait after a
    /// lost answer; assuming that it does could cost the grant.
    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        wire::refresh(self, token)
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        judge::verdict(response)
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        response.refusal_limit()
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let document = answer
            .document()
            .map_err(|error| codes::unauthorized(answer).unwrap_or(error))?;
        wire::outcome(answer, &document)
    }

    /// Builds "User Logout", `DELETE /v2/enduser/enduserapi/userLogout`. Its answer has a code and
    /// no token.
    fn revoke(&self, token: &Token, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(wire::logout(self, token))
    }
}
