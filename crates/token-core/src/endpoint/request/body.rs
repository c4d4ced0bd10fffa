//! The body of a request.

use bytes::Bytes;

use crate::endpoint::json::ObjectWriter;

#[derive(Clone)]
pub(super) enum Body {
    Nothing,
    Form(String),
    Json(ObjectWriter),
    Raw(&'static str, Bytes),
}

impl Body {
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Body::Nothing => None,
            Body::Form(_) => Some("application/x-www-form-urlencoded"),
            Body::Json(_) => Some("application/json"),
            Body::Raw(content_type, _) => Some(content_type),
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Body::Nothing => Bytes::new(),
            Body::Form(pairs) => pairs.into(),
            Body::Json(object) => object.finish().into(),
            Body::Raw(_, bytes) => bytes,
        }
    }
}
