#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! EnOS: measuring points are uploaded to the message integration, a second host. It takes the
//! header `apim-accesstoken` alone: a multipart body is not signed, so it may be a stream.
//!
//! Both hosts are ports of a simulated EnOS here, where the first token is revoked. Name a real
//! second host with `TokenCacheBuilder::api_url`, which takes `https://` only.
//!
//! ```sh
//! cargo run -p recipes --example enos_upload
//! ```

use std::error::Error;

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, Response, StatusCode};
use token_reqwest::{ApiClient, Execute as _, ExecuteError};
use token_sim::{EnosServer, FaultProxy};
use vendor_auth::enos_apim::EnosApim;
use vendor_auth::types::{BaseUrl, PlainHttp};
use vendor_auth::{ErrorKind, ReqwestClient, TokenCache};

const PATH: &str = "/connect-service/v2.1/integration";

/// Uploads a file. A stream cannot be sent twice: if the token was refused, the request is built
/// again and gets another token.
async fn upload(
    tokens: &TokenCache,
    http: &ApiClient,
    url: &str,
    file: impl Fn() -> Body,
) -> Result<Response, ExecuteError> {
    let request = || {
        let part = Part::stream(file()).file_name("points.json");
        http.post(url)
            .multipart(Form::new().part("file", part))
            .build()
    };
    match tokens.execute(http, request()?).await {
        Err(ExecuteError::Token(error)) if is_transient(&error) => {
            tokens.execute(http, request()?).await
        }
        result => result,
    }
}

fn is_transient(error: &vendor_auth::Error) -> bool {
    matches!(error.kind(), ErrorKind::Transient { .. })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("the uploads were answered {:?}", run().await?);
    Ok(())
}

/// Uploads with the first token, and after it was revoked.
async fn run() -> Result<[StatusCode; 2], Box<dyn Error>> {
    let enos = EnosServer::builder().resource_path(PATH).start().await?;
    let integration = FaultProxy::start(enos.addr()).await?;
    let tokens = tokens(&enos, &integration.base_url())?;
    let http = ApiClient::from_builder(Client::builder())?; // sends the token to no other host
    let url = format!("{}{PATH}?action=postMeasurepoint", integration.base_url());
    let file = || Body::from(r#"[{"assetId":"meter","measurepoints":{"power":20.1}}]"#);

    let first = upload(&tokens, &http, &url, file).await?.status();
    enos.revoke_access_token();
    let second = upload(&tokens, &http, &url, file).await?.status();
    Ok([first, second])
}

/// Returns a cache whose token may also be sent to the message integration.
fn tokens(enos: &EnosServer, integration: &str) -> Result<TokenCache, Box<dyn Error>> {
    let endpoint = EnosApim::builder(enos.base_url())
        .app_key(enos.app_key())
        .app_secret(enos.app_secret())
        .allow_plain_http()
        .build()?;
    let integration = BaseUrl::parse(integration, PlainHttp::Allowed)?;
    Ok(TokenCache::builder(endpoint)
        .http_client(ReqwestClient::new()?)
        .api_origin(integration.origin()) // a real one: `.api_url("https://…")`
        .build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_upload_is_made_anew_with_another_token() {
        assert_eq!(run().await.unwrap(), [StatusCode::OK, StatusCode::OK]);
    }
}
