//! What is told of a pool with many accounts.

use std::collections::BTreeSet;
use std::fs;

use token_sim::OAuth2Server;

use super::stores::{in_redis, redis};
use super::{accounts, home_of, with_accounts};
use crate::serve::process::{Client, Serving};
use crate::stores::over;

/// Asks for all these accounts, some at a time, and returns how many got a token.
fn ask_for_all(client: &Client, names: &[String]) -> usize {
    std::thread::scope(|scope| {
        let parts = names.chunks(names.len().div_ceil(8));
        let asking: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || {
                    let answers = part.iter();
                    let answers = answers.map(|it| client.get(&format!("/token/tenants/{it}")));
                    answers.filter(|answer| answer.status == 200).count()
                })
            })
            .collect();
        asking.into_iter().map(|part| part.join().unwrap()).sum()
    })
}

/// Returns the names of the metrics with their labels.
fn series(metrics: &str) -> BTreeSet<&str> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| Some(line.rsplit_once(' ')?.0))
        .collect()
}

#[tokio::test]
async fn a_thousand_accounts_are_counted_and_not_listed() {
    let server = OAuth2Server::start().await.unwrap();
    // Files are synchronized with the disk for each token.
    let redis = redis();
    let home = over(
        home_of(&server, "max_in_memory = 5000\n"),
        &in_redis(&redis),
    );
    let names = accounts(1_000);
    let (gone, good) = names.split_at(30);
    with_accounts(&home, &server, good);
    for name in gone {
        fs::write(home.path(&format!("tenants/{name}")), "revoked").unwrap();
    }
    let serving = Serving::on_a_port(&home, &[]);
    let client = serving.client();
    assert_eq!(ask_for_all(&client, &names[..31]), 1);
    let few = serving.get("/metrics").body;
    assert_eq!(ask_for_all(&client, &names), good.len());
    assert_eq!(server.exchange_count(), names.len());

    let metrics = serving.get("/metrics").body;
    for (gauge, count) in [("in_memory", 1_000), ("logins_needed", 30), ("failing", 30)] {
        let line = format!("vendor_auth_pool_{gauge}{{pool=\"tenants\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
        let of_all = format!("vendor_auth_pool_accounts{{state=\"{gauge}\"}} {count}\n");
        assert!(metrics.contains(&of_all), "{of_all} in {metrics}");
    }
    assert!(metrics.contains("vendor_auth_pool_evicted_total{pool=\"tenants\"} 0\n"));
    assert!(!metrics.contains("acme"), "{metrics}");
    // More accounts are no more series.
    assert_eq!(series(&metrics), series(&few));

    let ready = serving.get("/readyz");
    assert_eq!(ready.status, 200);
    let lines: Vec<_> = ready.body.lines().collect();
    let line = "1000 accounts in memory, 0 at work, 30 failing, 30 must log in again, 0 evicted";
    assert_eq!(lines[..2], ["ok", &format!("tenants: {line}")]);
    assert_eq!(lines[22..], ["tenants: 10 more must log in again"]);
    assert_eq!(serving.get("/healthz").body, "ok\n");

    let page = serving.get("/").body;
    assert!(page.contains(line), "{page}");
    assert_eq!(page.matches("tenants/acme-").count(), 2 * 20);
    // `login` is not for an account that begins with a refresh token.
    assert!(!page.contains("vendor-auth login"), "{page}");
    assert!(page.contains("(the file ~/tenants/acme-"), "{page}");
    assert!(page.contains("10 more"), "{page}");
    assert!(page.len() < 16_000, "{}", page.len());

    let status = home.run(&["status", "--offline"]);
    assert_eq!(status.ok().lines().count(), 1, "{status:?}");
}
