use token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, Error, Outcome, Request, Rotation, Token,
    TokenEndpoint, TokenKey,
};

use super::config::AccessKey;
use super::{codes, judge, wire};
use crate::reply::Reply;

impl TokenEndpoint for AccessKey {
    /// Returns a key of `quectel-access-key`, the host, the AccessKey and the scope, if one was
    /// set.
    fn key(&self) -> TokenKey {
        let grant = format!("{} {}", self.access_key, self.scope);
        TokenKey::of(
            "quectel-access-key",
            &self.base.deployment(),
            grant.trim_end(),
        )
    }

    /// Returns [`Rotation::Idempotent`]: a refresh sends the access token, which stays valid.
    /// Within 30 minutes the vendor answers with the same token, so a refresh whose answer was lost
    /// can be sent again. If a used token is ever refused, the login can be repeated.
    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(wire::login(self, attempt))
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
        let reply = Reply::of(answer, &document);
        if reply.code != codes::SUCCESS {
            return Err(codes::refused(answer, &reply));
        }
        wire::token(answer, &document).map(Outcome::Issued)
    }
}
