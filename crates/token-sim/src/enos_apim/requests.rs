//! What a request must hold, and the codes that it is refused with.

use serde_json::Value;

pub(super) struct Refusal(pub(super) i64, pub(super) &'static str);

pub(super) const DUPLICATED: Refusal =
    Refusal(1001, "Repeated requests with duplicated encryption");
pub(super) const NO_APP: Refusal = Refusal(1002, "appKey does not exist");
pub(super) const BAD_HASH: Refusal = Refusal(1003, "encryption is not valid");
pub(super) const INVALID: Refusal = Refusal(1004, "invalid parameter");
pub(super) const EMPTY: Refusal = Refusal(1202, "parameter is empty");
pub(super) const EXPIRED: Refusal = Refusal(1203, "access token has expired");
pub(super) const NOT_REFRESHED: Refusal = Refusal(1204, "failed to refresh access token");

pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Err(EMPTY),
        Some(Value::String(text)) if text.is_empty() => Err(EMPTY),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(INVALID),
    }
}

/// The timestamp's digits, which a client may send as a number or as text.
pub(super) fn digits(body: &Value) -> Result<String, Refusal> {
    let digits = match body.get("timestamp") {
        None | Some(Value::Null) => return Err(EMPTY),
        Some(Value::String(text)) if text.is_empty() => return Err(EMPTY),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(INVALID),
    };
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
    if numeric { Ok(digits) } else { Err(INVALID) }
}
