#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod authorize;
mod body;
mod settings;

use token_cache::BlockingTokenCache;
use token_core::Error;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use self::authorize::Authorize;

/// Makes an agent whose requests carry the token. If the API refuses it, a new one is fetched, and
/// the request is sent once more.
///
/// `build` makes an agent of the builder that it is given. It is called twice, for the agent that
/// is returned and for one inside it that sends, so that a request can be sent again.
///
/// ```
/// # fn run(tokens: token_cache::TokenCache) -> Result<(), ureq::Error> {
/// use std::time::Duration;
///
/// let agent = token_ureq::agent(tokens.blocking(), |config| {
///     config.timeout_global(Some(Duration::from_secs(30))).build().new_agent()
/// });
/// let devices = agent.get("https://api.example.com/v1/devices").call()?.body_mut().read_to_string()?;
/// # Ok(())
/// # }
/// ```
///
/// A request with the token fails with [`ureq::Error::Other`] if there is no token, if the token
/// may not be sent to its host, or if the API refuses it again: see [`token_error`].
pub fn agent(
    tokens: BlockingTokenCache,
    build: impl Fn(ConfigBuilder<AgentScope>) -> Agent,
) -> Agent {
    let sender = build(Agent::config_builder());
    // The first of the chain, and it sends by the other agent: middleware that `build` adds runs
    // there, for each send, and not here.
    build(Agent::config_builder().middleware(Authorize::new(tokens, sender)))
}

/// Returns the token's failure, if that is why a request failed; `None` for the failure of the API
/// or of the connection to it.
///
/// ```
/// # fn run(agent: ureq::Agent) {
/// match agent.get("https://api.example.com/v1/devices").call() {
///     Ok(devices) => println!("{}", devices.status()),
///     Err(error) => match token_ureq::token_error(&error) {
///         Some(error) => println!("no token: {error}"),
///         None => println!("the API: {error}"),
///     },
/// }
/// # }
/// ```
pub fn token_error(error: &ureq::Error) -> Option<&Error> {
    match error {
        ureq::Error::Other(other) => other.downcast_ref(),
        _ => None,
    }
}
