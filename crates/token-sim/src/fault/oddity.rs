//! Odd answers to a successful exchange.

use serde_json::json;

use super::alteration::Alteration;

/// What is odd about an answer with tokens, in the fields of RFC 6749 section 5.1.
///
/// ```
/// use token_sim::{Fault, Oddity};
///
/// for oddity in Oddity::ALL {
///     Fault::odd(oddity);
/// }
/// ```
///
/// To change fields of other vendors' answers, use [`Fault::with_field`](crate::Fault::with_field).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oddity {
    /// `"expires_in": 0`.
    ExpiresInZero,
    /// `"expires_in": -1`.
    ExpiresInNegative,
    /// `"expires_in": ""`.
    ExpiresInEmpty,
    /// `"expires_in": "soon"`.
    ExpiresInWord,
    /// `"expires_in": "3600 seconds"`.
    ExpiresInWithUnit,
    /// `"expires_in"` is an ISO 8601 date.
    ExpiresInDate,
    /// No `expires_in`.
    ExpiresInMissing,
    /// `"token_type": ""`.
    TokenTypeEmpty,
    /// `"token_type": "jwt"`.
    TokenTypeJwt,
    /// `"token_type": "BearerToken"`.
    TokenTypeBearerToken,
    /// `"token_type": "user"`.
    TokenTypeUser,
    /// `"token_type"` is a list.
    TokenTypeList,
    /// `"token_type": "DPoP"`, a registered type that is not sent as Bearer.
    TokenTypeDpop,
    /// No `access_token`.
    AccessTokenMissing,
    /// `"access_token": ""`.
    AccessTokenEmpty,
    /// `"access_token": 7`.
    AccessTokenNumber,
    /// The access token is a JWT whose `exp` is an hour ago.
    AccessTokenPast,
    /// A byte that is not UTF-8, in a field that clients do not read.
    StrayByte,
    /// An HTML comment after the JSON.
    TrailingBytes,
    /// `refresh_token` twice, with two values.
    RepeatedKey,
    /// The whole answer in UTF-16.
    Utf16,
}

impl Oddity {
    /// All variants.
    pub const ALL: [Self; 21] = [
        Self::ExpiresInZero,
        Self::ExpiresInNegative,
        Self::ExpiresInEmpty,
        Self::ExpiresInWord,
        Self::ExpiresInWithUnit,
        Self::ExpiresInDate,
        Self::ExpiresInMissing,
        Self::TokenTypeEmpty,
        Self::TokenTypeJwt,
        Self::TokenTypeBearerToken,
        Self::TokenTypeUser,
        Self::TokenTypeList,
        Self::TokenTypeDpop,
        Self::AccessTokenMissing,
        Self::AccessTokenEmpty,
        Self::AccessTokenNumber,
        Self::AccessTokenPast,
        Self::StrayByte,
        Self::TrailingBytes,
        Self::RepeatedKey,
        Self::Utf16,
    ];

    /// Returns whether a lenient client finds the refresh token in such an answer. If not, the
    /// journal counts the answer as not delivered.
    pub fn is_readable(self) -> bool {
        self.alteration().is_readable()
    }

    /// Returns whether the access token of such an answer can be used.
    pub fn has_usable_access_token(self) -> bool {
        let unusable = matches!(
            self,
            Self::TokenTypeDpop
                | Self::AccessTokenMissing
                | Self::AccessTokenEmpty
                | Self::AccessTokenNumber
                | Self::AccessTokenPast
        );
        self.is_readable() && !unusable
    }

    pub(super) fn alteration(self) -> Alteration {
        let expires_in = |value| Alteration::set("expires_in", value);
        let token_type = |value| Alteration::set("token_type", value);
        match self {
            Self::ExpiresInZero => expires_in(json!(0)),
            Self::ExpiresInNegative => expires_in(json!(-1)),
            Self::ExpiresInEmpty => expires_in(json!("")),
            Self::ExpiresInWord => expires_in(json!("soon")),
            Self::ExpiresInWithUnit => expires_in(json!("3600 seconds")),
            Self::ExpiresInDate => expires_in(json!("2026-11-25T12:00:00Z")),
            Self::ExpiresInMissing => Alteration::remove("expires_in"),
            Self::TokenTypeEmpty => token_type(json!("")),
            Self::TokenTypeJwt => token_type(json!("jwt")),
            Self::TokenTypeBearerToken => token_type(json!("BearerToken")),
            Self::TokenTypeUser => token_type(json!("user")),
            Self::TokenTypeList => token_type(json!(["Bearer"])),
            Self::TokenTypeDpop => token_type(json!("DPoP")),
            Self::AccessTokenMissing => Alteration::remove("access_token"),
            Self::AccessTokenEmpty => Alteration::set("access_token", json!("")),
            Self::AccessTokenNumber => Alteration::set("access_token", json!(7)),
            Self::AccessTokenPast => Alteration::PastJwt,
            Self::StrayByte => Alteration::StrayByte,
            Self::TrailingBytes => Alteration::TrailingBytes,
            Self::RepeatedKey => Alteration::RepeatedKey,
            Self::Utf16 => Alteration::Utf16,
        }
    }
}
