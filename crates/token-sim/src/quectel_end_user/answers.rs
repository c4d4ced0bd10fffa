//! The envelope that the vendor answers in.

use serde_json::{Value, json};

use super::refusals::Refusal;
use crate::answer::Answer;
use crate::vendor::Reply;

/// Tokens to be answered with.
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) access_expires_ms: i64,
    pub(super) refresh: String,
    pub(super) refresh_expires_ms: i64,
}

pub(super) fn success(pair: &Pair) -> Answer {
    let data = json!({
        "accessToken": { "token": pair.access, "expirationTime": pair.access_expires_ms / 1000 },
        "refreshToken": { "token": pair.refresh, "expirationTime": pair.refresh_expires_ms / 1000 },
    });
    Answer::json(200, &envelope(200, "", &data))
}

pub(super) fn refused(Refusal(code, text): Refusal) -> Reply {
    Reply::refused(failure(code, text), code)
}

pub(super) fn failure(code: i64, text: &str) -> Answer {
    Answer::json(200, &envelope(code, text, &Value::Null))
}

pub(super) fn envelope(code: i64, msg: &str, data: &Value) -> Value {
    json!({ "code": code, "msg": msg, "data": data, "extMsg": null })
}
