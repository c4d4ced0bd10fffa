#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Calls an API with a grant of an OAuth 2.0 server, starting from a refresh token.
//!
//! ```sh
//! OAUTH2_TOKEN_URL=https://id.example.com/oauth2/token OAUTH2_CLIENT_ID=… OAUTH2_CLIENT_SECRET=… \
//!     OAUTH2_REFRESH_TOKEN=… OAUTH2_API=https://api.example.com/me \
//!     cargo run --example oauth2 --features oauth2,file
//! ```
//!
//! If the server replaces the refresh token with each use, the file store keeps the newest one: a
//! second run continues with that and ignores the one in the environment.

use std::error::Error;

use vendor_auth::http::ApiClient;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::{Execute, FileStore};

/// Calls an API with the grant that began with this refresh token.
async fn call(
    [url, id, secret, first, api]: [String; 5],
) -> Result<reqwest::Response, Box<dyn Error>> {
    let server = OAuth2::token_url(url)
        .client_id(id)
        .client_secret(secret)
        .account("example")
        .build()?;
    let store = FileStore::in_default_directory("vendor-auth-example")?;
    let tokens = vendor_auth::builder(server)?
        .refresh_token(first.into())
        .store(store)
        .api_url(&api)
        .build()?;
    let http = ApiClient::from_builder(reqwest::Client::builder())?;
    Ok(tokens.execute(&http, http.get(&api).build()?).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let answer = call([
        setting("OAUTH2_TOKEN_URL")?,
        setting("OAUTH2_CLIENT_ID")?,
        setting("OAUTH2_CLIENT_SECRET")?,
        setting("OAUTH2_REFRESH_TOKEN")?,
        setting("OAUTH2_API")?,
    ]);
    println!("the API answered {}", answer.await?.status());
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
