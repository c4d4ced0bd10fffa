//! The demo's claims, and what was measured of each.

/// The claims, in the order in which they are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A first token by login or redemption.
    FirstToken,
    /// Ten thousand callers, one exchange.
    OneExchange,
    /// Refreshed before the expiry, without waiting callers.
    EarlyRefresh,
    /// The live token is served through an outage.
    Outage,
    /// A 401 leads to another token.
    Unauthorized,
    /// A revoked grant is reported as such.
    RevokedGrant,
    /// No secret in anything that was printed.
    NoSecret,
}

impl Claim {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::FirstToken,
        Self::OneExchange,
        Self::EarlyRefresh,
        Self::Outage,
        Self::Unauthorized,
        Self::RevokedGrant,
        Self::NoSecret,
    ];

    /// Returns its name in lines and columns.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::FirstToken => "first token",
            Self::OneExchange => "one exchange",
            Self::EarlyRefresh => "early refresh",
            Self::Outage => "outage",
            Self::Unauthorized => "401",
            Self::RevokedGrant => "revoked grant",
            Self::NoSecret => "no secret",
        }
    }
}

/// The measurements of one claim at one endpoint.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) claim: Claim,
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    name: &'static str,
    measured: String,
    met: bool,
}

impl Finding {
    /// Returns a claim without measurements, which is not met.
    pub(crate) fn of(claim: Claim) -> Self {
        Self {
            claim,
            checks: Vec::new(),
        }
    }

    /// Returns a claim that could not be tested.
    pub(crate) fn failed(claim: Claim, why: String) -> Self {
        let mut finding = Self::of(claim);
        finding.check("could not be measured", false, why);
        finding
    }

    /// Adds a result, and whether it is as claimed.
    pub(crate) fn check(&mut self, name: &'static str, met: bool, measured: impl Into<String>) {
        let measured = measured.into();
        self.checks.push(Check {
            name,
            measured,
            met,
        });
    }

    /// Returns whether there is a result, and all are as claimed.
    pub(crate) fn is_met(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.met)
    }

    /// Returns the results in one line.
    pub(crate) fn measured(&self) -> String {
        let results: Vec<_> = self
            .checks
            .iter()
            .map(|check| check.measured.as_str())
            .collect();
        results.join(" · ")
    }

    /// Returns the results that are not as claimed, by name.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = String> {
        let broken = self.checks.iter().filter(|check| !check.met);
        broken.map(|check| format!("{}: {}", check.name, check.measured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_without_measurements_is_not_met() {
        assert!(!Finding::of(Claim::Outage).is_met());
    }

    #[test]
    fn one_result_that_is_not_as_claimed_fails_the_claim_and_is_named() {
        let mut finding = Finding::of(Claim::OneExchange);
        finding.check("all were served", true, "10 callers");
        assert!(finding.is_met());
        finding.check("one exchange", false, "2 exchanges");
        assert!(!finding.is_met());
        assert_eq!(
            finding.unmet().collect::<Vec<_>>(),
            ["one exchange: 2 exchanges"]
        );
        assert_eq!(finding.measured(), "10 callers · 2 exchanges");
    }

    #[test]
    fn a_claim_that_could_not_be_measured_is_not_met() {
        assert!(!Finding::failed(Claim::Outage, "no socket".to_owned()).is_met());
    }
}
