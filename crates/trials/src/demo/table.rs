//! The table at the end, and the verdict.

use anyhow::{Result, bail};

use super::claim::{Claim, Finding};

/// The results of one endpoint.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) endpoint: &'static str,
    pub(crate) findings: Vec<Finding>,
}

impl Row {
    fn finding(&self, claim: Claim) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.claim == claim)
    }

    fn is_met(&self, claim: Claim) -> bool {
        self.finding(claim).is_some_and(Finding::is_met)
    }
}

/// Returns the table: one row per endpoint, one column per claim.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.endpoint.len())
        .max()
        .unwrap_or_default();
    let heads = Claim::ALL.map(|claim| format!("{:<15}", claim.title()));
    let head = format!("{:width$}  {}", "", heads.concat());
    let lines = rows.iter().map(|row| {
        let cells = Claim::ALL.map(|claim| format!("{:<15}", cell(row, claim)));
        format!("{:width$}  {}", row.endpoint, cells.concat())
    });
    let all: Vec<String> = std::iter::once(head).chain(lines).collect();
    all.iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns how many claims are met and how many are not.
pub(crate) fn totals(rows: &[Row]) -> String {
    let unmet = unmet(rows).len();
    let met = rows.len() * Claim::ALL.len() - unmet;
    format!("{met} claims met, {unmet} not met")
}

/// # Errors
///
/// If a claim is not met; the error says which.
pub(crate) fn verdict(rows: &[Row]) -> Result<()> {
    let unmet = unmet(rows);
    if rows.is_empty() {
        bail!("nothing was tested");
    }
    if !unmet.is_empty() {
        bail!("not met: {}", unmet.join("; "));
    }
    Ok(())
}

/// Returns a number of things with the noun in singular or plural.
pub(crate) fn counted(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number))
}

/// Returns a number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn unmet(rows: &[Row]) -> Vec<String> {
    let mut unmet = Vec::new();
    for row in rows {
        for claim in Claim::ALL.into_iter().filter(|claim| !row.is_met(*claim)) {
            let why: Vec<String> = row
                .finding(claim)
                .into_iter()
                .flat_map(Finding::unmet)
                .collect();
            unmet.push(format!(
                "{}, {} ({})",
                row.endpoint,
                claim.title(),
                why.join("; ")
            ));
        }
    }
    unmet
}

fn cell(row: &Row, claim: Claim) -> &'static str {
    if row.is_met(claim) { "met" } else { "NOT MET" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Row {
        let findings = Claim::ALL.map(|claim| {
            let mut finding = Finding::of(claim);
            finding.check("holds", true, "as claimed");
            finding
        });
        Row {
            endpoint: "Acme",
            findings: findings.into(),
        }
    }

    #[test]
    fn a_run_that_meets_all_claims_succeeds() {
        assert!(verdict(&[good()]).is_ok());
        assert_eq!(totals(&[good()]), "7 claims met, 0 not met");
    }

    #[test]
    fn one_claim_that_is_not_met_makes_the_run_fail_and_is_named() {
        for broken in Claim::ALL {
            let mut row = good();
            let finding = row
                .findings
                .iter_mut()
                .find(|finding| finding.claim == broken);
            finding
                .unwrap()
                .check("in the journal", false, "2 exchanges");
            let error = verdict(&[good(), row]).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "not met: Acme, {} (in the journal: 2 exchanges)",
                    broken.title()
                )
            );
        }
    }

    #[test]
    fn a_claim_that_was_not_tested_is_not_met() {
        let mut row = good();
        row.findings
            .retain(|finding| finding.claim != Claim::Outage);
        assert!(table(std::slice::from_ref(&row)).contains("NOT MET"));
        assert!(verdict(&[row]).is_err());
        assert!(verdict(&[]).is_err());
    }

    #[test]
    fn one_thing_has_no_plural() {
        assert_eq!(counted(1, "exchange"), "1 exchange");
        assert_eq!(counted(1200, "exchange"), "1,200 exchanges");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 10_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "10,000", "1,234,567"]
        );
    }
}
