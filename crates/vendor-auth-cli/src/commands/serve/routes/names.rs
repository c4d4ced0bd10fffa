//! The names in a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::commands::serve::answer::Refusal;

/// The profile, or the pool and the account. What cannot be decoded is refused as other paths are.
pub(super) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(names)) => Ok(Self(names)),
            Err(_) => {
                let why = "the path is not percent-encoded UTF-8";
                Err(Refusal::new(StatusCode::BAD_REQUEST, "path", why))
            }
        }
    }
}
