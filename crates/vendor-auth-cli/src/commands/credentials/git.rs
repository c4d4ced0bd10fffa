//! git's credential helpers (gitcredentials(7), git-credential(1)).

use vendor_auth::types::TokenPlacement;
use vendor_auth::{Secret, Token};

use super::{is_allowed, read_question};
use crate::api_headers::not_carried;
use crate::commands::token::print;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::{Grant, Wanted};

/// What git sends.
struct Question<'a>(Vec<(&'a str, &'a str)>);

pub(super) async fn run(
    config: &Config,
    profile: &Profile,
    operation: Option<&str>,
) -> Result<(), Failure> {
    match operation {
        Some("get") => get(config, profile).await,
        Some("erase") => erase(config, profile).await,
        Some("capability") => print(&Secret::from("version 0\ncapability authtype\n")),
        // Nothing is stored that git was told: `store`, and what later versions may ask.
        Some(_) => Ok(()),
        None => Err(Failure::usage(
            "git appends get, store or erase; write credential.helper = \
             \"!vendor-auth helper --protocol git NAME\"",
        )),
    }
}

async fn get(config: &Config, profile: &Profile) -> Result<(), Failure> {
    let text = read_question()?;
    let question = Question::parse(text.expose());
    if !question.is_for(config, profile)? {
        return Ok(());
    }
    let answer = match Grant::token(config, profile, Wanted::default()).await {
        Ok((token, _grant)) => question.answer(profile, &token),
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(answer) => print(&answer),
        // Without it git asks the person at the terminal for a password, which nobody has.
        Err(failure) => print(&Secret::from("quit=1\n")).and(Err(failure)),
    }
}

async fn erase(config: &Config, profile: &Profile) -> Result<(), Failure> {
    let text = read_question()?;
    let question = Question::parse(text.expose());
    if !question.is_for(config, profile)? {
        return Ok(());
    }
    let refused = question.secrets();
    let is_it = |access: &Secret| refused.iter().any(|secret| secret.same_as(access));
    Grant::refused(config, profile, is_it)
        .await?
        .tell(&profile.name);
    Ok(())
}

impl<'a> Question<'a> {
    /// Reads `key=value` lines up to an empty one.
    fn parse(text: &'a str) -> Self {
        let lines = text.lines().take_while(|line| !line.is_empty());
        Self(lines.filter_map(|line| line.split_once('=')).collect())
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        // A later line replaces an earlier one.
        let found = self.0.iter().rev().find(|(name, _)| *name == key);
        found.map(|(_, value)| *value)
    }

    /// Returns whether the token may be sent to this host, for this user.
    fn is_for(&self, config: &Config, profile: &Profile) -> Result<bool, Failure> {
        let (Some(protocol), Some(host)) = (self.value("protocol"), self.value("host")) else {
            return Ok(false);
        };
        let wanted = profile.common.username.as_deref();
        let is_user = match (self.value("username"), wanted) {
            (Some(user), Some(wanted)) => user == wanted,
            _ => true,
        };
        Ok(is_user && is_allowed(config, profile, &format!("{protocol}://{host}/"))?)
    }

    fn answer(&self, profile: &Profile, token: &Token) -> Result<Secret, Failure> {
        let can_say_type = self.0.contains(&("capability[]", "authtype"));
        let mut text = match can_say_type {
            true => of_type(profile, token)?,
            false => self.of_password(profile, token)?,
        };
        if let Some(end) = token.validity().ends() {
            text.push_str(&format!("password_expiry_utc={}\n", end.unix_seconds()));
        }
        Ok(Secret::from(text))
    }

    /// Returns a user and a password: git before 2.46 sends nothing but Basic.
    fn of_password(&self, profile: &Profile, token: &Token) -> Result<String, Failure> {
        if *token.placement() != TokenPlacement::Bearer {
            let what = "git before 2.46 cannot send; use a newer git";
            return Err(not_carried(&profile.name, token, what));
        }
        let user = self.value("username").unwrap_or(profile.username());
        let access = token.access().expose();
        Ok(format!("username={user}\npassword={access}\n"))
    }

    /// Returns what git may have sent as the token.
    fn secrets(&self) -> Vec<Secret> {
        let credential = self.value("credential");
        let with_type = credential.and_then(|credential| {
            let authtype = self.value("authtype")?;
            Some(Secret::from(format!("{authtype} {credential}")))
        });
        let alone = [self.value("password"), credential].into_iter().flatten();
        alone.map(Secret::from).chain(with_type).collect()
    }
}

/// Returns the header's scheme and the rest of it, which git 2.46 and later send as they are.
fn of_type(profile: &Profile, token: &Token) -> Result<String, Failure> {
    let access = token.access().expose();
    let parts = match token.placement() {
        TokenPlacement::Bearer => Some(("Bearer", access)),
        TokenPlacement::Verbatim => access.split_once(' '),
        _ => None,
    };
    let Some((scheme, credential)) = parts else {
        let what = "git cannot send; it sends Authorization only";
        return Err(not_carried(&profile.name, token, what));
    };
    Ok(format!(
        "capability[]=authtype\nauthtype={scheme}\ncredential={credential}\nephemeral=1\n"
    ))
}
