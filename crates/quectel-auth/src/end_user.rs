//! The app API: a person who signs in to an app with an email address or a phone number.
//!
//! Pages: "Email Password Login", "Phone Number and Password Login", "Refresh Token" and "User Logout",
//! `/v2/enduser/enduserapi/…`, all under `/appDevelop/OpenAPI` on iot-docs.acceleronix.io.

mod codes;
mod config;
mod endpoint;
mod sign;
mod wire;

pub use config::{EndUserBuilder, Parameters};
pub use endpoint::EndUser;
pub use sign::sms_signature;
