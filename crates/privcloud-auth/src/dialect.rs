//! What a deployment calls things, where it differs from the documents.

use std::collections::BTreeMap;

use token_core::BuildError;

use crate::codes::Codes;

/// The parameters that the pages document.
const PARAMETERS: [&str; 11] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "data",
    "code",
    "grant_type",
    "refresh_token",
    "jwt_token",
    "email",
    "phone",
    "babelId",
];

/// The names and paths of one deployment. The default is what the vendor's pages say; change what
/// yours has otherwise.
///
/// ```
/// use privcloud_auth::{Dialect, PrivateCloud};
///
/// let mut dialect = Dialect::default();
/// dialect.paths.refresh = "/api/v7/refreshToken.do".into();
/// dialect.fields.access_token.push("data.access_token".into());
/// dialect.codes.rejected.push("40013".into());
///
/// let cloud = PrivateCloud::builder("https://disk.example.com")
///     .client_id("developer-account-7")
///     .client_secret("secret")
///     .account("alice")
///     .dialect(dialect)
///     .build()?;
/// # let _ = cloud;
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// "If parameters and return fields differ by deployment version, the actual private cloud API
/// documents prevail", say the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialect {
    /// Where the interfaces are.
    pub paths: Paths,
    /// Parameters of requests and of the redirect that have another name here: the documented name,
    /// and the name to use.
    pub parameters: BTreeMap<String, String>,
    /// What the fields of an answer are called.
    pub fields: Fields,
    /// What the codes of an answer mean.
    pub codes: Codes,
}

/// Paths behind the base URL. Each starts with a slash, is percent-encoded already, and has no
/// query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paths {
    /// Where a person authorizes: `/api/authorize.do`.
    pub authorize: String,
    /// Where a JWT stands in for a person: `/api/authorizeByJWT.do`.
    pub authorize_by_jwt: String,
    /// Where a code becomes a token: `/api/token.do`.
    pub token: String,
    /// Where a refresh token becomes a token: `/api/refreshToken.do`.
    pub refresh: String,
}

/// Names of fields, each with others to fall back on; a dot leads into an object. The first that is
/// there and not null counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fields {
    /// The access token: `access_token`.
    pub access_token: Vec<String>,
    /// The refresh token: `refresh_token`.
    pub refresh_token: Vec<String>,
    /// The access token's life in seconds: `expires_in`.
    pub expires_in: Vec<String>,
    /// An error code as RFC 6749 section 5.2 has it, there only in a refusal (guessed): `error`.
    pub error: Vec<String>,
    /// A code that tells success and refusal apart (guessed): `code`, `errcode`, `status`.
    pub code: Vec<String>,
    /// A text for people (guessed): `error_description`, `msg`, `message`.
    pub message: Vec<String>,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            authorize: "/api/authorize.do".into(),
            authorize_by_jwt: "/api/authorizeByJWT.do".into(),
            token: "/api/token.do".into(),
            refresh: "/api/refreshToken.do".into(),
        }
    }
}

impl Default for Fields {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            access_token: names(&["access_token"]),
            refresh_token: names(&["refresh_token"]),
            expires_in: names(&["expires_in"]),
            error: names(&["error"]),
            code: names(&["code", "errcode", "status"]),
            message: names(&["error_description", "msg", "message"]),
        }
    }
}

impl Dialect {
    /// The name that this deployment has for a documented parameter.
    pub(crate) fn parameter<'a>(&'a self, documented: &'a str) -> &'a str {
        self.parameters
            .get(documented)
            .map_or(documented, String::as_str)
    }

    /// Whether requests can be made of it.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        if !self.paths.all().into_iter().all(is_path) {
            return Err(BuildError::invalid(
                "dialect.paths",
                "must start with a slash and have no query, fragment or space",
            ));
        }
        let is_known = |name: &String| PARAMETERS.contains(&name.as_str());
        if !self.parameters.keys().all(is_known) || self.parameters.values().any(String::is_empty) {
            return Err(BuildError::invalid(
                "dialect.parameters",
                "must give documented parameters a name that is not empty",
            ));
        }
        if self.fields.access_token.is_empty() {
            return Err(BuildError::invalid(
                "dialect.fields.access_token",
                "needs a name",
            ));
        }
        Ok(())
    }
}

impl Paths {
    fn all(&self) -> [&str; 4] {
        [
            &self.authorize,
            &self.authorize_by_jwt,
            &self.token,
            &self.refresh,
        ]
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_dialect_is_sound() {
        assert_eq!(Dialect::default().check(), Ok(()));
    }

    #[test]
    fn a_path_with_a_query_and_a_name_of_nothing_are_refused() {
        for path in [
            "",
            "api/token.do",
            "/api/token.do?x=1",
            "/a#b",
            "/a b",
            "/é",
        ] {
            let mut dialect = Dialect::default();
            dialect.paths.token = path.into();
            assert_eq!(
                dialect.check().unwrap_err().field(),
                "dialect.paths",
                "{path}"
            );
        }
        let mut dialect = Dialect::default();
        dialect.parameters.insert("data".into(), String::new());
        assert_eq!(dialect.check().unwrap_err().field(), "dialect.parameters");
        let mut dialect = Dialect::default();
        dialect.parameters.insert("babelid".into(), "id".into());
        assert_eq!(dialect.check().unwrap_err().field(), "dialect.parameters");
        let mut dialect = Dialect::default();
        dialect.fields.access_token.clear();
        assert_eq!(
            dialect.check().unwrap_err().field(),
            "dialect.fields.access_token"
        );
    }
}
