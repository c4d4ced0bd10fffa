#![cfg_attr(any(not(doctest), feature = "client"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod as_issued;
mod region;
mod reply;
mod sign;

/// The SaaS API: a program that holds an AccessKey and an AccessSecret.
///
/// Pages: "OpenAPI Access Instructions", `/saasDevelop/OpenAPI/API_accessInstruction`, and "Refresh
/// Token", `/v2/quecauth/accessKeyAuthrize/refreshToken`, both on iot-docs.acceleronix.io.
/// "Authrize" is the vendor's spelling.
pub mod access_key {
    mod amqp;
    mod codes;
    mod config;
    mod endpoint;
    mod judge;
    mod wire;

    pub use amqp::AmqpLogin;
    pub use config::{AccessKey, AccessKeyBuilder};
}

/// The app API: a person who signs in to an app with an email address or a phone number.
///
/// Pages: "Email Password Login", "Phone Number and Password Login", "Refresh Token" and "User
/// Logout", `/v2/enduser/enduserapi/…`, all under `/appDevelop/OpenAPI` on iot-docs.acceleronix.io.
pub mod end_user {
    mod codes;
    mod config;
    mod endpoint;
    mod judge;
    mod login;
    mod wire;

    pub use crate::sign::sms_signature;
    pub use config::{EndUser, EndUserBuilder, Parameters};
}

pub use access_key::{AccessKey, AccessKeyBuilder, AmqpLogin};
pub use end_user::{EndUser, EndUserBuilder, Parameters};
pub use region::Region;

/// The types and traits of this crate's API.
pub use token_core;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_reqwest::IntoClient;

/// The cache that `IntoClient::into_cache` returns.
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_cache;

/// The HTTP client of that cache, and its builder.
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use token_reqwest;
