//! The paths, names and codes of a deployment that differs from the documents.

use std::collections::BTreeMap;

use token_core::BuildError;
use token_core::json::Document;

use crate::codes::Codes;

/// The documented parameters.
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

/// The paths, names and codes of one deployment. The default is the vendor's documentation; change
/// what your deployment has otherwise.
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
/// The vendor's pages: "If parameters and return fields differ by deployment version, the actual
/// private cloud API documents prevail".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialect {
    /// The paths of the API.
    pub paths: Paths,
    /// Renamed parameters of requests and of the redirect: from the documented name to the
    /// deployment's.
    pub parameters: BTreeMap<String, String>,
    /// The names of an answer's fields.
    pub fields: Fields,
    /// The meaning of an answer's codes.
    pub codes: Codes,
}

/// Paths below the base URL. Each starts with a slash, is already percent-encoded, and has no
/// query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paths {
    /// The page where a person authorizes. Default: `/api/authorize.do`.
    pub authorize: String,
    /// The page where a JWT authorizes. Default: `/api/authorizeByJWT.do`.
    pub authorize_by_jwt: String,
    /// Redeems a code. Default: `/api/token.do`.
    pub token: String,
    /// Refreshes a token. Default: `/api/refreshToken.do`.
    pub refresh: String,
}

/// Names of fields. The first name whose field is present and not null counts; a dot reaches into
/// an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fields {
    /// The access token. Default: `access_token`.
    pub access_token: Vec<String>,
    /// The refresh token. Default: `refresh_token`.
    pub refresh_token: Vec<String>,
    /// The lifetime of the access token, in seconds. Default: `expires_in`.
    pub expires_in: Vec<String>,
    /// An error code as in RFC 6749 section 5.2, present in refusals only. Default: `error`, a
    /// guess.
    pub error: Vec<String>,
    /// A code for success and refusal alike. Default: `code`, `errcode`, `status`, a guess.
    pub code: Vec<String>,
    /// A message for people. Default: `error_description`, `msg`, `message`, a guess.
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
    /// Returns this deployment's name of a documented parameter.
    pub(crate) fn parameter<'a>(&'a self, documented: &'a str) -> &'a str {
        self.parameters
            .get(documented)
            .map_or(documented, String::as_str)
    }

    /// Returns the code of an answer that says that it is a refusal.
    pub(crate) fn refusal(&self, document: &Document) -> Option<String> {
        let said = |names: &[String]| {
            let code = document.code(&refs(names))?;
            let says_none = code.trim().is_empty() || code == "false";
            (!says_none && !self.codes.is_success(&code)).then_some(code)
        };
        said(&self.fields.error).or_else(|| said(&self.fields.code))
    }

    /// Checks that requests can be built from the dialect.
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
                "must map documented parameters to names that are not empty",
            ));
        }
        if self.fields.access_token.is_empty() {
            return Err(BuildError::invalid(
                "dialect.fields.access_token",
                "must not be empty",
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

pub(crate) fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
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
