#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Gets a token in ten thousand tasks with one token request. The OAuth2 server is simulated on
//! loopback, so no credentials are needed.
//!
//! ```sh
//! cargo run --example many_tasks --features oauth2
//! ```

use std::error::Error;

use token_sim::OAuth2Server as Simulated;
use tokio::task::JoinSet;
use vendor_auth::Secret;
use vendor_auth::oauth2::OAuth2;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sim = Simulated::builder().start().await?;
    let grant = sim.grant();
    let endpoint = OAuth2::builder(sim.base_url())
        .token_path("/api/v1/oauth2/token")
        .client_id("sim-client")
        .client_secret("sim-secret")
        .account("many-tasks")
        .allow_plain_http()
        .build()?;
    // Kept in memory, since the simulated server ends with this process. A real grant needs a
    // durable store.
    let refresh_token = Secret::from(grant.refresh_token().unwrap_or_default());
    let tokens = vendor_auth::builder(endpoint)?
        .refresh_token(refresh_token)
        .build()?;

    let mut tasks = JoinSet::new();
    for _ in 0..10_000 {
        let tokens = tokens.clone();
        tasks.spawn(async move { tokens.token().await.map(|token| token.generation()) });
    }
    let served = tasks
        .join_all()
        .await
        .into_iter()
        .filter(Result::is_ok)
        .count();
    println!(
        "{served} tasks got a token from {} token request(s)",
        sim.exchange_count()
    );
    Ok(())
}
