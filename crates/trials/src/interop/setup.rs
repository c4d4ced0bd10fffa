//! The servers, and what each may be told to do with refresh tokens.

/// A server that nobody here wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    /// npm's certified `oidc-provider`.
    OidcProvider,
    /// PyPI's `django-oauth-toolkit`. Each of its exchanges ends the access token before.
    DjangoOauthToolkit,
}

/// What a server does with refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshTokens {
    /// Each works once, and one that comes again ends the whole grant.
    ReuseEndsGrant,
    /// Each works once, and one that comes again is refused.
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
    /// The options of the server's command line.
    pub(super) fn options(self) -> [&'static str; 2] {
        match self.refresh_tokens {
            RefreshTokens::ReuseEndsGrant => ["--rotation=single-use", "--reuse=ends-grant"],
            RefreshTokens::ReuseIsRefused => ["--rotation=single-use", "--reuse=refused"],
            RefreshTokens::Kept => ["--rotation=kept", "--reuse=ends-grant"],
        }
    }
}
