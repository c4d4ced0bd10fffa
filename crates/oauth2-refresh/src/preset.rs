//! What the vendors document, and the constructors of the builder.

use crate::builder::{OAuth2Builder, Preset};
use crate::config::{ClientAuthentication, OAuth2};

const PLAIN: Preset = Preset {
    name: "oauth2",
    token_path: "/oauth2/token",
    authorize_path: "/oauth2/authorize",
    introspection_path: None,
    authentication: ClientAuthentication::BasicEncoded,
};

const BAMBOOCLOUD: Preset = Preset {
    name: "bamboocloud",
    token_path: "/api/v1/oauth2/token",
    authorize_path: "/api/v1/oauth2/authorize",
    introspection_path: Some("/api/v1/oauth2/introspect"),
    authentication: ClientAuthentication::Basic,
};

const BAMBOOCLOUD_TENANT: Preset = Preset {
    name: "bamboocloud-tenant",
    token_path: "/api/v2/tenant/token",
    introspection_path: None,
    ..BAMBOOCLOUD
};

const ONEACCESS: Preset = Preset {
    name: "oneaccess",
    authentication: ClientAuthentication::Post,
    ..BAMBOOCLOUD
};

impl OAuth2 {
    /// Begins the description of any server, by its base URL: `https://login.example.com`, or with
    /// a prefix such as `https://login.example.com/realms/one`. For a server whose token endpoint
    /// you know by its whole URL, see [`token_url`](Self::token_url).
    pub fn builder(base_url: impl Into<String>) -> OAuth2Builder {
        OAuth2Builder::new(&PLAIN, base_url.into())
    }

    /// Returns a builder for any server, by the URL of its token endpoint.
    ///
    /// ```
    /// use oauth2_refresh::OAuth2;
    /// use token_core::TokenEndpoint;
    ///
    /// let oauth2 = OAuth2::token_url("https://login.example.com/realms/one/protocol/token")
    ///     .client_id("app-1")
    ///     .account("alice")
    ///     .build()?;
    /// assert_eq!(oauth2.key().as_str(), "oauth2/login.example.com%2Frealms%2Fone%2Fprotocol%2Ftoken/app-1:alice");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// The other endpoints are named by whole URLs too, such as with
    /// [`authorize_path`](OAuth2Builder::authorize_path); a path alone is one of the same host.
    pub fn token_url(url: impl Into<String>) -> OAuth2Builder {
        let url = url.into();
        OAuth2Builder::new(&PLAIN, origin_of(&url).to_owned()).token_path(url)
    }

    /// Begins the description of a BambooCloud (竹云) IDaaS tenant, by its domain.
    ///
    /// ```
    /// use oauth2_refresh::OAuth2;
    /// use token_core::{Secret, TokenEndpoint};
    ///
    /// # let secret = Secret::from("s");
    /// let idaas = OAuth2::bamboocloud("example.bccastle.com").client_id("app-1").client_secret(secret).account("alice").build()?;
    /// assert_eq!(idaas.key().as_str(), "bamboocloud/example.bccastle.com/app-1:alice");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// * "Refresh Access Token", `POST /api/v1/oauth2/token`: Basic with the raw
    ///   `base64(client_id:client_secret)`.
    /// * [`Rotation::SingleUse`](token_core::Rotation::SingleUse) by caution: each answer has a new
    ///   refresh token, and no page says whether the old one lives on; the error texts are those of
    ///   Spring Security OAuth2, which removes it at once when it rotates.
    /// * The access token lives 7200 s by default, at most 86400 s; the refresh token at most 30
    ///   days.
    /// * With PKCE the vendor wants no `Authorization` header: build without a secret.
    /// * Introspection is at `/api/v1/oauth2/introspect`. The path of the revocation is not
    ///   documented publicly: ask for it, and name it with
    ///   [`revocation_path`](OAuth2Builder::revocation_path).
    pub fn bamboocloud(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&BAMBOOCLOUD, base_of(domain.as_ref()))
    }

    /// Begins the description of a BambooCloud tenant token, `POST /api/v2/tenant/token`, for the
    /// management API.
    ///
    /// The token is shared by all who ask: the answer's `expires_in` is what is left of its 1800 s,
    /// and asking again harms no other holder. The client shows who it is with raw Basic; OneAccess
    /// documents the form for the same path, so name [`ClientAuthentication::Post`] there.
    pub fn bamboocloud_tenant(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&BAMBOOCLOUD_TENANT, base_of(domain.as_ref())).client_credentials()
    }

    /// Begins the description of a Huawei Cloud OneAccess tenant, by its domain: the engine of
    /// [`bamboocloud`](Self::bamboocloud), with `client_id` and `client_secret` in the form
    /// ("Refreshing a token", `RenewOAuthToken`).
    pub fn oneaccess(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&ONEACCESS, base_of(domain.as_ref()))
    }
}

/// Scheme and host. What is no URL stays as it is, so that the check of the base URL names it.
fn origin_of(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    url.get(..scheme.len() + 3 + host).unwrap_or(url)
}

/// A whole URL is taken as it is: a deployment of one's own may have a prefix, or plain http.
fn base_of(domain: &str) -> String {
    if domain.contains("://") {
        return domain.to_owned();
    }
    format!("https://{domain}")
}
