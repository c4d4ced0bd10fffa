#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! object_store: a bucket is read with the token of a `TokenCache`, and once more with another one
//! if the store refused it.
//!
//! The store is a server in this process that refuses `token-1`.
//!
//! ```sh
//! cargo run -p recipes --example object_store
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::path::Path;
use object_store::{ClientOptions, CredentialProvider, ObjectStore, ObjectStoreExt as _};
use vendor_auth::TokenCache;
use wiremock::matchers::{bearer_token, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Returns the cached token whenever the store is about to send a request.
#[derive(Debug)]
struct Provider(TokenCache);

#[async_trait]
impl CredentialProvider for Provider {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        let failed = |error| object_store::Error::Generic {
            store: "tokens",
            source: Box::new(error),
        };
        let token = self.0.token().await.map_err(failed)?;
        let bearer = token.access().expose().to_owned();
        Ok(Arc::new(GcpCredential { bearer }))
    }
}

/// Reads an object. The store does not repeat a request that was answered with 401, so this does;
/// the provider then returns the next token.
async fn read(
    store: &impl ObjectStore,
    tokens: &TokenCache,
    name: &Path,
) -> Result<String, Box<dyn Error>> {
    let object = tokens
        .with_token(
            async |_| store.get(name).await,
            |result| matches!(result, Err(object_store::Error::Unauthenticated { .. })),
        )
        .await??;
    Ok(String::from_utf8(object.bytes().await?.to_vec())?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("read {:?}", run().await?);
    Ok(())
}

async fn run() -> Result<String, Box<dyn Error>> {
    let server = server().await;
    let tokens = recipes::tokens(&server.uri())?;
    let store = GoogleCloudStorageBuilder::new()
        .with_bucket_name("readings")
        .with_base_url(&server.uri())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_credentials(Arc::new(Provider(tokens.clone())))
        .build()?;
    read(&store, &tokens, &Path::from("today")).await
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    let object = || Mock::given(method("GET")).and(path("/readings/today"));
    let refusal = ResponseTemplate::new(401);
    object()
        .and(bearer_token("token-1"))
        .respond_with(refusal)
        .expect(1)
        .mount(&server)
        .await;
    let found = ResponseTemplate::new(200)
        .insert_header("last-modified", "Thu, 26 Nov 2026 08:00:00 GMT")
        .insert_header("etag", "\"1\"")
        .set_body_string("20.1");
    object()
        .and(bearer_token("token-2"))
        .respond_with(found)
        .expect(1)
        .mount(&server)
        .await;
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_is_read_with_the_next_token_after_a_refusal() {
        assert_eq!(run().await.unwrap(), "20.1"); // and the server got one request with each token
    }
}
