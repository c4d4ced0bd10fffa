#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Logs in an end user of Quectel's cloud with a password, once. The grant is kept in a file, so
//! only the first run sends the password.
//!
//! ```sh
//! QUECTEL_URL=https://iot-api.acceleronix.io QUECTEL_USER_DOMAIN=… \
//!     QUECTEL_USER_DOMAIN_SECRET=… QUECTEL_EMAIL=… QUECTEL_PASSWORD=… \
//!     cargo run --example quectel_end_user --features quectel,file
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

    // The password is sent once and never automatically: five wrong ones freeze the account.
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
            println!("the account is locked: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
