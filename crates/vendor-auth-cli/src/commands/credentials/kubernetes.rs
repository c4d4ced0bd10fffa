//! Kubernetes' exec plugins (`client.authentication.k8s.io`).

use serde::Deserialize;
use serde_json::json;
use vendor_auth::Secret;
use vendor_auth::types::{Timestamp, TokenPlacement};

use super::{is_allowed, not_allowed};
use crate::api_headers::not_carried;
use crate::commands::token::print;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::{Grant, Wanted};

/// The variable with which a client says what it understands.
const VARIABLE: &str = "KUBERNETES_EXEC_INFO";

/// The versions, of which the first is taken if the client says nothing.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// What a client says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: Option<String>,
    #[serde(default)]
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
struct Spec {
    /// Only with `provideClusterInfo: true`.
    cluster: Option<Cluster>,
}

#[derive(Debug, Deserialize)]
struct Cluster {
    server: String,
}

pub(super) async fn run(config: &Config, profile: &Profile) -> Result<(), Failure> {
    let asked = question()?;
    let version = version(asked.api_version.as_deref())?;
    if let Some(Cluster { server }) = &asked.spec.cluster
        && !is_allowed(config, profile, server)?
    {
        return Err(not_allowed(config, profile, server));
    }
    let (token, _grant) = Grant::token(config, profile, Wanted::default()).await?;
    if *token.placement() != TokenPlacement::Bearer {
        let what = "Kubernetes' clients cannot send; they send Authorization: Bearer only";
        return Err(not_carried(&profile.name, &token, what));
    }
    let mut status = json!({ "token": token.access().expose() });
    if let (Some(end), Some(status)) = (token.validity().ends(), status.as_object_mut()) {
        status.insert("expirationTimestamp".to_owned(), json!(in_seconds(end)));
    }
    let answer = json!({ "apiVersion": version, "kind": "ExecCredential", "status": status });
    print(&Secret::from(format!("{answer}\n")))
}

fn question() -> Result<ExecCredential, Failure> {
    let Some(text) = std::env::var_os(VARIABLE) else {
        return Ok(ExecCredential::default());
    };
    let text = text.to_str().unwrap_or_default();
    serde_json::from_str(text).map_err(|_| {
        Failure::usage(format!(
            "{VARIABLE} is not an ExecCredential in JSON; a client of Kubernetes sets it"
        ))
    })
}

fn version(asked: Option<&str>) -> Result<&str, Failure> {
    let [default, _] = VERSIONS;
    let asked = asked.unwrap_or(default);
    match VERSIONS.contains(&asked) {
        true => Ok(asked),
        false => Err(Failure::usage(format!(
            "{VARIABLE} asks for apiVersion `{asked}`; write {} in the kubeconfig's exec section",
            VERSIONS.join(" or ")
        ))),
    }
}

/// Returns RFC 3339 without a fraction, as Kubernetes writes times.
fn in_seconds(at: Timestamp) -> String {
    Timestamp::from_unix_seconds(at.unix_seconds()).to_string()
}
