//! The SaaS API: a program that holds an AccessKey and an AccessSecret.
//!
//! Pages: "OpenAPI Access Instructions", `/saasDevelop/OpenAPI/API_accessInstruction`, and "Refresh Token",
//! `/v2/quecauth/accessKeyAuthrize/refreshToken`, both on iot-docs.acceleronix.io. "Authrize" is the vendor's spelling.

mod codes;
mod config;
mod endpoint;
mod sign;
mod wire;

pub use config::AccessKeyBuilder;
pub use endpoint::AccessKey;
