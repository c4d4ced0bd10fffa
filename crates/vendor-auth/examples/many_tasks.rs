#![expect(clippy::print_stdout, reason = "an example shows what it does")]

//! Ten thousand tasks, one exchange: against a simulated OAuth2 server on loopback, so it needs no
//! credentials.
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
    // In memory alone, since the simulated server dies with this process too. A real grant belongs
    // into a durable store.
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
        "{served} tasks were served by {} exchange(s)",
        sim.exchange_count()
    );
    Ok(())
}
