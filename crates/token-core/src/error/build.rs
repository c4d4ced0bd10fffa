use std::fmt;

/// Why an endpoint, a cache or a client could not be built: always the program's or the
/// configuration's mistake.
///
/// ```
/// use token_core::BuildError;
///
/// assert_eq!(BuildError::missing("app_key").to_string(), "`app_key` is missing");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct BuildError {
    field: &'static str,
    why: &'static str,
}

impl BuildError {
    /// A field that must be given was not.
    pub fn missing(field: &'static str) -> Self {
        Self {
            field,
            why: "is missing",
        }
    }

    /// A field was given something it cannot take; `why` completes the sentence "`field` …".
    pub fn invalid(field: &'static str, why: &'static str) -> Self {
        Self { field, why }
    }

    /// The field that is missing or wrong.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}
