//! A boxed or shared endpoint is an endpoint.

use std::sync::Arc;

use http::request::Parts;

use super::answer::Answer;
use super::answer::outcome::Outcome;
use super::attempt::Attempt;
use super::request::Request;
use super::{Rotation, TokenEndpoint};
use crate::api::body::ApiBody;
use crate::api::origin::ApiOrigin;
use crate::api::verdict::{ApiResponse, ApiVerdict};
use crate::error::Error;
use crate::token::Token;
use crate::token::key::TokenKey;

macro_rules! forward {
    ($($pointer:ident),*) => {
        // A method that is not forwarded would have its default, whatever the endpoint says.
        $(#[deny(clippy::missing_trait_methods)]
        impl<E: TokenEndpoint + ?Sized> TokenEndpoint for $pointer<E> {
            fn key(&self) -> TokenKey {
                (**self).key()
            }

            fn rotation(&self) -> Rotation {
                (**self).rotation()
            }

            fn exchange_ends_old_token(&self) -> bool {
                (**self).exchange_ends_old_token()
            }

            fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
                (**self).login(attempt)
            }

            fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
                (**self).refresh(token, attempt)
            }

            fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
                (**self).read(answer, attempt)
            }

            fn api_origins(&self) -> Vec<ApiOrigin> {
                (**self).api_origins()
            }

            fn authorize(
                &self,
                token: &Token,
                request: &mut Parts,
                body: &mut ApiBody<'_>,
                attempt: &Attempt,
            ) -> Result<(), Error> {
                (**self).authorize(token, request, body, attempt)
            }

            fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
                (**self).judge(response)
            }

            fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
                (**self).judge_needs_body(response)
            }

            fn revoke(&self, token: &Token, attempt: &Attempt) -> Option<Result<Request, Error>> {
                (**self).revoke(token, attempt)
            }
        })*
    };
}

forward!(Box, Arc);
