//! What the server does at a login while a token lives, and when refresh tokens end.

/// What client credentials are answered with while the access token that they got before lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    /// A new access token each time.
    NewToken,
    /// The living access token again, with the seconds that are left of it in `expires_in`, until
    /// its end: what Spring Security OAuth2 does. In its last second that is 0.
    LivingToken,
}

/// When a refresh token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenEnd {
    /// A refresh token's life after it was issued: one that is kept has a fixed end, rotation moves
    /// it.
    AfterIssue,
    /// A refresh token's life after its last use, kept or not.
    Sliding,
    /// A refresh token's life after the grant began, kept or not: each answer brings an earlier
    /// end.
    Fixed,
}
