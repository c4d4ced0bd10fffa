//! `gcp_auth`: a service account with a token URL of its own.

use std::sync::Arc;

use gcp_auth::{CustomServiceAccount, Token, TokenProvider as _};
use http::HeaderValue;
use serde_json::json;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct GcpAuth(CustomServiceAccount);

const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

impl Peer for GcpAuth {
    type Native<'a> = Arc<Token>;

    const ABOUT: About = About {
        name: "gcp_auth",
        dependencies: &["gcp_auth"],
        call: "`TokenProvider::token`",
        expiry: "a caller renews 20 s before the end; the others wait, and each renews again",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let account = json!({
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "1",
            "private_key": setting.rsa_key,
            "client_email": "app@example.com",
            "client_id": "app",
            "auth_uri": setting.origin,
            "token_uri": setting.token_url(),
            "auth_provider_x509_cert_url": setting.origin,
            "client_x509_cert_url": setting.origin,
        });
        Ok(Self(CustomServiceAccount::from_json(&account.to_string())?))
    }

    async fn token(&self) -> Result<Arc<Token>, Error> {
        Ok(self.0.token(&SCOPES).await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.0.token(&SCOPES).await?;
        put(HeaderValue::try_from(format!("Bearer {}", token.as_str()))?);
        Ok(())
    }
}
