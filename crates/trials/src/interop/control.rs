//! What a test does to the server outside the protocol.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use vendor_auth::ReqwestClient;
use vendor_auth::types::reexports::Bytes;
use vendor_auth::types::reexports::http::{Method, Request};
use vendor_auth::types::{HttpClient as _, Secret, percent_encode};

use super::provider::Provider;

const LONGEST: Duration = Duration::from_secs(20);

/// The answers of the token endpoint since the counts were last reset.
#[derive(Deserialize)]
pub(super) struct Stats {
    exchanges: Vec<Exchange>,
    grants_revoked: u64,
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: Option<String>,
    outcome: String,
    count: u64,
}

/// A one-time code, and the address to which the browser would have returned.
#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
    pub(super) redirect_uri: String,
}

#[derive(Deserialize)]
struct Minted {
    refresh_token: String,
}

#[derive(Deserialize)]
struct Revoked {
    revoked: u64,
}

impl Provider {
    /// Returns the refresh token of a new grant.
    pub(super) async fn mint(&self, client: &str) -> Result<Secret> {
        let minted: Minted = self
            .control(Method::POST, "mint", &[("client", client)])
            .await?;
        Ok(Secret::from(minted.refresh_token))
    }

    /// Returns a code for this PKCE challenge.
    pub(super) async fn code(&self, client: &str, challenge: &str) -> Result<Code> {
        let query = [("client", client), ("code_challenge", challenge)];
        self.control(Method::POST, "code", &query).await
    }

    /// Revokes the grant of this refresh token.
    pub(super) async fn revoke_grant(&self, refresh_token: &Secret) -> Result<()> {
        let query = [("refresh_token", refresh_token.expose())];
        let Revoked { revoked } = self.control(Method::POST, "revoke-grant", &query).await?;
        ensure!(revoked == 1, "the server took {revoked} grants away");
        Ok(())
    }

    /// Returns the counts.
    pub(super) async fn stats(&self) -> Result<Stats> {
        self.control(Method::GET, "stats", &[]).await
    }

    /// Resets the counts.
    pub(super) async fn forget_stats(&self) -> Result<()> {
        self.control::<Stats>(Method::DELETE, "stats", &[])
            .await
            .map(|_| ())
    }

    async fn control<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value)));
        let query: Vec<_> = pairs.collect();
        let request = Request::builder()
            .method(method)
            .uri(format!(
                "{}/{path}?{}",
                self.ready().control,
                query.join("&")
            ))
            .body(Bytes::new())?;
        let answer = ReqwestClient::new()?.send(request, LONGEST).await;
        let answer =
            answer.with_context(|| format!("the control server did not answer to {path}"))?;
        if !answer.status().is_success() {
            let said = String::from_utf8_lossy(answer.body()).into_owned();
            bail!("the control server refused {path}: {said}");
        }
        serde_json::from_slice(answer.body())
            .with_context(|| format!("the answer to {path} cannot be read"))
    }
}

impl Code {
    pub(super) fn secret(&self) -> Secret {
        Secret::from(self.code.as_str())
    }
}

impl Stats {
    /// Returns how many exchanges of this grant type had this outcome.
    pub(super) fn count(&self, grant_type: &str, outcome: &str) -> u64 {
        let fitting = self
            .exchanges
            .iter()
            .filter(|row| row.grant_type.as_deref() == Some(grant_type) && row.outcome == outcome);
        fitting.map(|row| row.count).sum()
    }

    /// # Errors
    ///
    /// If there were others than these (grant type, outcome, count), or fewer.
    pub(super) fn are_exactly(&self, expected: &[(&str, &str, u64)]) -> Result<()> {
        let total: u64 = self.exchanges.iter().map(|row| row.count).sum();
        let expected_total: u64 = expected.iter().map(|(.., count)| count).sum();
        let all_there = expected
            .iter()
            .all(|(grant_type, outcome, count)| self.count(grant_type, outcome) == *count);
        ensure!(
            all_there && total == expected_total,
            "the server counted {}, not {expected:?}",
            self.text()
        );
        Ok(())
    }

    /// # Errors
    ///
    /// If the server itself revoked another number of grants.
    pub(super) fn revoked_grants(&self, expected: u64) -> Result<()> {
        let seen = self.grants_revoked;
        ensure!(
            seen == expected,
            "the server revoked {seen} grants, not {expected}"
        );
        Ok(())
    }

    fn text(&self) -> String {
        let rows = self.exchanges.iter().map(|row| {
            let grant_type = row.grant_type.as_deref().unwrap_or("?");
            format!("{grant_type} {}: {}", row.outcome, row.count)
        });
        rows.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats() -> Stats {
        serde_json::from_str(
            r#"{"exchanges": [
                {"client_id": "a", "grant_type": "refresh_token", "outcome": "success", "count": 2},
                {"client_id": null, "grant_type": "refresh_token", "outcome": "invalid_client", "count": 1}
            ], "grants_revoked": 1}"#,
        )
        .unwrap()
    }

    #[test]
    fn one_exchange_too_many_or_too_few_is_detected() {
        let (two, one) = (
            ("refresh_token", "success", 2),
            ("refresh_token", "invalid_client", 1),
        );
        assert!(stats().are_exactly(&[two, one]).is_ok());
        assert!(stats().are_exactly(&[two]).is_err());
        assert!(
            stats()
                .are_exactly(&[two, ("refresh_token", "invalid_client", 2)])
                .is_err()
        );
        assert!(stats().revoked_grants(1).is_ok());
        assert!(stats().revoked_grants(0).is_err());
    }
}
