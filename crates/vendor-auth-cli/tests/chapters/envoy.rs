//! envoy.md

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::programs::{program, yaml};
use crate::serving::Serving;

/// What is around the blocks of the chapter.
const BEFORE: &str = r#"
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: api
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: api
          route_config: {virtual_hosts: [{name: api, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: api}}]}]}
          http_filters:
"#;
const AFTER: &str = r"
  clusters:
  - name: api
    type: STATIC
    load_assignment: {cluster_name: api, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]}
";

/// How often a request is sent until Envoy has read a new file.
const REQUESTS: usize = 2_000;

/// A real Envoy, which is killed when dropped.
struct Envoy {
    process: Child,
    admin: String,
}

impl Envoy {
    /// Starts it, or returns what it complains about.
    fn start(billing: &Billing, node: &str, filters: &str) -> Result<Self, String> {
        let filters: String = filters
            .lines()
            .map(|line| format!("          {line}\n"))
            .collect();
        let base = billing.server.base_url();
        let after = AFTER.replace("PORT", base.rsplit(':').next().unwrap());
        let text = format!("{node}{BEFORE}{filters}{after}");
        billing.write("envoy/envoy.yaml", &text, 0o600);
        let admin = billing.home.path("envoy/admin");
        let mut process = Command::new(program("envoy"))
            .args(["--use-dynamic-base-id", "--concurrency", "1", "-c"])
            .arg(billing.home.path("envoy/envoy.yaml"))
            .arg("--admin-address-path")
            .arg(&admin)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        while log.read_line(&mut said).unwrap() > 0 {
            if said.contains("starting main dispatch loop") {
                // Else it waits for somebody to read what it writes.
                std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
                let admin = fs::read_to_string(admin).unwrap();
                return Ok(Self { process, admin });
            }
        }
        process.wait().unwrap();
        Err(said)
    }

    /// Returns the URL of the API as Envoy's clients see it.
    fn api_url(&self, billing: &Billing) -> String {
        let listeners = format!("curl -fsS http://{}/listeners", self.admin);
        let listeners = billing.run("sh", &listeners);
        let address = listeners.ok().trim().split("::").nth(1).unwrap().to_owned();
        let (base, api) = (billing.server.base_url(), billing.api_url());
        api.replace(&base, &format!("http://{address}"))
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The blocks of the chapter, with a directory of this user.
fn blocks(billing: &Billing) -> [Block; 4] {
    let blocks = chapter::blocks("envoy.md", ["sh", "yaml", "yaml", "sh"]);
    fs::create_dir_all(billing.home.path("run")).unwrap();
    let directory = billing.home.path("run").display().to_string();
    blocks.map(|block| Block {
        text: block.text.replace("/run/vendor-auth", &directory),
        ..block
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_real_envoy_adds_the_token_and_then_the_next_one() {
    let billing = Billing::start().await;
    let [line, node, filters, check] = blocks(&billing);
    let serving = Serving::with_hook(&billing, &line).written();
    let envoy = Envoy::start(&billing, &node.text, &filters.text).unwrap();
    let url = envoy.api_url(&billing);
    let ran = billing.run("sh", &format!("curl -fsS {url}"));
    assert!(ran.ok().contains(billing.server.client_id()), "{ran:?}");
    let check = check.with("localhost:9901", &envoy.admin);
    let ran = billing.run("sh", &check.text);
    assert!(ran.ok().starts_with("1\n"), "{ran:?}");
    assert!(
        ran.stdout.contains("credential_injector.injected: 1\n"),
        "{ran:?}"
    );

    drop(serving);
    billing.server.revoke_access_token();
    billing.run("sh", "vendor-auth token billing --force").ok();
    let once = format!("{} --once", line.text.trim_end());
    assert_eq!(billing.run("sh", &once).code, 0);
    let again =
        format!("for _ in $(seq {REQUESTS}); do curl -fsS {url} 2>&- && exit; done; exit 1");
    assert_eq!(billing.run("sh", &again).code, 0);
}

#[tokio::test]
async fn envoy_complains_as_the_chapter_says() {
    let billing = Billing::start().await;
    let [line, node, filters, _] = blocks(&billing);
    let complaint = |node: &str| match Envoy::start(&billing, node, &filters.text) {
        Ok(_) => panic!("it starts"),
        Err(complaint) => complaint,
    };
    let text = chapter::read("envoy.md");
    let missing = "paths must refer to an existing path";
    assert!(text.contains(missing) && complaint(&node.text).contains(missing));
    let _serving = Serving::with_hook(&billing, &line).written();
    let nameless = "node 'id' and 'cluster' are required";
    assert!(text.contains(nameless) && complaint("").contains(nameless));
}

#[tokio::test]
async fn the_file_for_envoy_has_the_secret_that_the_filter_names_as_python_reads_both() {
    let billing = Billing::start().await;
    let [line, _, filters, _] = blocks(&billing);
    let _serving = Serving::with_hook(&billing, &line).written();
    let filters = yaml(&filters.text);
    let credential = &filters[0][0]["typed_config"]["credential"]["typed_config"]["credential"];
    let source = &credential["sds_config"]["path_config_source"];
    let file = fs::read_to_string(source["path"].as_str().unwrap()).unwrap();
    let secret = &yaml(&file)[0]["resources"][0];
    assert_eq!(secret["name"], credential["name"]);
    let token = billing.run("sh", "vendor-auth token billing");
    assert_eq!(
        secret["generic_secret"]["secret"]["inline_string"],
        format!("Bearer {}", token.ok().trim_end())
    );
}
