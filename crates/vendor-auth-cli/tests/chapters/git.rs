//! git.md

use crate::billing::Billing;
use crate::chapter;
use crate::programs::program;
use crate::repository::Repository;

#[tokio::test]
async fn a_real_git_clones_with_the_configuration_of_the_chapter() {
    let [config, check] = chapter::blocks("git.md", ["gitconfig", "sh"]);
    let billing = Billing::start().await;
    let repository = Repository::start(&program("git"), billing.api_url());
    let url = repository.server.url("");
    let profile = std::fs::read_to_string(billing.home.config_path()).unwrap();
    let own = format!("\"{}\"]", billing.server.base_url());
    let both = format!("\"{}\", \"{url}\"]", billing.server.base_url());
    assert!(profile.contains(&own), "{profile}");
    billing.write(
        ".config/vendor-auth/config.toml",
        &profile.replace(&own, &both),
        0o600,
    );
    let config = config.with("https://git.example.com", &url);
    billing.write(".gitconfig", &config.text, 0o600);

    let cloned = billing.run("sh", &format!("git clone -q {url}/demo.git copy"));
    assert_eq!(cloned.code, 0, "{cloned:?}");
    let file = std::fs::read_to_string(billing.home.path("copy/file")).unwrap();
    assert_eq!(file, "hello\n");
    let check = check.with("protocol=https", "protocol=http");
    let check = check.with("git.example.com", url.trim_start_matches("http://"));
    let checked = billing.run("sh", &check.text);
    assert!(
        checked.ok().starts_with("password_expiry_utc="),
        "{checked:?}"
    );

    billing.server.revoke_access_token();
    let fetch = || billing.run("sh", "git -C copy fetch -q");
    assert!(fetch().stderr.contains("has been replaced; try again"));
    assert_eq!(fetch().code, 0);

    let secret = ".config/vendor-auth/billing-secret";
    billing.write(secret, "wrong", 0o600);
    std::fs::remove_dir_all(billing.home.path(".local/state/vendor-auth")).unwrap();
    let refused = fetch();
    assert!(refused.stderr.contains("told us to quit"), "{refused:?}");
}
