#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Logs in to a private cloud: a person opens a URL, the code from the redirect is redeemed once,
//! and the grant is kept in a file. A second run needs no login.
//!
//! ```sh
//! CLOUD_URL=https://files.example.com CLOUD_CLIENT_ID=… CLOUD_CLIENT_SECRET=… \
//!     CLOUD_REDIRECT_URI=https://app.example.com/back \
//!     cargo run --example private_cloud --features privcloud,file
//! ```

use std::error::Error;
use std::io::stdin;

use vendor_auth::cache::GrantState;
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::{FileStore, TokenCache};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let redirect_uri = setting("CLOUD_REDIRECT_URI")?;
    let cloud = PrivateCloud::builder(setting("CLOUD_URL")?)
        .client_id(setting("CLOUD_CLIENT_ID")?)
        .client_secret(setting("CLOUD_CLIENT_SECRET")?)
        .account("example")
        .build()?;

    let tokens = vendor_auth::builder(cloud.clone())?
        .store(FileStore::in_default_directory("vendor-auth-example")?)
        .build()?;

    if matches!(
        tokens.grant_state().await?,
        GrantState::LoginRequired | GrantState::Expired
    ) {
        log_in(&cloud, &tokens, redirect_uri).await?;
    }
    let token = tokens.token().await?;
    println!("logged in until {:?}", token.validity().ends());
    Ok(())
}

async fn log_in(
    cloud: &PrivateCloud,
    tokens: &TokenCache,
    redirect_uri: String,
) -> Result<(), Box<dyn Error>> {
    // Generate this from random bytes for each login, and keep it in the person's session.
    let data = "a-random-text";
    println!("open {}", cloud.authorize_url(&redirect_uri, data)?);
    println!("and paste the URL that you were redirected to:");
    let mut redirect = String::new();
    stdin().read_line(&mut redirect)?;
    let code = cloud.read_redirect(redirect.trim(), data)?;
    tokens.redeem(cloud.redeem_code(code, redirect_uri)).await?;
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
