//! pools.md

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::serving::Serving;

/// A customer's profile, the sidecar, a client, a login, devices' profile, and the check.
fn blocks() -> [Block; 6] {
    chapter::blocks("pools.md", ["toml", "sh", "sh", "sh", "toml", "sh"])
}

/// Returns a user with the pool of this block, and the customer `acme`.
async fn with_pool(block: &Block) -> Billing {
    let billing = Billing::start().await;
    let text = billing.made_real(block).text;
    billing.write(".config/vendor-auth/config.toml", &text, 0o600);
    let grant = billing.server.grant();
    let refresh = grant.refresh_token().unwrap();
    billing.write(".config/vendor-auth/customers/acme", refresh, 0o600);
    billing
}

#[tokio::test]
async fn a_client_gets_the_token_of_a_customer_and_no_other_name_has_one() {
    let [customers, sidecar, client, login, _, check] = blocks();
    let billing = with_pool(&customers).await;
    std::fs::create_dir(billing.home.path("run")).unwrap();
    let directory = billing.home.path("run").display().to_string();
    let real = |block: &Block| block.with("/run/vendor-auth", &directory);
    let mut serving = Serving::start(&billing, &real(&sidecar));
    serving.line_with("listening on unix:");
    let ran = billing.run("bash", &real(&client).text);
    assert!(ran.ok().starts_with("{\"access_token\":"), "{ran:?}");
    let ran = billing.run("bash", &real(&check).text);
    assert!(
        ran.ok().contains("customers: 1 accounts in memory"),
        "{ran:?}"
    );
    assert!(ran.ok().contains("customers/acme: valid"), "{ran:?}");
    let other = real(&client).with("customers/acme", "customers/other");
    billing.run("bash", &other.text).failed(22);
    assert_eq!(billing.server.exchange_count(), 1);
    // The refresh token begins the grant, as the chapter says.
    let ran = billing.run("bash", &login.text);
    assert!(
        ran.failed(64).contains("a refresh token begins this grant"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn each_device_logs_in_with_its_own_secret() {
    let [.., devices, _] = blocks();
    let server = token_sim::QuectelSaasServer::start().await.unwrap();
    let billing = Billing::start().await;
    let text = devices
        .with(
            "region = \"europe\"",
            &format!("url = \"{}\"\nallow_plain_http = true", server.url("")),
        )
        .text;
    billing.write(".config/vendor-auth/config.toml", &text, 0o600);
    let secret = format!(".config/vendor-auth/devices/{}", server.access_key());
    billing.write(&secret, server.access_secret(), 0o600);
    let name = format!("devices/{}", server.access_key());
    billing.run("sh", &format!("vendor-auth token {name}")).ok();
    let ran = billing.run("sh", "vendor-auth token devices/other");
    assert!(ran.failed(78).contains("devices/other"), "{ran:?}");
}
