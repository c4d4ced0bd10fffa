//! Bazel's credential helpers (github.com/EngFlow/credential-helper-spec).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use vendor_auth::types::reexports::http::{Method, Uri};
use vendor_auth::types::{Timestamp, TokenPlacement};
use vendor_auth::{Secret, Token};

use super::{is_allowed, not_allowed, read_question};
use crate::api_headers::{ApiHeaders, not_carried};
use crate::commands::token::print;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::{self, Grant, Wanted};

/// How long the signature of a request is used again. The vendor does not say how old it may be.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// The schemes of gRPC, and those of the same origins.
const SCHEMES: [(&str, &str); 2] = [("grpcs://", "https://"), ("grpc://", "http://")];

#[derive(Deserialize)]
struct Question {
    uri: String,
}

pub(super) async fn run(
    config: &Config,
    profile: &Profile,
    operation: Option<&str>,
) -> Result<(), Failure> {
    if operation != Some("get") {
        return Err(Failure::usage(format!(
            "Bazel appends `get`, the only operation; write --credential_helper=HOST=SCRIPT, with \
             `exec vendor-auth helper --protocol bazel {} \"$@\"` in the script",
            profile.name
        )));
    }
    let uri = asked_for()?;
    if !is_allowed(config, profile, &uri)? {
        return Err(not_allowed(config, profile, &uri));
    }
    let (token, _grant) = Grant::token(config, profile, Wanted::default()).await?;
    let answer = match profile.vendor.signs_requests() {
        true => signed(config, profile, &token, &uri)?,
        false => unsigned(profile, &token)?,
    };
    print(&Secret::from(format!("{answer}\n")))
}

/// Returns the URI, with `https` for gRPC over TLS.
fn asked_for() -> Result<String, Failure> {
    let text = read_question()?;
    let question: Question = serde_json::from_str(text.expose()).map_err(|_| {
        Failure::usage("standard input is not {\"uri\": \"https://…\"}, as Bazel sends it")
    })?;
    let same = SCHEMES.iter().find_map(|(scheme, of_origin)| {
        let rest = question.uri.strip_prefix(scheme)?;
        Some(format!("{of_origin}{rest}"))
    });
    Ok(same.unwrap_or(question.uri))
}

fn unsigned(profile: &Profile, token: &Token) -> Result<Value, Failure> {
    let headers = ApiHeaders::of(token);
    if headers.is_empty() {
        let what = "Bazel cannot send; it sends headers only";
        return Err(not_carried(&profile.name, token, what));
    }
    Ok(answer(&headers, token.validity().ends()))
}

/// Returns headers that are good for a GET of this URI. Of another request, such as one of gRPC,
/// Bazel does not tell the body, so that it cannot be signed.
fn signed(config: &Config, profile: &Profile, token: &Token, uri: &str) -> Result<Value, Failure> {
    let uri: Uri = uri.parse().map_err(|_| not_allowed(config, profile, uri))?;
    let headers = ApiHeaders::signed(config, profile, token, Method::GET, &uri)?;
    if matches!(
        token.placement(),
        TokenPlacement::Query(_) | TokenPlacement::Form(_)
    ) {
        let what = "Bazel cannot send; it sends headers only";
        return Err(not_carried(&profile.name, token, what));
    }
    let end = grant::now().after(SIGNED_FOR);
    Ok(answer(
        &headers,
        Some(end.min(token.validity().expires_at())),
    ))
}

fn answer(headers: &ApiHeaders, end: Option<Timestamp>) -> Value {
    let headers = headers.iter().map(|(name, value)| {
        let values = json!([value.expose()]);
        (name.to_owned(), values)
    });
    let mut answer = json!({ "headers": headers.collect::<Map<_, _>>() });
    if let (Some(end), Some(answer)) = (end, answer.as_object_mut()) {
        answer.insert("expires".to_owned(), json!(end.to_string()));
    }
    answer
}
