//! Records, keys and intents for tests of a store.
//!
//! ```
//! use token_core::store::CommitCondition;
//! use token_testkit::records::{child_of, record};
//!
//! let (parent, child) = (record(1), record(2));
//! assert!(child.generation > parent.generation);
//! assert_eq!(child_of(1), CommitCondition::ParentIs(parent.fingerprint)); // to commit the child
//! ```

use token_core::store::{CommitCondition, Intent, Owner, Record, RefreshFingerprint};
use token_core::{Generation, Secret, TokenKey};

/// Returns the key of a grant.
pub fn key() -> TokenKey {
    TokenKey::of("acme", "api.acme.example", "1")
}

/// Returns the owner with this number.
pub fn owner(number: u8) -> Owner {
    Owner::new([number; 16])
}

/// Returns the fingerprint of the refresh token with this number.
pub fn fingerprint(number: u8) -> RefreshFingerprint {
    RefreshFingerprint([number; 32])
}

/// Returns the record of generation `number`, with the refresh token of that number. Its body is
/// `body s3cr3t <number>`.
pub fn record(number: u8) -> Record {
    Record::new(
        fingerprint(number),
        Generation::new(number.into()),
        Secret::from(format!("body s3cr3t {number}")),
    )
}

/// Returns the condition of a commit that replaces the token with the refresh token `parent`.
pub fn child_of(parent: u8) -> CommitCondition {
    CommitCondition::ParentIs(fingerprint(parent))
}

/// Returns the intent of owner `by` to send the refresh token with number `spends`.
pub fn intent(by: u8, spends: u8) -> Intent {
    Intent {
        owner: owner(by),
        fingerprint: Some(fingerprint(spends)),
        generation: Generation::new(spends.into()),
    }
}
