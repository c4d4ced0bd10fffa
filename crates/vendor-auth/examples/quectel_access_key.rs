#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Calls Quectel's SaaS API with an access key of the developer center.
//!
//! ```sh
//! QUECTEL_URL=https://iot-api.acceleronix.io QUECTEL_ACCESS_KEY=… QUECTEL_ACCESS_SECRET=… \
//!     QUECTEL_API=/v2/… cargo run --example quectel_access_key --features quectel
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
    let api = vendor_auth::client(quectel)?;
    let response = api
        .get(format!("{url}{}", setting("QUECTEL_API")?))
        .send()
        .await?;
    println!(
        "the API answered {}: {}",
        response.status(),
        response.text().await?
    );
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
