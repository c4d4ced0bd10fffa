//! What a builder is turned into.

use std::time::Duration;

use token_core::{Rotation, Secret};

use super::{Place, UnknownTokenType};

/// A deployment that was checked.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) vendor: &'static str,
    pub(crate) deployment: String,
    pub(crate) grant: String,
    pub(crate) token: Place,
    pub(crate) authorize: Place,
    pub(crate) revocation: Option<Place>,
    pub(crate) introspection: Option<Place>,
    pub(crate) client_id: String,
    pub(crate) credential: Credential,
    pub(crate) login: Login,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_scopes: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) rotation: Rotation,
    pub(crate) kept: Vec<String>,
    pub(crate) default_lifetime: Duration,
    pub(crate) issuer: Option<String>,
    pub(crate) wrapper: Option<String>,
    pub(crate) unknown_token_type: UnknownTokenType,
}

/// Whether there is a login that may be repeated at any time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Never,
    ClientCredentials,
}

/// A client authentication together with the secret that it needs.
#[derive(Clone)]
pub(crate) enum Credential {
    Basic(Secret),
    BasicEncoded(Secret),
    BasicPercentEncoded(Secret),
    Post(Secret),
    None,
}

impl Login {
    pub(super) fn rotation(self) -> Rotation {
        match self {
            Self::Never => Rotation::SingleUse,
            Self::ClientCredentials => Rotation::Idempotent,
        }
    }
}
