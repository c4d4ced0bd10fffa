//! The claims about each server.

use super::install::{RefreshTokens, Server, Setup};
use super::provider::Provider;
use super::report::Check;
use super::{clients, endings, questions, rotations, sharing};

/// A server, and the claims that are tested with it.
pub(super) struct Plan {
    pub(super) setup: Setup,
    claims: &'static [Claim],
    pub(super) ends_with_an_outage: bool,
}

#[derive(Clone, Copy)]
enum Claim {
    Rotations,
    Sharing,
    Reused,
    ReuseRefused,
    Kept,
    Revoked,
    NewLogin,
    WrongSecret,
    WiderScope,
    AwkwardClient,
    PostedSecret,
    PublicClient,
    CodeOnce,
    ClientCredentials,
    Introspection,
    Logout,
    LogoutElsewhere,
}

/// Everything, with a server that treats a reused token as stolen.
pub(super) const OIDC_PROVIDER: Plan = Plan {
    setup: Setup {
        server: Server::OidcProvider,
        refresh_tokens: RefreshTokens::ReuseEndsGrant,
    },
    claims: &[
        Claim::Rotations,
        Claim::Sharing,
        Claim::Reused,
        Claim::Revoked,
        Claim::NewLogin,
        Claim::WrongSecret,
        Claim::WiderScope,
        Claim::AwkwardClient,
        Claim::PostedSecret,
        Claim::PublicClient,
        Claim::CodeOnce,
        Claim::ClientCredentials,
        Claim::Introspection,
        Claim::Logout,
    ],
    ends_with_an_outage: true,
};

pub(super) const OIDC_PROVIDER_KEEPING: Plan = Plan {
    setup: Setup {
        server: Server::OidcProvider,
        refresh_tokens: RefreshTokens::Kept,
    },
    claims: KEEPING,
    ends_with_an_outage: true,
};

/// The claims in which the second server may differ from the first, and that take little time.
pub(super) const DJANGO: Plan = Plan {
    setup: DJANGO_PROTECTED,
    claims: &[Claim::Sharing, Claim::Reused, Claim::Logout],
    ends_with_an_outage: false,
};

/// Its introspection does not cover refresh tokens, and its clients here have no OpenID tokens.
pub(super) const DJANGO_IN_FULL: Plan = Plan {
    setup: DJANGO_PROTECTED,
    claims: &[
        Claim::Sharing,
        Claim::Reused,
        Claim::Revoked,
        Claim::NewLogin,
        Claim::WrongSecret,
        Claim::WiderScope,
        Claim::AwkwardClient,
        Claim::PostedSecret,
        Claim::ClientCredentials,
        Claim::Logout,
        Claim::LogoutElsewhere,
    ],
    ends_with_an_outage: true,
};

pub(super) const DJANGO_UNPROTECTED: Plan = Plan {
    setup: Setup {
        server: Server::DjangoOauthToolkit,
        refresh_tokens: RefreshTokens::ReuseIsRefused,
    },
    claims: &[
        Claim::Sharing,
        Claim::ReuseRefused,
        Claim::Revoked,
        Claim::Logout,
    ],
    ends_with_an_outage: false,
};

pub(super) const DJANGO_KEEPING: Plan = Plan {
    setup: Setup {
        server: Server::DjangoOauthToolkit,
        refresh_tokens: RefreshTokens::Kept,
    },
    claims: KEEPING,
    ends_with_an_outage: true,
};

const DJANGO_PROTECTED: Setup = Setup {
    server: Server::DjangoOauthToolkit,
    refresh_tokens: RefreshTokens::ReuseEndsGrant,
};

const KEEPING: &[Claim] = &[
    Claim::Sharing,
    Claim::Kept,
    Claim::Revoked,
    Claim::NewLogin,
    Claim::Logout,
    Claim::LogoutElsewhere,
];

impl Plan {
    pub(super) fn checks<'a>(&self, it: &'a Provider) -> Vec<Check<'a>> {
        self.claims.iter().map(|claim| claim.check(it)).collect()
    }
}

impl Claim {
    fn check(self, it: &Provider) -> Check<'_> {
        let name = self.name();
        match self {
            Self::Rotations => Check::new(name, rotations::check(it)),
            Self::Sharing => Check::new(name, sharing::check(it)),
            Self::Reused => Check::new(name, endings::reused(it)),
            Self::ReuseRefused => Check::new(name, endings::reuse_refused(it)),
            Self::Kept => Check::new(name, rotations::kept(it)),
            Self::Revoked => Check::new(name, endings::revoked(it)),
            Self::NewLogin => Check::new(name, endings::new_login(it)),
            Self::WrongSecret => Check::new(name, endings::wrong_secret(it)),
            Self::WiderScope => Check::new(name, endings::wider(it)),
            Self::AwkwardClient => Check::new(name, clients::awkward(it)),
            Self::PostedSecret => Check::new(name, clients::post(it)),
            Self::PublicClient => Check::new(name, clients::public(it)),
            Self::CodeOnce => Check::new(name, clients::code_once(it)),
            Self::ClientCredentials => Check::new(name, clients::m2m(it)),
            Self::Introspection => Check::new(name, questions::introspected(it)),
            Self::Logout => Check::new(name, questions::logged_out(it)),
            Self::LogoutElsewhere => Check::new(name, questions::logged_out_elsewhere(it)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rotations => "1,000 callers stay fresh through 20 rotations",
            Self::Sharing => "two processes share a grant",
            Self::Reused => "a reused token ends the whole grant",
            Self::ReuseRefused => "a reused token is refused, and the newest goes on",
            Self::Kept => "a kept refresh token is kept",
            Self::Revoked => "a revoked grant is reported once",
            Self::NewLogin => "a new login follows a revoked grant",
            Self::WrongSecret => "a wrong secret spends nothing",
            Self::WiderScope => "a wider scope is refused, and spends nothing",
            Self::AwkwardClient => "an id and a secret that need escaping",
            Self::PostedSecret => "client_secret_post",
            Self::PublicClient => "a public client redeems a code with PKCE",
            Self::CodeOnce => "a code works once, with its verifier",
            Self::ClientCredentials => "client credentials log in again",
            Self::Introspection => "introspection agrees and spends nothing",
            Self::Logout => "logging out revokes the grant",
            Self::LogoutElsewhere => "a process that only logs out ends the grant",
        }
    }
}
