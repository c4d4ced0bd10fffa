#![expect(clippy::print_stdout, reason = "an example shows what it does")]

//! An app user of Quectel's cloud: log in once with a password, then stay logged in. The grant is
//! kept in a file, so the password is sent by the first run alone.
//!
//! ```sh
//! QUECTEL_URL=https://iot-api.acceleronix.io QUECTEL_USER_DOMAIN=… QUECTEL_USER_DOMAIN_SECRET=… \
//!     QUECTEL_EMAIL=… QUECTEL_PASSWORD=… cargo run --example quectel_end_user --features quectel,file
//! ```

use std::error::Error;

use vendor_auth::cache::GrantState;
use vendor_auth::quectel::EndUser;
use vendor_auth::{ErrorKind, FileStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let email = setting("QUECTEL_EMAIL")?;
    let app = EndUser::builder(setting("QUECTEL_URL")?)
        .user_domain(
            setting("QUECTEL_USER_DOMAIN")?,
            setting("QUECTEL_USER_DOMAIN_SECRET")?,
        )
        .account(&email)
        .build()?;
    let tokens = vendor_auth::builder(app.clone())?
        .store(FileStore::in_default_directory("vendor-auth-example")?)
        .build()?;

    // A password is sent once and never again by itself: five wrong ones freeze the account.
    let answer = match tokens.grant_state().await? {
        GrantState::Active | GrantState::Restorable => tokens.token().await,
        _ => {
            let password = setting("QUECTEL_PASSWORD")?;
            tokens.redeem(app.email_password(&email, password)).await
        }
    };
    match answer {
        Ok(token) => println!("logged in until {:?}", token.validity().ends()),
        Err(error) if matches!(error.kind(), ErrorKind::Locked { .. }) => {
            println!("frozen: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}; the head of this file shows how"))
}
