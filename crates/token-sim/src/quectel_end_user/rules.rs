//! The rules of the app API.

use crate::grant_settings::GrantSettings;

pub(super) const EMAIL_LOGIN: &str = "/v2/enduser/enduserapi/emailPwdLogin";
pub(super) const PHONE_LOGIN: &str = "/v2/enduser/enduserapi/phonePwdLogin";
pub(super) const REFRESH: &str = "/v2/enduser/enduserapi/refreshToken";
pub(super) const LOGOUT: &str = "/v2/enduser/enduserapi/userLogout";

/// The rules of a [`QuectelEndUserServer`](crate::QuectelEndUserServer).
#[expect(
    missing_debug_implementations,
    reason = "it holds a secret, and is not exported"
)]
pub struct QuectelEndUser {
    pub(super) user: User,
    pub(super) user_domain: String,
    pub(super) user_domain_secret: String,
    pub(super) attempts_left: AttemptsLeft,
    pub(super) grants: GrantSettings,
}

pub(super) struct User {
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) password: String,
}

/// How the answer to a wrong password tells the attempts left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptsLeft {
    /// A code for each number: 5586 down to 5583 for 4 down to 1.
    InCode,
    /// Code 5146 each time, with the number in the text.
    InText,
}

impl Default for QuectelEndUser {
    fn default() -> Self {
        let user = User {
            email: "user@example.com".to_owned(),
            phone: "13800000000".to_owned(),
            password: "sim-password".to_owned(),
        };
        Self {
            user,
            user_domain: "C.DM.1.1".to_owned(),
            user_domain_secret: "sim-domain-secret".to_owned(),
            attempts_left: AttemptsLeft::InCode,
            grants: GrantSettings::with_access_lifetime(7200),
        }
    }
}

impl AsMut<GrantSettings> for QuectelEndUser {
    fn as_mut(&mut self) -> &mut GrantSettings {
        &mut self.grants
    }
}
