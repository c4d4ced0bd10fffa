//! The endpoint's type and its builder.

use std::fmt;

use token_core::{BaseUrl, BuildError, PlainHttp, Secret};

/// The first path segment of the token service.
const TOKEN_SERVICE: &str = "apim-token-service";

/// The token endpoint of one application at the API gateway of one EnOS deployment.
///
/// ```
/// use enos_apim_auth::EnosApim;
/// use token_core::TokenEndpoint;
///
/// let enos = EnosApim::builder("https://apim.example.com")
///     .app_key("app-key-1")
///     .app_secret("app-secret-1")
///     .build()?;
/// assert_eq!(enos.key().as_str(), "enos-apim/apim.example.com/app-key-1");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **Login**: "Get Access Token", `POST /apim-token-service/v2.0/token/get`. It returns the live
///   token, if there is one.
/// * **Refresh**: "Refresh Access Token", `POST /apim-token-service/v2.0/token/refresh`, with the
///   access token itself, before it expires.
/// * **API requests**: [`authorize`](token_core::TokenEndpoint::authorize) implements "Invoking API
///   with Access Token", signed by [`request_signature`](crate::request_signature).
#[derive(Clone, Debug)]
pub struct EnosApim {
    pub(crate) base: BaseUrl,
    pub(crate) token_service: String,
    pub(crate) app_key: String,
    pub(crate) app_secret: Secret,
    pub(crate) timestamp_as: TimestampAs,
}

/// The JSON type of the timestamp in a token request.
///
/// The digest is the same for both. The documents say Long; the vendor's own Java SDK sends a
/// string, and the service accepts both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampAs {
    /// A number, `1572574909697`, as in "Refresh Access Token".
    #[default]
    Number,
    /// A string, `"1572574909697"`, as sent by the vendor's integration SDK for Java.
    Text,
}

/// Builds an [`EnosApim`].
///
/// ```
/// use enos_apim_auth::{EnosApim, TimestampAs};
///
/// let edge = EnosApim::builder("http://edge.plant.example:8081")
///     .allow_plain_http()
///     .app_key("5acb82e7-a11e-4300-9164-c8b20b638e8b")
///     .app_secret("the application's secret key")
///     .timestamp_as(TimestampAs::Text)
///     .build()?;
/// # let _ = edge;
/// # Ok::<(), token_core::BuildError>(())
/// ```
#[must_use]
pub struct EnosApimBuilder {
    base_url: String,
    plain_http: PlainHttp,
    token_service: String,
    app_key: Option<String>,
    app_secret: Option<Secret>,
    timestamp_as: TimestampAs,
}

impl EnosApim {
    /// Returns a builder for the API gateway at `base_url`, such as
    /// `https://ag-eu2.envisioniot.com`: the vendor's `apigw-address`.
    pub fn builder(base_url: impl Into<String>) -> EnosApimBuilder {
        EnosApimBuilder {
            base_url: base_url.into(),
            plain_http: PlainHttp::default(),
            token_service: TOKEN_SERVICE.to_owned(),
            app_key: None,
            app_secret: None,
            timestamp_as: TimestampAs::default(),
        }
    }
}

impl EnosApimBuilder {
    /// Sets the application's access key, as shown in the EnOS console. It is not secret: it names
    /// the grant in stores and logs.
    pub fn app_key(mut self, app_key: impl Into<String>) -> Self {
        self.app_key = Some(app_key.into());
        self
    }

    /// Sets the application's secret key, which signs requests and is never sent.
    pub fn app_secret(mut self, app_secret: impl Into<Secret>) -> Self {
        self.app_secret = Some(app_secret.into());
        self
    }

    /// Sets the JSON type of the timestamp in a token request. Default: [`TimestampAs::Number`].
    pub fn timestamp_as(mut self, timestamp_as: TimestampAs) -> Self {
        self.timestamp_as = timestamp_as;
        self
    }

    /// Sets the first path segment of the token service. Default: `apim-token-service`. Some
    /// deployments use another name: EnOS Edge answers as `edge-iam`, although its documents use
    /// the same path.
    pub fn token_service(mut self, segment: impl Into<String>) -> Self {
        self.token_service = segment.into();
        self
    }

    /// Allows an `http://` base URL, as EnOS Edge has. Token and signature are then sent in the
    /// clear, and the `Date` of answers is not trusted, so the machine's own clock must be right.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Allowed;
        self
    }

    /// Builds the endpoint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a key is missing, empty, or has control characters or surrounding white
    /// space; if the base URL is not `https://` and `http://` was not allowed; or if the token
    /// service is not a path segment.
    pub fn build(self) -> Result<EnosApim, BuildError> {
        let app_key = self.app_key.ok_or(BuildError::missing("app_key"))?;
        let app_secret = self.app_secret.ok_or(BuildError::missing("app_secret"))?;
        check_key("app_key", &app_key)?;
        check_key("app_secret", app_secret.expose())?;
        check_segment(&self.token_service)?;
        Ok(EnosApim {
            base: BaseUrl::parse(&self.base_url, self.plain_http)?,
            token_service: self.token_service,
            app_key,
            app_secret,
            timestamp_as: self.timestamp_as,
        })
    }
}

impl fmt::Debug for EnosApimBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnosApimBuilder")
            .field("app_key", &self.app_key)
            .finish_non_exhaustive()
    }
}

/// A line break from a file or a variable would make every digest wrong, and the service would only
/// say "not valid".
fn check_key(field: &'static str, key: &str) -> Result<(), BuildError> {
    if key.is_empty() {
        return Err(BuildError::invalid(field, "is empty"));
    }
    if key.trim() != key || key.chars().any(char::is_control) {
        return Err(BuildError::invalid(
            field,
            "has surrounding white space or a control character",
        ));
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), BuildError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if segment.is_empty() || segment.starts_with('.') || !segment.chars().all(fits) {
        return Err(BuildError::invalid(
            "token_service",
            "must be a single path segment, such as apim-token-service",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder(base_url: &str) -> EnosApimBuilder {
        EnosApim::builder(base_url).app_key("K").app_secret("S")
    }

    // FAULTS.md row 31
    #[test]
    fn plain_http_is_refused_unless_opted_into_by_name() {
        assert!(builder("http://edge.example").build().is_err());
        assert!(
            builder("http://edge.example")
                .allow_plain_http()
                .build()
                .is_ok()
        );
        assert!(builder("https://apim.example.com").build().is_ok());
    }

    #[test]
    fn what_is_missing_or_has_a_line_break_is_refused_by_its_name() {
        let field = |builder: EnosApimBuilder| builder.build().unwrap_err().field();
        let bare = || EnosApim::builder("https://apim.example.com");
        assert_eq!(field(bare().app_secret("S")), "app_key");
        assert_eq!(field(bare().app_key("K")), "app_secret");
        assert_eq!(field(bare().app_key("").app_secret("S")), "app_key");
        for unfit in ["S\n", " S", "S ", "S\u{7}S"] {
            let builder = bare().app_key("K").app_secret(unfit);
            assert_eq!(field(builder), "app_secret", "{unfit:?}");
        }
        let base = "https://apim.example.com";
        for segment in ["", "a/b", "..", "a?b", "a b"] {
            assert_eq!(
                field(builder(base).token_service(segment)),
                "token_service",
                "{segment}"
            );
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let builder = builder("https://apim.example.com").app_secret("tell-no-one");
        let shown = format!("{builder:?} {:?}", builder.app_secret);
        assert!(!shown.contains("tell-no-one"), "{shown}");
    }
}
