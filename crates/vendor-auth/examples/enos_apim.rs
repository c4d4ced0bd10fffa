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
use vendor_auth::types::ApiBody;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = setting("ENOS_URL")?;
    let enos = EnosApim::builder(&url)
        .app_key(setting("ENOS_APP_KEY")?)
        .app_secret(setting("ENOS_APP_SECRET")?)
        .build()?;
    let tokens = vendor_auth::builder(enos)?.build()?;

    let body = r#"{"count": 20}"#;
    let request = http::Request::post(format!("{url}{}", setting("ENOS_API")?))
        .header("content-type", "application/json")
        .body(body)?;
    // The signature covers the token, the query, the body and the time, so the cache adds it.
    let (mut parts, body) = request.into_parts();
    let token = tokens
        .authorize(&mut parts, &mut ApiBody::of(body.as_bytes()))
        .await?;

    let signed: reqwest::Request = http::Request::from_parts(parts, body).try_into()?;
    let response = reqwest::Client::new().execute(signed).await?;
    println!("the API answered {}", response.status());
    if response.status() == 401 {
        tokens.invalidate(&token);
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name}, as shown at the top of this file"))
}
