//! The time claims of a JWT. Signatures are not verified: that is up to the API that receives the
//! token.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::endpoint::json::Document;
use crate::token::time::Timestamp;

/// The time claims of a JWT (RFC 7519 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `exp`: the instant from which the token must not be accepted.
    pub expires_at: Option<Timestamp>,
    /// `iat`: when the token was issued.
    pub issued_at: Option<Timestamp>,
}

/// Returns the claims of a token, with or without a scheme such as `QJWT ` or `Bearer ` before it;
/// `None` if it is not a JWT.
///
/// ```
/// let token = "Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.";
/// let claims = token_core::jwt::claims(token).unwrap();
/// assert_eq!(claims.expires_at.map(|at| at.unix_seconds()), Some(1_700_000_000));
/// assert!(token_core::jwt::claims("opaque").is_none());
/// ```
pub fn claims(token: &str) -> Option<Claims> {
    // An opaque token is recognized in one pass.
    if token.bytes().filter(|byte| *byte == b'.').count() < 2 {
        return None;
    }
    let token = token.rsplit(' ').next()?;
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    let document = Document::parse(&payload).ok().filter(Document::is_object)?;
    let instant = |name| {
        document
            .number(&[name])?
            .ok()
            .map(Timestamp::from_unix_seconds)
    };
    Some(Claims {
        expires_at: instant("exp"),
        issued_at: instant("iat"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_published_sample_is_read() {
        let token = "QJWT eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIyOTQ5NCIsImlhdCI6MTYxODQ3Mjk2MiwianRpIjoiYjVhMmRhNjgtMzI0Ni00ZWRjLWEwZTktOTEyZjdjMDFkMmMzIiwidXR5IjoicGVyIiwiZXhwIjoxNjE4NTU5MzYyLCJhbSI6IkFjY2Vzc0tleSIsInNwIjoiIn0.JUQjUKlaDepazh7JssvRZKDiA1UL83VK8WECj86TI_I";
        let claims = claims(token).unwrap();
        assert_eq!(
            claims.issued_at,
            Some(Timestamp::from_unix_seconds(1_618_472_962))
        );
        assert_eq!(
            claims.expires_at,
            Some(Timestamp::from_unix_seconds(1_618_559_362))
        );
    }

    #[test]
    fn an_opaque_token_has_no_claims() {
        for token in ["", "a.b", "a.b.c", "a.e30", "QJWT ", "x.W10.y", "x.!!!.y"] {
            assert_eq!(claims(token), None, "{token}");
        }
        assert_eq!(
            claims("x.e30.y"),
            Some(Claims {
                expires_at: None,
                issued_at: None
            })
        );
    }
}
