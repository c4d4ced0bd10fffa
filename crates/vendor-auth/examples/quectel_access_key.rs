#![expect(clippy::print_stdout, reason = "an example shows what it does")]

//! A SaaS API call with an access key of Quectel's developer centre.
//!
//! ```sh
//! QUECTEL_URL=https://iot-api.acceleronix.io QUECTEL_ACCESS_KEY=… QUECTEL_ACCESS_SECRET=… QUECTEL_API=/v2/… \
//!     cargo run --example quectel_access_key --features quectel
//! ```

use std::error::Error;

use vendor_auth::quectel::AccessKey;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = setting("QUECTEL_URL")?;
    let quectel = AccessKey::builder(&url)
        .access_key(setting("QUECTEL_ACCESS_KEY")?)
        .access_secret(setting("QUECTEL_ACCESS_SECRET")?)
        .build()?;
    let tokens = vendor_auth::builder(quectel)?.build()?;

    let token = tokens.token().await?;
    println!("a token until {:?}", token.validity().ends());

    let api = format!("{url}{}", setting("QUECTEL_API")?);
    let answer = reqwest::Client::new()
        .get(api)
        .headers(token.headers())
        .send()
        .await?;
    println!("the API says {}", answer.status());
    if answer.status() == 401 {
        tokens.invalidate(&token);
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}; the head of this file shows how"))
}
