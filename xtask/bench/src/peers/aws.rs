//! The identity cache of AWS's SDK, with a provider of bearer tokens of one's own.

use std::time::SystemTime;

use aws_credential_types::provider::error::TokenError;
use aws_credential_types::provider::token::{ProvideToken, SharedTokenProvider};
use aws_credential_types::provider::{future, token};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::http::Token;
use aws_smithy_runtime_api::client::identity::{
    Identity, ResolveCachedIdentity as _, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use http::HeaderValue;

use super::by_hand::TokenRequest;
use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Aws {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

#[derive(Debug)]
struct Provider(TokenRequest);

impl Provider {
    async fn provide(&self) -> token::Result {
        let issued = self.0.send().await.map_err(TokenError::provider_error)?;
        let end = SystemTime::now() + issued.life();
        Ok(Token::new(issued.access_token, Some(end)))
    }
}

impl ProvideToken for Provider {
    fn provide_token<'a>(&'a self) -> future::ProvideToken<'a>
    where
        Self: 'a,
    {
        future::ProvideToken::new(self.provide())
    }
}

impl Peer for Aws {
    type Native<'a> = Identity;

    const ABOUT: About = About {
        name: "aws-smithy-runtime",
        dependencies: &[
            "aws-credential-types",
            "aws-smithy-async",
            "aws-smithy-runtime",
            "aws-smithy-runtime-api",
            "aws-smithy-types",
            "reqwest",
        ],
        call: "`IdentityCache::lazy`, as an SDK's client calls it",
        expiry: "a caller renews 5 to 10 s before the end; the others wait for it",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SharedTimeSource::new(SystemTimeSource::new())))
            .with_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())))
            .build()?;
        let provider = SharedTokenProvider::new(Provider(TokenRequest::new(setting)));
        Ok(Self {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(provider),
            components,
            config: ConfigBag::base(),
        })
    }

    async fn token(&self) -> Result<Identity, Error> {
        let resolver = self.resolver.clone();
        let cached = &self.cache;
        cached
            .resolve_cached_identity(resolver, &self.components, &self.config)
            .await
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let identity = self.token().await?;
        let token = identity.data::<Token>().ok_or("no bearer token")?;
        put(HeaderValue::try_from(format!("Bearer {}", token.token()))?);
        Ok(())
    }
}
