#![expect(clippy::print_stdout, reason = "an example shows what it does")]

//! An app user of Quectel's cloud: log in once with a password, then stay logged in.
//!
//! ```sh
//! QUECTEL_URL=https://iot-api.acceleronix.io QUECTEL_USER_DOMAIN=… QUECTEL_USER_DOMAIN_SECRET=… \
//!     QUECTEL_EMAIL=… QUECTEL_PASSWORD=… cargo run --example quectel_end_user --features quectel
//! ```

use std::error::Error;

use vendor_auth::ErrorKind;
use vendor_auth::quectel::EndUser;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let email = setting("QUECTEL_EMAIL")?;
    let app = EndUser::builder(setting("QUECTEL_URL")?)
        .user_domain(
            setting("QUECTEL_USER_DOMAIN")?,
            setting("QUECTEL_USER_DOMAIN_SECRET")?,
        )
        .grant(&email)
        .build()?;
    let tokens = vendor_auth::token_cache(app.clone())?;

    // A password is sent once and never again by itself: five wrong ones freeze the account.
    match tokens
        .redeem(app.email_password(&email, setting("QUECTEL_PASSWORD")?))
        .await
    {
        Ok(token) => println!("logged in until {:?}", token.validity().expires_at()),
        Err(error) if matches!(error.kind(), ErrorKind::Locked { .. }) => println!("frozen: {error}"),
        Err(error) => return Err(error.into()),
    }
    tokens.keep_fresh();
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}; the head of this file shows how"))
}
