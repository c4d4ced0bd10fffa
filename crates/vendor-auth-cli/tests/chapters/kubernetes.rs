//! kubernetes.md

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::programs::yaml;
use crate::serving::Serving;

const LANGUAGES: [&str; 4] = ["dockerfile", "yaml", "console", "console"];

/// The fields that the pod uses, as the API reference of Kubernetes 1.29 has them: an object, and
/// the names in it.
const FIELDS: [(&str, &str); 9] = [
    ("pod", "apiVersion kind metadata spec"),
    (
        "spec",
        "automountServiceAccountToken containers initContainers securityContext volumes",
    ),
    (
        "spec/securityContext",
        "fsGroup runAsGroup runAsNonRoot runAsUser seccompProfile",
    ),
    (
        "container",
        "args env image name resources restartPolicy securityContext startupProbe volumeMounts",
    ),
    (
        "container/securityContext",
        "allowPrivilegeEscalation capabilities readOnlyRootFilesystem",
    ),
    (
        "container/startupProbe",
        "exec failureThreshold periodSeconds",
    ),
    ("container/resources", "limits requests"),
    ("volumeMount", "mountPath name readOnly"),
    ("volume", "configMap emptyDir name secret"),
];

#[track_caller]
fn assert_known(what: &str, object: &Value) {
    let (_, known) = FIELDS.into_iter().find(|(name, _)| *name == what).unwrap();
    let known: BTreeSet<_> = known.split(' ').collect();
    let Some(fields) = object.as_object() else {
        return assert!(object.is_null(), "{what}: {object}");
    };
    for name in fields.keys() {
        assert!(known.contains(&**name), "{what}: {name}");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_fields_of_the_pod_are_those_of_kubernetes_and_its_mounts_name_its_volumes() {
    let [_, manifest, ..] = chapter::blocks("kubernetes.md", LANGUAGES);
    let documents = yaml(&manifest.text);
    let (map, pod) = (&documents[0], &documents[1]);
    let spec = &pod["spec"];
    assert_known("pod", pod);
    assert_known("spec", spec);
    assert_known("spec/securityContext", &spec["securityContext"]);
    let volumes = list(&spec["volumes"]);
    volumes
        .iter()
        .for_each(|volume| assert_known("volume", volume));
    let names: Vec<_> = volumes.iter().map(|volume| &volume["name"]).collect();
    let containers = list(&spec["initContainers"]).iter();
    for container in containers.chain(list(&spec["containers"])) {
        assert_known("container", container);
        for part in ["securityContext", "startupProbe", "resources"] {
            assert_known(&format!("container/{part}"), &container[part]);
        }
        for mount in list(&container["volumeMounts"]) {
            assert_known("volumeMount", mount);
            assert!(names.contains(&&mount["name"]), "{mount}");
        }
    }
    assert_eq!(volumes[0]["configMap"]["name"], map["metadata"]["name"]);
    assert_eq!(volumes[1]["secret"]["secretName"], "billing-secret");
    for volume in &volumes[2..] {
        assert_eq!(volume["emptyDir"]["medium"], "Memory", "{volume}");
    }
}

#[tokio::test]
async fn the_arguments_of_the_sidecar_write_the_file_and_its_probe_passes() {
    let [_, manifest, ..] = chapter::blocks("kubernetes.md", LANGUAGES);
    let documents = yaml(&manifest.text);
    let billing = Billing::start().await;
    let real = |text: &str| {
        let mut text = text.to_owned();
        for directory in ["config", "credentials", "state", "tokens"] {
            let path = billing.home.path(directory);
            std::fs::create_dir_all(&path).unwrap();
            // As the volumes of a pod.
            std::fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
            for before in ["=", ":", "\""] {
                let example = format!("{before}/{directory}");
                text = text.replace(&example, &format!("{before}{}", path.display()));
            }
        }
        text
    };
    let config = documents[0]["data"]["config.toml"].as_str().unwrap();
    let config = Block {
        language: String::new(),
        text: real(config),
    };
    billing.write(
        "config/config.toml",
        &billing.made_real(&config).text,
        0o644,
    );
    let secret = billing.server.client_secret();
    billing.write("credentials/billing-secret", secret, 0o400);

    let sidecar = &documents[1]["spec"]["initContainers"][0];
    let words = |value: &Value| {
        let words = list(value).iter().filter_map(Value::as_str);
        real(&words.collect::<Vec<_>>().join(" "))
    };
    let line = Block {
        language: String::new(),
        text: format!("vendor-auth {}", words(&sidecar["args"])),
    };
    let probe = words(&sidecar["startupProbe"]["exec"]["command"]);
    assert_ne!(billing.run("sh", &probe).code, 0, "there is no token yet");
    let _serving = Serving::with_hook(&billing, &line).written();
    billing.run("sh", &probe).ok();
    let container = &documents[1]["spec"]["containers"][0];
    let file = container["env"][0]["value"].as_str().unwrap();
    let file = std::fs::read_to_string(billing.home.path(file.trim_start_matches('/')));
    assert!(file.unwrap().contains("\"access_token\""));
}
