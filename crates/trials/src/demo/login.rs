//! The first token: one login, or one redemption of a code or a password.

use anyhow::Result;
use token_sim::{Exchange, Kind};

use super::claim::{Claim, Finding};
use super::setup::Setup;

pub(crate) async fn run(setup: &mut Setup) -> Result<Finding> {
    let mut finding = Finding::of(Claim::FirstToken);
    let token = match setup.redemption.take() {
        Some(redemption) => {
            setup.show(&redemption);
            (*setup.tokens.redeem(redemption).await?).clone()
        }
        None => setup.ask().await?,
    };
    setup.settle().await?;
    setup.history.mark(setup.now(), "first token");
    setup.show(&token);

    let exchanges = setup.sim().exchanges();
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
    let (status, _) = setup.call_api().await?;
    finding.check(
        "the API accepts the token",
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
