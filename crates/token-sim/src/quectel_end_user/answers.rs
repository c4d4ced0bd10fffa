//! The vendor's response envelope, and its codes with their texts.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::grants::Pair;
use crate::vendor::{Refusal, Reply};

pub(super) fn success(pair: &Pair) -> Answer {
    let refresh_expires = pair.refresh_expires_ms.map(|unix_ms| unix_ms / 1000);
    let data = json!({
        "accessToken": { "token": pair.access, "expirationTime": pair.access_expires_ms / 1000 },
        "refreshToken": { "token": pair.refresh, "expirationTime": refresh_expires },
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

pub(super) const FROZEN: Refusal =
    Refusal(5147, "Account frozen, please try again after 20 minutes");
pub(super) const BLOCKED: Refusal = Refusal(5325, "Blocked, will be lifted after 24 hours");
pub(super) const DISABLED: Refusal = Refusal(5041, "No permission");
pub(super) const ADDRESS_BLOCKED: Refusal = Refusal(
    5148,
    "Your IP is blocked, please try again after 20 minutes",
);
pub(super) const NO_EMAIL: Refusal = Refusal(5026, "Email is missing");
pub(super) const NO_PHONE: Refusal = Refusal(5040, "Phone number format error");
pub(super) const NO_PASSWORD: Refusal = Refusal(5022, "Password is missing");
pub(super) const NO_DOMAIN: Refusal = Refusal(5023, "User domain is missing");
pub(super) const BAD_DOMAIN: Refusal = Refusal(5013, "User domain format error");
pub(super) const UNKNOWN_DOMAIN: Refusal = Refusal(5015, "User domain does not exist");
pub(super) const DISABLED_DOMAIN: Refusal = Refusal(5104, "User domain is disabled");
pub(super) const NO_SIGNATURE: Refusal = Refusal(5550, "Signature is missing");
pub(super) const BAD_SIGNATURE: Refusal = Refusal(5420, "Signature verification failed");
pub(super) const UNKNOWN_EMAIL: Refusal = Refusal(5031, "Email is not registered");
pub(super) const UNKNOWN_USER: Refusal = Refusal(5033, "User does not exist");
pub(super) const NO_REFRESH_TOKEN: Refusal = Refusal(5115, "Refresh token is missing");
pub(super) const BAD_TOKEN: Refusal = Refusal(5032, "Token verification failed");

/// Codes of the vendor's table that no state of the simulator produces.
const OTHERS: [Refusal; 9] = [
    Refusal(5003, "Wrong SMS verification code"),
    Refusal(5005, "Wrong user name or password"),
    Refusal(5012, "Wrong user name or password"),
    Refusal(5097, "Wrong account or password"),
    Refusal(5101, "The account is not registered"),
    Refusal(5106, "Token is missing"),
    Refusal(5144, "Authentication failed"),
    Refusal(5145, "Timestamp format error"),
    Refusal(
        5146,
        "Wrong password, 3 attempts left before the account is locked",
    ),
];

const KNOWN: [Refusal; 17] = [
    NO_EMAIL,
    NO_PHONE,
    NO_PASSWORD,
    NO_DOMAIN,
    BAD_DOMAIN,
    UNKNOWN_DOMAIN,
    DISABLED_DOMAIN,
    NO_SIGNATURE,
    BAD_SIGNATURE,
    UNKNOWN_EMAIL,
    UNKNOWN_USER,
    NO_REFRESH_TOKEN,
    BAD_TOKEN,
    FROZEN,
    BLOCKED,
    ADDRESS_BLOCKED,
    DISABLED,
];

/// Returns the refusal with this code, and the vendor's text if the code is in its table.
pub(super) fn refusal_of(code: i64) -> Refusal {
    let all = KNOWN.iter().chain(&OTHERS);
    let known = all.copied().find(|Refusal(known, _)| *known == code);
    known.unwrap_or(Refusal(code, "Refused"))
}
