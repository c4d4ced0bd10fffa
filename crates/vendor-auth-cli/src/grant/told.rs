//! What people are told about a grant that has no token for them.

use vendor_auth::{Error, ErrorKind};

use super::Grant;
use crate::failure::Failure;

impl Grant {
    /// Returns the failure of an error.
    pub(crate) fn failure(&self, error: &Error) -> Failure {
        Failure::of_profile(&self.profile.name, error, &self.profile.log_in_again())
    }

    /// Returns the failure of a request for a token.
    pub(super) fn no_token(&self, error: &Error) -> Failure {
        match self.lacks_login(error) {
            true => self.nobody_has_logged_in(),
            false => self.failure(error),
        }
    }

    /// The same, without how long to wait, which differs each time.
    pub(crate) fn failure_of_kind(&self, error: &Error) -> Failure {
        match self.lacks_login(error) {
            true => self.nobody_has_logged_in(),
            false => Failure::of_kind_only(&self.profile.name, error, &self.profile.log_in_again()),
        }
    }

    /// Returns whether there is no token because no login began this grant.
    pub(super) fn lacks_login(&self, error: &Error) -> bool {
        let health = self.tokens.health();
        let is_nothing_there = health.generation.is_none() && !health.logged_out;
        error.kind() == ErrorKind::Rejected && is_nothing_there && !self.profile.begins_by_itself()
    }

    fn nobody_has_logged_in(&self) -> Failure {
        let name = &self.profile.name;
        Failure::log_in(format!(
            "{name}: nobody has logged in yet; run `vendor-auth login {name}`"
        ))
    }
}
