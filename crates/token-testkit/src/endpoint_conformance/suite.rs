//! An endpoint under test, and its cases.

use std::path::Path;

use token_core::{OneTimeGrant, Secret, TokenEndpoint};

use super::case::{Case, Expected};
use super::secrets;

/// An endpoint with its cases, and a method for each law.
/// [`endpoint_conformance!`](crate::endpoint_conformance!) calls them all.
///
/// A method panics if its law is broken, and lists all violations.
pub struct EndpointSuite {
    #[expect(clippy::type_complexity, reason = "an alias would hide the signature")]
    pub(super) build: Box<dyn Fn(&str) -> Box<dyn TokenEndpoint>>,
    #[expect(clippy::type_complexity, reason = "an alias would hide the signature")]
    redeem: Option<Box<dyn Fn(&str, &str) -> OneTimeGrant>>,
    pub(super) cases: Vec<Case>,
    pub(super) secrets: Vec<Secret>,
}

impl std::fmt::Debug for EndpointSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EndpointSuite({} cases)", self.cases.len())
    }
}

impl EndpointSuite {
    /// Returns a suite. The argument of `build` is the `endpoint` of a case, `data` is the folder
    /// of the cases, and `secrets` are all secrets that `build` and `redeem` use.
    ///
    /// # Panics
    ///
    /// If a case is malformed, if no case issues a token, or if a secret is shorter than eight
    /// characters.
    pub fn new<E: TokenEndpoint>(
        build: impl Fn(&str) -> E + 'static,
        data: impl AsRef<Path>,
        secrets: &[&str],
    ) -> Self {
        let cases = Case::load_all(data.as_ref()).unwrap_or_else(|why| panic!("{why}"));
        if !cases
            .iter()
            .any(|case| matches!(case.expect, Some(Expected::Issued(_))))
        {
            panic!("no case expects an issued token, so half of the laws would check nothing");
        }
        if secrets
            .iter()
            .any(|secret| secret.len() < secrets::SHORTEST)
        {
            panic!("use secrets of at least eight characters, since shorter ones occur by chance");
        }
        Self {
            build: Box::new(move |name| Box::new(build(name))),
            redeem: None,
            cases,
            secrets: secrets.iter().copied().map(Secret::from).collect(),
        }
    }

    /// Sets the function that returns the one-time grants of the cases. Its arguments are the
    /// `endpoint` and `redeems` of a case.
    #[must_use]
    pub fn redeeming(mut self, redeem: impl Fn(&str, &str) -> OneTimeGrant + 'static) -> Self {
        self.redeem = Some(Box::new(redeem));
        self
    }

    pub(super) fn redemption(&self, case: &Case) -> Option<OneTimeGrant> {
        let redeem = self.redeem.as_ref()?;
        Some(redeem(&case.endpoint, &case.redeems))
    }
}

/// Fails with a list of what was found.
pub(super) fn report(found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    if !found.is_empty() {
        let list: String = found.iter().map(|line| format!("\n  - {line}")).collect();
        panic!("{} found:{list}\n", found.len());
    }
}
