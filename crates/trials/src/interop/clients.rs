//! Every way of authenticating to the server.

use anyhow::{Context as _, Result, bail, ensure};
use vendor_auth::cache::Origin;
use vendor_auth::oauth2::{ClientAuthentication, OAuth2, Pkce};
use vendor_auth::{ErrorKind, TokenCache};

use super::caches::{cache, cache_from};
use super::control::Code;
use super::provider::{Client, Provider};
use super::waiting::{expiry, must_be_active, next_token, refused};

const POST: &str = "post";
const PUBLIC: &str = "public";
const M2M: &str = "m2m";

/// Tests an id and a secret with colons, spaces, percent signs and quotes: RFC 6749 section 2.3.1
/// has them encoded before Basic, and this server decodes them.
pub(super) async fn awkward(provider: &Provider) -> Result<String> {
    let client = provider.client_where(|client| client.id.contains([':', '%', ' ']))?;
    let authenticated = |way| provider.describe(client).client_authentication(way).build();
    let Err(refused_at_build) = authenticated(ClientAuthentication::Basic) else {
        bail!("raw Basic takes an id that it cannot carry");
    };
    let advice = refused_at_build.to_string();
    ensure!(
        advice.contains("BasicEncoded"),
        "raw Basic says only: {advice}"
    );
    rotates(
        provider,
        client,
        authenticated(ClientAuthentication::BasicEncoded)?,
    )
    .await?;
    rotates(provider, client, authenticated(ClientAuthentication::Post)?).await?;
    Ok(
        "encoded in the header and in the form; raw is rejected before a request is sent"
            .to_owned(),
    )
}

/// Tests id and secret in the form.
pub(super) async fn post(provider: &Provider) -> Result<String> {
    let client = provider.client(POST)?;
    let wrong = provider
        .describe(client)
        .client_secret("not-the-secret")
        .build()?;
    let refresh_token = provider.mint(POST).await?;
    let tokens = cache_from(wrong, &refresh_token)?;
    let said = refused(tokens.token().await, ErrorKind::Config, "invalid_client")?;
    rotates(provider, client, provider.describe(client).build()?).await?;
    Ok(format!("it rotates; with a wrong secret, {said}"))
}

/// Checks the first token and two refreshes.
async fn rotates(provider: &Provider, client: &Client, endpoint: OAuth2) -> Result<()> {
    provider.forget_stats().await?;
    let tokens = cache_from(endpoint.clone(), &provider.mint(&client.id).await?)?;
    goes_on(&tokens, &endpoint).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[("refresh_token", "success", 3)])
}

/// Checks a live token, and two refreshes that no caller asks for.
async fn goes_on(tokens: &TokenCache, endpoint: &OAuth2) -> Result<()> {
    let first = tokens.token().await?.generation();
    let mut events = tokens.events();
    let keep_fresh = tokens.keep_fresh();
    next_token(&mut events).await?;
    let (third, origin) = next_token(&mut events).await?;
    keep_fresh.stop();
    ensure!(
        origin == Origin::Refresh && third == first.next().next(),
        "generation {third} came by {origin:?}"
    );
    let token = (*tokens.token().await?).clone();
    must_be_active(tokens, endpoint, &token).await
}

/// Tests a client without a secret: the verifier proves that the request comes from it.
pub(super) async fn public(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(PUBLIC)?;
    let tokens = cache(endpoint.clone())?;
    let pkce = Pkce::from_random([7; 32]);
    let code = provider.code(PUBLIC, &pkce.challenge()).await?;
    redeem(&tokens, &endpoint, &code, &pkce).await?;
    let has_id_token = tokens.token().await?.extra("id_token").is_some();
    ensure!(has_id_token, "the id token was not kept");
    goes_on(&tokens, &endpoint).await?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("authorization_code", "success", 1),
        ("refresh_token", "success", 2),
    ])?;
    Ok("one redemption, then it rotates".to_owned())
}

/// Tests that another verifier is refused, and that a reused code ends the grant.
pub(super) async fn code_once(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let endpoint = provider.endpoint(PUBLIC)?;
    let (pkce, another) = (Pkce::from_random([8; 32]), Pkce::from_random([9; 32]));

    let code = provider.code(PUBLIC, &pkce.challenge()).await?;
    let stolen = redeem(&cache(endpoint.clone())?, &endpoint, &code, &another).await;
    refused(stolen, ErrorKind::Rejected, "invalid_grant").context("with another's verifier")?;

    let code = provider.code(PUBLIC, &pkce.challenge()).await?;
    let (ours, theirs) = (cache(endpoint.clone())?, cache(endpoint.clone())?);
    redeem(&ours, &endpoint, &code, &pkce).await?;
    let again = redeem(&theirs, &endpoint, &code, &pkce).await;
    let said = refused(again, ErrorKind::Rejected, "invalid_grant")?;
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("authorization_code", "success", 1),
        ("authorization_code", "invalid_grant", 2),
    ])?;
    stats.revoked_grants(1)?;
    Ok(said)
}

async fn redeem(
    tokens: &TokenCache,
    endpoint: &OAuth2,
    code: &Code,
    pkce: &Pkce,
) -> Result<(), vendor_auth::Error> {
    let redemption = endpoint.redeem_code(&code.secret(), code.redirect_uri.as_str(), Some(pkce));
    tokens.redeem(redemption).await.map(|_| ())
}

/// Tests a grant without a refresh token: a token that is due, and one that expired unnoticed, are
/// followed by a login.
pub(super) async fn m2m(provider: &Provider) -> Result<String> {
    provider.forget_stats().await?;
    let client = provider.client(M2M)?;
    let wrong = provider
        .describe(client)
        .client_credentials()
        .client_secret("not-the-secret")
        .build()?;
    let said = refused(
        cache(wrong)?.token().await,
        ErrorKind::Config,
        "invalid_client",
    )?;

    let endpoint = provider
        .describe(client)
        .client_credentials()
        .scopes(["api"])
        .build()?;
    let tokens = cache(endpoint.clone())?;
    let first = tokens.token().await?.generation();
    expiry(&tokens).await?;
    let second = (*tokens.token().await?).clone();
    ensure!(
        second.generation() == first.next(),
        "no new token after the expiry"
    );
    must_be_active(&tokens, &endpoint, &second).await?;
    let mut events = tokens.events();
    let keep_fresh = tokens.keep_fresh();
    let (_, origin) = next_token(&mut events).await?;
    keep_fresh.stop();
    ensure!(origin == Origin::Login, "a token came by {origin:?}");
    let stats = provider.stats().await?;
    stats.are_exactly(&[
        ("client_credentials", "invalid_client", 1),
        ("client_credentials", "success", 3),
    ])?;
    Ok(format!(
        "after its expiry and before it; a wrong secret, {said}"
    ))
}
