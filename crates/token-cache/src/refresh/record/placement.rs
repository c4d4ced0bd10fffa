//! How a token is put on a request, as a text.

use std::borrow::Cow;

use http::HeaderName;
use token_core::TokenPlacement;
use token_core::store::StoreError;

pub(super) fn name_of(placement: &TokenPlacement) -> Result<Cow<'_, str>, StoreError> {
    match placement {
        TokenPlacement::Bearer => Ok("bearer".into()),
        TokenPlacement::Verbatim => Ok("verbatim".into()),
        TokenPlacement::Header(name) => Ok(format!("header:{name}").into()),
        TokenPlacement::Query(name) => Ok(format!("query:{name}").into()),
        TokenPlacement::Form(name) => Ok(format!("form:{name}").into()),
        _ => Err(StoreError::new("this token placement cannot be stored")),
    }
}

pub(super) fn named(name: &str) -> Option<TokenPlacement> {
    match name.split_once(':').unwrap_or((name, "")) {
        ("bearer", "") => Some(TokenPlacement::Bearer),
        ("verbatim", "") => Some(TokenPlacement::Verbatim),
        ("header", name) => HeaderName::try_from(name).ok().map(TokenPlacement::Header),
        ("query", name) => Some(TokenPlacement::Query(name.to_owned())),
        ("form", name) => Some(TokenPlacement::Form(name.to_owned())),
        _ => None,
    }
}
