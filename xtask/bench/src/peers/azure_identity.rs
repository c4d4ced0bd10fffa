//! `azure_identity`: the managed identity of App Service, whose endpoint is in the environment.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential as _};
use azure_identity::ManagedIdentityCredential;
use http::HeaderValue;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct AzureIdentity(Arc<ManagedIdentityCredential>);

const SCOPES: [&str; 1] = ["https://storage.azure.com/.default"];

impl Peer for AzureIdentity {
    type Native<'a> = AccessToken;

    const ABOUT: About = About {
        name: "azure_identity",
        dependencies: &["azure_identity", "azure_core"],
        call: "`TokenCredential::get_token`",
        expiry: "a caller renews 5 min before the end; the others wait for the lock",
        kind: Kind::Published,
    };

    async fn build(_: &Setting) -> Result<Self, Error> {
        Ok(Self(ManagedIdentityCredential::new(None)?))
    }

    async fn token(&self) -> Result<AccessToken, Error> {
        Ok(self.0.get_token(&SCOPES, None).await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.0.get_token(&SCOPES, None).await?;
        let text = format!("Bearer {}", token.token.secret());
        put(HeaderValue::try_from(text)?);
        Ok(())
    }
}
