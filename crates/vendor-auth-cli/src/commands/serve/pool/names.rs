//! Which account of a pool a key in the store belongs to.

use vendor_auth::types::TokenKey;

use crate::config::document::Mistake;
use crate::config::pool::{PLACE, SAMPLE, is_account};
use crate::config::profile::{Credentials, Profile};
use crate::failure::Failure;

/// Another one.
const OTHER: &str = "another-account";

/// Finds accounts by the keys of their grants. The store may have the grants of other profiles too.
pub(super) struct Names {
    pool: Profile,
    /// What a grant has before and after the account; none if only a digest of it is there.
    around: Option<(String, String)>,
}

impl Names {
    /// Fails if two accounts would have one grant.
    pub(super) fn of(pool: &Profile) -> Result<Self, Failure> {
        let key = key_of(pool, SAMPLE)?;
        if key == key_of(pool, OTHER)? {
            let why = format!(
                "all accounts would have one grant; write `{PLACE}` in what names it, such as \
                 `client_id` or `account`"
            );
            return Err(pool.mistake("pool", why).in_file(pool.config()));
        }
        let grant = key.grant().unwrap_or_default();
        let around = grant.split_once(SAMPLE);
        Ok(Self {
            pool: pool.clone(),
            around: around.map(|(before, after)| (before.to_owned(), after.to_owned())),
        })
    }

    /// Returns the account that this is the key of.
    pub(super) fn account(&self, key: &TokenKey) -> Option<String> {
        let (before, after) = self.around.as_ref()?;
        let grant = key.grant()?;
        let name = grant.strip_prefix(&**before)?.strip_suffix(&**after)?;
        // A part of a grant may be encoded on its own.
        let names = [name.to_owned(), decoded(name)];
        let mut names = names.into_iter().filter(|name| is_account(name));
        names.find(|name| key_of(&self.pool, name).is_ok_and(|it| it == *key))
    }
}

/// Returns the key of an account's grant. No secret is read.
pub(super) fn key_of(pool: &Profile, account: &str) -> Result<TokenKey, Failure> {
    let profile = pool.of_account(account)?;
    let endpoint = profile.endpoint(Credentials::Omitted);
    let endpoint = endpoint.map_err(|mistake: Mistake| mistake.in_file(profile.config()))?;
    Ok(endpoint.key())
}

/// Returns the text without the encodings of what an account may have.
fn decoded(text: &str) -> String {
    let encoded = [
        ("%40", "@"),
        ("%2B", "+"),
        ("%3A", ":"),
        ("%3D", "="),
        ("%7E", "~"),
    ];
    encoded
        .into_iter()
        .fold(text.to_owned(), |text, (code, letter)| {
            text.replace(code, letter)
        })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn pool(lines: &str) -> Profile {
        let text = format!(
            "[profiles.tenants]\nvendor = \"oauth2\"\ntoken_url = \"https://id.example.com/token\"\n\
             client_secret = {{ env = \"X\" }}\npool = {{}}\n{lines}"
        );
        let config = Config::parse(Path::new("/config.toml"), &text).unwrap();
        config.profile_or_pool("tenants").unwrap()
    }

    #[test]
    fn an_account_is_found_by_the_key_of_its_grant_and_no_other_key_has_one() {
        let accounts = ["acme", "a.b@example.com", "org:17", "a+b=c~d", "tenants"];
        let login = "grant = \"client_credentials\"\n";
        for lines in [
            "client_id = \"app\"\n".to_owned(),
            "client_id = \"app\"\naccount = \"{account}\"\n".to_owned(),
            format!("client_id = \"app-{{account}}\"\n{login}"),
            "client_id = \"{account}\"\nscopes = [\"{account}\"]\naccount = \"x\"\n".to_owned(),
        ] {
            let pool = pool(&lines);
            let names = Names::of(&pool).unwrap();
            for account in accounts {
                let key = key_of(&pool, account).unwrap();
                assert_eq!(names.account(&key).as_deref(), Some(account), "{lines}");
            }
            for other in [
                "oauth2/id.example.com/app:",
                "oauth2/other.example.com/app:acme",
                "x",
            ] {
                assert_eq!(
                    names.account(&TokenKey::parse(other).unwrap()),
                    None,
                    "{lines}"
                );
            }
        }
    }

    #[test]
    fn a_grant_that_has_only_a_digest_of_its_account_is_found_by_no_key() {
        let pool = pool(
            "client_id = \"app\"\ngrant = \"client_credentials\"\n\
             parameters = { tenant = \"{account}\" }\n",
        );
        let names = Names::of(&pool).unwrap();
        assert_eq!(names.account(&key_of(&pool, "acme").unwrap()), None);
    }
}
