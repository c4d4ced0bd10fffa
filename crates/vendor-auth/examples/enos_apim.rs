#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Calls an EnOS API with a signed request.
//!
//! ```sh
//! ENOS_URL=https://apim.example.com ENOS_APP_KEY=… ENOS_APP_SECRET=… \
//!     ENOS_API=/model-service/v2.1/… \
//!     cargo run --example enos_apim --features enos-apim
//! ```

use std::error::Error;

use vendor_auth::enos_apim::EnosApim;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = setting("ENOS_URL")?;
    let enos = EnosApim::builder(&url)
        .app_key(setting("ENOS_APP_KEY")?)
        .app_secret(setting("ENOS_APP_SECRET")?)
        .build()?;
    // The signature covers the token, the query, the body and the time.
    let api = vendor_auth::client(enos)?;
    let request = api.post(format!("{url}{}", setting("ENOS_API")?));
    let request = request
        .header("content-type", "application/json")
        .body(r#"{"count": 20}"#);
    let response = request.send().await?;
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
