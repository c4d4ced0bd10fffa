//! One file for each crate that is compared.

mod aliri;
mod aws;
mod azure_identity;
pub mod by_hand;
mod entelix;
mod gcp_auth;
mod google_cloud_auth;
mod huskarl;
mod limits;
mod middle;
mod oauth2;
mod object_store;
mod ours;
mod pool;
mod reqsign;
mod yup_oauth2;

use crate::peer::{Entry, Kind};

/// Returns everything that is measured, in the order of the tables.
pub fn all() -> Vec<Entry> {
    vec![
        Entry::of::<ours::Ours>(),
        Entry::of::<pool::Pool>(),
        Entry::of::<aliri::Aliri>(),
        Entry::of::<middle::Middle>(),
        Entry::of::<entelix::Entelix>(),
        Entry::of::<object_store::ObjectStore>(),
        Entry::of::<huskarl::Huskarl>(),
        Entry::of::<gcp_auth::GcpAuth>(),
        Entry::of::<yup_oauth2::YupOAuth2>(),
        Entry::of::<google_cloud_auth::GoogleCloudAuth>(),
        Entry::of::<azure_identity::AzureIdentity>(),
        Entry::of::<aws::Aws>(),
        Entry::of::<reqsign::Reqsign>(),
        Entry::of::<oauth2::OAuth2>(),
        Entry::of::<by_hand::ByHand>(),
        Entry::of::<limits::GuardAndClock>(),
        Entry::of::<limits::PerThread>(),
    ]
}

/// Returns those that keep one token, and so neither the pool nor the limits.
pub fn real() -> Vec<Entry> {
    let mut entries = all();
    entries.retain(|entry| !matches!(entry.about.kind, Kind::OurPool | Kind::Limit));
    entries
}
