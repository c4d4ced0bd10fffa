#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Keeps a grant of BambooCloud's identity service fresh, starting from a refresh token.
//!
//! ```sh
//! OAUTH2_DOMAIN=id.example.com OAUTH2_CLIENT_ID=… OAUTH2_CLIENT_SECRET=… OAUTH2_REFRESH_TOKEN=… \
//!     cargo run --example oauth2 --features oauth2,file
//! ```
//!
//! The server replaces the refresh token with each use. The file store keeps the newest one, so a
//! second run continues with that and ignores the one in the environment.

use std::error::Error;

use vendor_auth::oauth2::OAuth2;
use vendor_auth::{ErrorKind, FileStore, Secret};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bamboo = OAuth2::bamboocloud(setting("OAUTH2_DOMAIN")?)
        .client_id(setting("OAUTH2_CLIENT_ID")?)
        .client_secret(setting("OAUTH2_CLIENT_SECRET")?)
        .account("example")
        .build()?;
    let refresh_token = Secret::from(setting("OAUTH2_REFRESH_TOKEN")?);
    let tokens = vendor_auth::builder(bamboo)?
        .store(FileStore::in_default_directory("vendor-auth-example")?)
        .refresh_token(refresh_token)
        .build()?;

    match tokens.token().await {
        Ok(token) => println!("the token expires at {:?}", token.validity().ends()),
        Err(error) if error.kind() == ErrorKind::Rejected => {
            println!("the grant was revoked, log in again: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
