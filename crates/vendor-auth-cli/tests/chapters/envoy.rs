//! envoy.md

use crate::billing::Billing;
use crate::chapter;
use crate::programs::yaml;
use crate::serving::Serving;

#[tokio::test]
async fn the_file_for_envoy_has_the_secret_that_the_filter_names_as_python_reads_both() {
    let [line, filters, check, _statistics] =
        chapter::blocks("envoy.md", ["sh", "yaml", "sh", "console"]);
    let billing = Billing::start().await;
    std::fs::create_dir(billing.home.path("run")).unwrap();
    let directory = billing.home.path("run").display().to_string();
    let line = line.with("/run/vendor-auth", &directory);
    let _serving = Serving::with_hook(&billing, &line).written();

    let filters = yaml(&filters.with("/run/vendor-auth", &directory).text);
    let credential = &filters[0][0]["typed_config"]["credential"]["typed_config"]["credential"];
    let source = &credential["sds_config"]["path_config_source"];
    assert_eq!(source["watched_directory"]["path"], directory);
    let file = std::fs::read_to_string(source["path"].as_str().unwrap()).unwrap();
    let secret = &yaml(&file)[0]["resources"][0];
    assert_eq!(secret["name"], credential["name"]);
    let token = billing.run("sh", "vendor-auth token billing");
    assert_eq!(
        secret["generic_secret"]["secret"]["inline_string"],
        format!("Bearer {}", token.ok().trim_end())
    );
    let check = check.with("/run/vendor-auth", &directory);
    assert_eq!(billing.run("sh", &check.text).ok(), "1\n");
}
