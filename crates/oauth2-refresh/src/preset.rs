//! The vendors' documented settings, and the constructors of the builder.

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
    /// Returns a builder for any server, by its base URL: `https://login.example.com`, or with a
    /// prefix such as `https://login.example.com/realms/one`. If you know the full URL of the token
    /// endpoint, use [`token_url`](Self::token_url).
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
    /// let server = "login.example.com%2Frealms%2Fone%2Fprotocol%2Ftoken";
    /// assert_eq!(oauth2.key().as_str(), format!("oauth2/{server}/app-1:alice"));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// Set the other endpoints by full URLs too, for instance with
    /// [`authorize_path`](OAuth2Builder::authorize_path); a path alone is relative to the same
    /// host.
    pub fn token_url(url: impl Into<String>) -> OAuth2Builder {
        let url = url.into();
        OAuth2Builder::new(&PLAIN, origin_of(&url).to_owned()).token_path(url)
    }

    /// Returns a builder for a BambooCloud (竹云) IDaaS tenant, by its domain.
    ///
    /// ```
    /// use oauth2_refresh::OAuth2;
    /// use token_core::{Secret, TokenEndpoint};
    ///
    /// # let secret = Secret::from("s");
    /// let idaas = OAuth2::bamboocloud("example.bccastle.com")
    ///     .client_id("app-1")
    ///     .client_secret(secret)
    ///     .account("alice")
    ///     .build()?;
    /// assert_eq!(idaas.key().as_str(), "bamboocloud/example.bccastle.com/app-1:alice");
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// * "Refresh Access Token", `POST /api/v1/oauth2/token`: Basic with the raw
    ///   `base64(client_id:client_secret)`.
    /// * [`Rotation::SingleUse`](token_core::Rotation::SingleUse), to be safe: each response has a
    ///   new refresh token, and no page says whether the old one stays valid. The error texts are
    ///   those of Spring Security OAuth2, which removes it at once when it rotates.
    /// * The access token is valid for 7200 s by default and 86400 s at most; the refresh token for
    ///   30 days at most.
    /// * With PKCE the vendor wants no `Authorization` header: build without a secret.
    /// * Introspection is at `/api/v1/oauth2/introspect`. The path of the revocation endpoint is
    ///   not documented publicly: ask the vendor, and set it with
    ///   [`revocation_path`](OAuth2Builder::revocation_path).
    pub fn bamboocloud(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&BAMBOOCLOUD, base_of(domain.as_ref()))
    }

    /// Returns a builder for a BambooCloud tenant token, `POST /api/v2/tenant/token`, for the
    /// management API.
    ///
    /// All clients share the token: `expires_in` is what is left of its 1800 s, and asking again
    /// does not invalidate it. The client authenticates with raw Basic; OneAccess documents the
    /// form for the same path, so set [`ClientAuthentication::Post`] there.
    pub fn bamboocloud_tenant(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&BAMBOOCLOUD_TENANT, base_of(domain.as_ref())).client_credentials()
    }

    /// Returns a builder for a Huawei Cloud OneAccess tenant, by its domain. It is the same product
    /// as [`bamboocloud`](Self::bamboocloud), with `client_id` and `client_secret` in the form
    /// ("Refreshing a token", `RenewOAuthToken`).
    pub fn oneaccess(domain: impl AsRef<str>) -> OAuth2Builder {
        OAuth2Builder::new(&ONEACCESS, base_of(domain.as_ref()))
    }
}

/// Returns scheme and host. Anything that is not a URL stays as it is, for the base URL's check to
/// report.
fn origin_of(url: &str) -> &str {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    url.get(..scheme.len() + 3 + host).unwrap_or(url)
}

/// Returns the base URL of a domain. A full URL is kept, since a private deployment may have a
/// prefix or use `http://`.
fn base_of(domain: &str) -> String {
    if domain.contains("://") {
        return domain.to_owned();
    }
    format!("https://{domain}")
}
