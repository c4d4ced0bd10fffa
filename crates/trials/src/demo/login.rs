//! The first token: one login, or one redemption of a code or a password.

use anyhow::Result;
use token_sim::{Exchange, Kind};

use super::claim::{Claim, Finding};
use super::scene::Scene;

pub(crate) async fn run(scene: &mut Scene) -> Result<Finding> {
    let mut finding = Finding::of(Claim::FirstToken);
    let token = match scene.redemption.take() {
        Some(redemption) => {
            scene.show(&redemption);
            (*scene.tokens.redeem(redemption).await?).clone()
        }
        None => scene.ask().await?,
    };
    scene.settle().await?;
    scene.life.mark(scene.now(), "first token");
    scene.show(&token);

    let exchanges = scene.sim().exchanges();
    let first = exchanges
        .first()
        .filter(|first| first.is_issued() && first.delivered);
    finding.check(
        "one request in the vendor's journal, and it brought a token",
        exchanges.len() == 1 && first.is_some_and(|first| first.kind != Kind::Refresh),
        format!(
            "{} {}",
            exchanges.len(),
            exchanges.first().map_or("request", word)
        ),
    );
    let (status, _) = scene.call_api().await?;
    finding.check(
        "the API takes the token",
        status == 200,
        format!("API says {status}"),
    );
    Ok(finding)
}

fn word(exchange: &Exchange) -> &'static str {
    match exchange.kind {
        Kind::Login => "login",
        Kind::Redemption => "redemption of a code",
        _ => "request",
    }
}
