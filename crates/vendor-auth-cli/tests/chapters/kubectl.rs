//! kubectl.md

use token_sim::{OAuth2Server, Tls};

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::programs::{program, yaml};

#[tokio::test]
async fn a_real_kubectl_gets_in_with_the_kubeconfig_of_the_chapter() {
    let [kubeconfig, check] = chapter::blocks("kubectl.md", ["yaml", "sh"]);
    let tls = Tls::new().unwrap();
    let authority = tls.ca_pem().to_owned();
    let server = OAuth2Server::builder().tls(tls).start().await.unwrap();
    let billing = Billing::at(server, "\n[http]\nca_file = \"~/ca.pem\"\n");
    billing.write("ca.pem", &authority, 0o644);
    // The cluster is the vendor here, which gets the token without being in `api_urls`.
    let url = billing.server.base_url();
    let kubeconfig = kubeconfig.with("https://kubernetes.example.com", &url);
    assert_eq!(yaml(&kubeconfig.text)[0]["kind"], "Config");
    billing.write(
        ".kube/config",
        &version_of_this_kubectl(&billing, kubeconfig).text,
        0o600,
    );
    billing.write(".kube/kubernetes-ca.pem", &authority, 0o644);

    let check = check.with("/version", "/resource");
    let ran = billing.run("bash", &check.text);
    assert!(ran.ok().contains(r#""token":"…""#), "{ran:?}");
    assert!(ran.ok().contains(billing.server.client_id()), "{ran:?}");
    assert_eq!(billing.server.exchange_count(), 1);

    billing.write(".config/vendor-auth/billing-secret", "wrong", 0o600);
    std::fs::remove_dir_all(billing.home.path(".local/state/vendor-auth")).unwrap();
    let refused = billing.run("bash", "kubectl get --raw /resource");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("vendor-auth: billing: "),
        "{refused:?}"
    );
}

/// `v1` came with 1.22, and Debian 12 has 1.20.
fn version_of_this_kubectl(billing: &Billing, kubeconfig: Block) -> Block {
    let kubectl = program("kubectl").display().to_string();
    let version = billing.run("sh", &format!("{kubectl} version --client -o yaml"));
    let version = yaml(&version.stdout);
    let minor = version.pointer("/0/clientVersion/minor").unwrap();
    let minor = minor.as_str().unwrap().trim_end_matches('+');
    match minor.parse::<u32>().unwrap() {
        ..22 => kubeconfig.with(
            "client.authentication.k8s.io/v1",
            "client.authentication.k8s.io/v1beta1",
        ),
        _ => kubeconfig,
    }
}
