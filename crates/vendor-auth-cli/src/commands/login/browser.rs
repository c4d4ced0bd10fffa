//! The login of a person with a browser: authorization code with PKCE (RFC 6749 section 4.1, RFC
//! 7636), as RFC 8252 has it for programs on a person's machine.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use vendor_auth::{Secret, TokenGuard};

use super::authorization::{Answer, Authorization, random, why_not_ours};
use super::pages::Page;
use super::pasted::Pasted;
use super::redirects::{Redirected, Redirects};
use super::{LoginArgs, opener, tell};
use crate::config::Config;
use crate::config::login::BrowserLogin;
use crate::failure::Failure;
use crate::grant::Grant;
use crate::signals;

/// A login under way.
struct Attempt<'a> {
    grant: &'a Grant,
    authorization: Authorization,
    redirects: Option<Redirects>,
    pasted: Option<Pasted>,
    /// Tells that no browser could be opened.
    no_browser: Option<oneshot::Receiver<()>>,
}

pub(super) async fn log_in(
    config: &Config,
    grant: &Grant,
    login: BrowserLogin,
    args: &LoginArgs,
) -> Result<TokenGuard, Failure> {
    let (redirects, redirect_uri) = Redirects::listen(&login.redirect).await?;
    let attempt = Attempt {
        grant,
        authorization: Authorization::new(&login.server, redirect_uri)?,
        redirects,
        pasted: None,
        no_browser: None,
    };
    signals::interruptible(&grant.tokens, attempt.complete(config, args)).await
}

impl Attempt<'_> {
    /// Sends the person to the server.
    fn begin(&mut self, config: &Config, args: &LoginArgs) -> Result<(), Failure> {
        let (name, url) = (&self.grant.profile.name, &self.authorization.url);
        if args.no_browser {
            tell(&format!(
                "{name}: open this address in a browser:\n\n{url}\n"
            ));
            self.ask_for_redirect();
            return Ok(());
        }
        let address = match &self.redirects {
            Some(redirects) => &redirects.start_at(url, random()?),
            None => url,
        };
        let variables = config.secret_variables();
        self.no_browser = Some(opener::open(address, variables));
        tell(&format!(
            "{name}: log in with the browser that opens, or open this address:\n\n{url}\n"
        ));
        match self.redirects {
            Some(_) => tell("Waiting for the browser to come back …"),
            None => self.ask_for_redirect(),
        }
        Ok(())
    }

    fn ask_for_redirect(&mut self) {
        if self.pasted.is_none() {
            tell("Then paste the address that the browser comes back to, and press Enter:");
            self.pasted = Some(Pasted::read());
        }
    }

    /// Waits for the person, and redeems the code.
    async fn complete(mut self, config: &Config, args: &LoginArgs) -> Result<TokenGuard, Failure> {
        self.begin(config, args)?;
        let within = Duration::from_secs(args.timeout);
        let answered = timeout(within, self.answer()).await;
        let (answer, redirected) = answered.unwrap_or_else(|_| Err(self.nobody_came(within)))?;
        if let Some(redirects) = &mut self.redirects {
            redirects.close();
        }
        let redeemed = match answer {
            Ok(code) => {
                tell("Requesting the token …");
                self.grant.redeem(self.authorization.redeem(code)).await
            }
            Err(refused) => Err(refused),
        };
        if let Some(redirects) = self.redirects {
            let page = match &redeemed {
                Ok(_) => Page::logged_in(&self.grant.profile.name),
                Err(failure) => Page::failed(&failure.to_string()),
            };
            redirects.end(redirected, page).await;
        }
        redeemed
    }

    /// Returns the code, or the server's refusal, and the browser that brought it.
    async fn answer(&mut self) -> Result<(Result<Secret, Failure>, Option<Redirected>), Failure> {
        let mut not_ours = None;
        loop {
            tokio::select! {
                redirected = next_redirect(&mut self.redirects) => {
                    match self.authorization.read(redirected.query.expose()) {
                        Answer::Code(code) => return Ok((Ok(code), Some(redirected))),
                        Answer::Refused(error) => {
                            return Ok((Err(self.grant.failure(&error)), Some(redirected)));
                        }
                        Answer::NotOurs(error) => {
                            let why = why_not_ours(&error);
                            tell(&format!("A redirect was not accepted: {why}."));
                            redirected.show(Page::not_ours(why));
                        }
                    }
                }
                line = next_line(&mut self.pasted) => match line {
                    Some(line) => match self.authorization.read(line.expose()) {
                        Answer::Code(code) => return Ok((Ok(code), None)),
                        Answer::Refused(error) => {
                            return Ok((Err(self.grant.failure(&error)), None));
                        }
                        Answer::NotOurs(error) => {
                            let why = why_not_ours(&error);
                            tell(&format!("This redirect was not accepted: {why}. Paste another:"));
                            not_ours = Some(why);
                        }
                    },
                    None => self.end_of_input(not_ours)?,
                },
                failed = opened(&mut self.no_browser) => {
                    self.no_browser = None;
                    if failed {
                        tell("No browser could be opened here: open the address yourself.");
                        self.ask_for_redirect();
                    }
                }
            }
        }
    }

    /// Goes on if a browser of this machine may still come.
    fn end_of_input(&mut self, not_ours: Option<&str>) -> Result<(), Failure> {
        self.pasted = Some(Pasted::nothing_more());
        let name = &self.grant.profile.name;
        match not_ours {
            None if self.redirects.is_some() => Ok(()),
            None => Err(Failure::log_in(format!(
                "{name}: standard input ended, and no redirect was pasted; log in again with \
                 `vendor-auth login {name}`"
            ))),
            Some(why) => Err(Failure::log_in(format!(
                "{name}: the redirect was not accepted: {why}; log in again with \
                 `vendor-auth login {name}`"
            ))),
        }
    }

    fn nobody_came(&self, within: Duration) -> Failure {
        let (name, seconds) = (&self.grant.profile.name, within.as_secs());
        Failure::log_in(format!(
            "{name}: nobody logged in within {seconds} s; log in again with \
             `vendor-auth login {name}`"
        ))
    }
}

async fn next_redirect(redirects: &mut Option<Redirects>) -> Redirected {
    match redirects {
        Some(redirects) => redirects.next().await,
        None => std::future::pending().await,
    }
}

async fn next_line(pasted: &mut Option<Pasted>) -> Option<Secret> {
    match pasted {
        Some(pasted) => pasted.next().await,
        None => std::future::pending().await,
    }
}

/// Returns whether opening a browser failed.
async fn opened(no_browser: &mut Option<oneshot::Receiver<()>>) -> bool {
    match no_browser {
        Some(receiver) => receiver.await.is_ok(),
        None => std::future::pending().await,
    }
}
