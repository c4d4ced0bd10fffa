//! `yup-oauth2`: a service account with a token URL of its own.

use http::HeaderValue;
use yup_oauth2::authenticator::DefaultAuthenticator;
use yup_oauth2::{AccessToken, ServiceAccountAuthenticator, ServiceAccountKey};

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct YupOAuth2(DefaultAuthenticator);

const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

impl Peer for YupOAuth2 {
    type Native<'a> = AccessToken;

    const ABOUT: About = About {
        name: "yup-oauth2",
        dependencies: &["yup-oauth2"],
        call: "`Authenticator::token`",
        expiry: "each caller renews 1 min before the end, none waits for another",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let key = ServiceAccountKey {
            key_type: Some("service_account".to_owned()),
            project_id: None,
            private_key_id: None,
            private_key: setting.rsa_key.clone(),
            client_email: "app@example.com".to_owned(),
            client_id: None,
            auth_uri: None,
            token_uri: setting.token_url(),
            auth_provider_x509_cert_url: None,
            client_x509_cert_url: None,
        };
        Ok(Self(
            ServiceAccountAuthenticator::builder(key).build().await?,
        ))
    }

    async fn token(&self) -> Result<AccessToken, Error> {
        Ok(self.0.token(&SCOPES).await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.0.token(&SCOPES).await?;
        let token = token.token().ok_or("no access token")?;
        put(HeaderValue::try_from(format!("Bearer {token}"))?);
        Ok(())
    }
}
