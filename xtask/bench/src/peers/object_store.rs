//! `object_store`: the credentials of its Azure store, whose authority can be plain http.

use std::sync::Arc;

use http::HeaderValue;
use object_store::azure::{AzureCredential, AzureCredentialProvider, MicrosoftAzureBuilder};

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct ObjectStore(AzureCredentialProvider);

impl Peer for ObjectStore {
    type Native<'a> = Arc<AzureCredential>;

    const ABOUT: About = About {
        name: "object_store",
        dependencies: &["object_store"],
        call: "`CredentialProvider::get_credential`",
        expiry: "a caller renews 5 min before the end; the others wait for the lock",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let store = MicrosoftAzureBuilder::new()
            .with_account("account")
            .with_container_name("container")
            .with_client_id("app")
            .with_client_secret("secret")
            .with_tenant_id("tenant")
            .with_authority_host(&setting.origin)
            .with_allow_http(true)
            .build()?;
        Ok(Self(store.credentials().clone()))
    }

    async fn token(&self) -> Result<Arc<AzureCredential>, Error> {
        Ok(self.0.get_credential().await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        match &*self.0.get_credential().await? {
            AzureCredential::BearerToken(token) => {
                put(HeaderValue::try_from(format!("Bearer {token}"))?);
                Ok(())
            }
            _ => Err("no bearer token".into()),
        }
    }
}
