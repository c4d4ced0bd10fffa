//! kubernetes.md

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;
use crate::programs::{program, yaml};
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

#[test]
fn the_secret_of_the_pod_is_the_one_that_kubectl_makes() {
    let [_, manifest, create, _] = chapter::blocks("kubernetes.md", LANGUAGES);
    let volumes = yaml(&manifest.text)[1]["spec"]["volumes"].clone();
    let [create, apply] = commands(&create);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("billing-secret"), "s3cret").unwrap();
    let (name, arguments) = create.split_first().unwrap();
    let mut kubectl = Command::new(program(name));
    kubectl
        .args(arguments)
        .args(["--dry-run=client", "-o", "yaml"]);
    let made = Ran::of(&kubectl.current_dir(&directory).output().unwrap());
    let secret = yaml(made.ok());
    assert_eq!(secret[0]["kind"], "Secret");
    assert_eq!(
        secret[0]["metadata"]["name"],
        volumes[1]["secret"]["secretName"]
    );
    // The configuration reads /credentials/billing-secret.
    assert_eq!(secret[0]["data"]["billing-secret"], "czNjcmV0");
    assert!(manifest.text.starts_with(&format!("# {}\n", apply[3])));
}

#[test]
fn the_checks_ask_the_sidecar_of_the_pod_and_kubectl_knows_their_options() {
    let [_, manifest, _, check] = chapter::blocks("kubernetes.md", LANGUAGES);
    let pod = yaml(&manifest.text)[1].clone();
    let sidecar = &pod["spec"]["initContainers"][0]["name"];
    for command in commands::<2>(&check) {
        assert_eq!(command[2], pod["metadata"]["name"]);
        assert_eq!((&*command[3], &Value::from(&*command[4])), ("-c", sidecar));
        // It takes the options, and finds no cluster.
        let mut kubectl = Command::new(program(&command[0]));
        kubectl.args(["--server", "http://127.0.0.1:1", "--request-timeout", "1s"]);
        let ran = Ran::of(&kubectl.args(&command[1..]).output().unwrap());
        assert!(ran.failed(1).contains("127.0.0.1:1"), "{ran:?}");
    }
    let probe = list(&pod["spec"]["initContainers"][0]["startupProbe"]["exec"]["command"]).to_vec();
    let [_, exec] = commands(&check);
    assert_eq!(exec[6..], probe[..exec.len() - 6], "without --offline");
}

/// Returns the commands of a block for a terminal, as words.
fn commands<const N: usize>(block: &Block) -> [Vec<String>; N] {
    let lines = block.text.lines();
    let lines = lines.map(|line| line.strip_prefix("$ ").unwrap());
    let words = lines.map(|line| line.split(' ').map(str::to_owned).collect());
    words.collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn the_image_has_the_command_where_its_entry_point_and_the_probe_find_it() {
    let [dockerfile, manifest, ..] = chapter::blocks("kubernetes.md", LANGUAGES);
    let lines = dockerfile.text.lines().skip(1);
    let lines: Vec<Vec<_>> = lines.map(|line| line.split(' ').collect()).collect();
    let [build, install, image, copy, entry] = &*lines else {
        panic!("{lines:?}");
    };
    let ["FROM", rust, "AS", stage] = **build else {
        panic!("{build:?}");
    };
    let [
        "RUN",
        "cargo",
        "install",
        "--locked",
        "--root",
        root,
        package,
    ] = **install
    else {
        panic!("{install:?}");
    };
    assert_eq!(package, env!("CARGO_PKG_NAME"));
    // What is built for one Debian runs on the same.
    assert!(rust.ends_with("-bookworm") && image[1].contains("debian12"));
    let from = format!("--from={stage}");
    let built = format!("{root}/bin/vendor-auth");
    assert_eq!(
        **copy,
        ["COPY", &*from, &*built, "/usr/local/bin/vendor-auth"]
    );
    assert_eq!(**entry, ["ENTRYPOINT", "[\"vendor-auth\"]"]);
    // The image's user is the pod's.
    assert!(image[1].ends_with(":nonroot") && manifest.text.contains("runAsUser: 65532"));
}
