//! A request to a vendor's API with the token, and what its answer says about the token.

pub(crate) mod body;
mod challenge;
pub(crate) mod origin;
pub(crate) mod verdict;
