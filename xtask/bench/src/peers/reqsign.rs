//! `reqsign-core`: a signer with a provider and a header of one's own.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderValue, Request};
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, ProvideCredential, SignRequest, Signer, SigningCredential};

use super::by_hand::TokenRequest;
use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Reqsign(Signer<Credential>);

#[derive(Debug, Clone)]
struct Credential {
    token: String,
    end: Timestamp,
}

impl SigningCredential for Credential {
    fn is_valid(&self) -> bool {
        self.is_valid_at(Timestamp::now() + Duration::from_secs(30))
    }

    fn is_valid_at(&self, time: Timestamp) -> bool {
        self.end > time
    }
}

#[derive(Debug)]
struct Provider(TokenRequest);

impl ProvideCredential for Provider {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> reqsign_core::Result<Option<Credential>> {
        let issued = self.0.send().await;
        let issued = issued.map_err(|e| reqsign_core::Error::unexpected(e.to_string()))?;
        let end = Timestamp::now() + issued.life();
        let token = issued.access_token;
        Ok(Some(Credential { token, end }))
    }
}

#[derive(Debug)]
struct Bearer;

impl SignRequest for Bearer {
    type Credential = Credential;

    async fn sign_request(
        &self,
        _: &Context,
        request: &mut Parts,
        credential: Option<&Credential>,
        _: Option<Duration>,
    ) -> reqsign_core::Result<()> {
        let token = credential
            .map(|it| format!("Bearer {}", it.token))
            .unwrap_or_default();
        let header = HeaderValue::try_from(token);
        let header = header.map_err(|e| reqsign_core::Error::unexpected(e.to_string()))?;
        request.headers.insert(AUTHORIZATION, header);
        Ok(())
    }
}

impl Peer for Reqsign {
    type Native<'a> = Parts;

    const ABOUT: About = About {
        name: "reqsign-core",
        dependencies: &["reqsign-core", "reqwest", "http"],
        call: "`Signer::sign`, which only writes into a request",
        expiry: "the credential says when: here 30 s before the end; the others wait for the lock",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let provider = Provider(TokenRequest::new(setting));
        Ok(Self(Signer::new(Context::new(), provider, Bearer)))
    }

    async fn token(&self) -> Result<Parts, Error> {
        let (mut parts, ()) = Request::new(()).into_parts();
        self.0.sign(&mut parts, None).await?;
        Ok(parts)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let mut parts = self.token().await?;
        put(parts.headers.remove(AUTHORIZATION).ok_or("no header")?);
        Ok(())
    }
}
