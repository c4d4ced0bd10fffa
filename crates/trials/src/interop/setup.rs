//! The servers, and how each can treat refresh tokens.

/// A server that was not written by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// npm's certified `oidc-provider`.
    OidcProvider,
    /// PyPI's `django-oauth-toolkit`. Each of its exchanges ends the previous access token.
    DjangoOauthToolkit,
}

/// How a server treats refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshTokens {
    /// Each is single-use, and reuse ends the whole grant.
    ReuseEndsGrant,
    /// Each is single-use, and reuse is refused.
    ReuseIsRefused,
    /// One for the whole grant.
    Kept,
}

/// A server as it is started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) server: Server,
    pub(super) refresh_tokens: RefreshTokens,
}

impl Setup {
    /// Returns the options of the server's command line.
    pub(super) fn options(self) -> [&'static str; 2] {
        match self.refresh_tokens {
            RefreshTokens::ReuseEndsGrant => ["--rotation=single-use", "--reuse=ends-grant"],
            RefreshTokens::ReuseIsRefused => ["--rotation=single-use", "--reuse=refused"],
            RefreshTokens::Kept => ["--rotation=kept", "--reuse=ends-grant"],
        }
    }
}
