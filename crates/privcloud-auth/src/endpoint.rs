//! The token endpoint: requests out, answers in.

use token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, Error, Outcome, Request, Rotation, Token,
    TokenEndpoint, TokenKey,
};

use crate::config::PrivateCloud;
use crate::{judge, wire};

impl TokenEndpoint for PrivateCloud {
    fn key(&self) -> TokenKey {
        let grant = format!("{}:{}", self.client_id, self.account);
        TokenKey::of("privcloud", &self.base.deployment(), &grant)
    }

    /// Returns [`Rotation::SingleUse`]. The vendor does not document what a refresh does to the
    /// refresh token, so it is not sent twice.
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

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let document = wire::document(answer)?;
        wire::outcome(self, answer, &document)
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        judge::verdict(&self.dialect, response)
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        response.refusal_limit()
    }
}
