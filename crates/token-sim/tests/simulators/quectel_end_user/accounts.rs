//! Refusals of wrong passwords, domains and accounts.

use super::*;

// FAULTS.md row 45
#[tokio::test]
async fn the_account_is_frozen_after_five_wrong_passwords() {
    let sim = sim().await;
    for code in [5586, 5585, 5584, 5583, 5147] {
        assert_eq!(code_of(&sim, "wrong").await, code);
    }
    assert_eq!(code_of(&sim, "abcd1234").await, 5147);
    sim.clock().advance(Duration::from_secs(20 * 60));
    assert_eq!(code_of(&sim, "abcd1234").await, 200);
    assert_eq!(code_of(&sim, "wrong").await, 5586);
}

// FAULTS.md row 45
#[tokio::test]
async fn an_account_may_be_frozen_or_blocked_by_the_test() {
    let sim = sim().await;
    sim.freeze_account();
    assert_eq!(code_of(&sim, "abcd1234").await, 5147);
    sim.block_account();
    assert_eq!(code_of(&sim, "abcd1234").await, 5325);
    sim.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(code_of(&sim, "abcd1234").await, 200);
}

#[tokio::test]
async fn a_login_is_refused_for_its_reason() {
    let sim = sim().await;
    let all = [
        ("email", "a@b.c"),
        ("pwd", "x"),
        ("userDomain", "D.1"),
        ("signature", "bad"),
    ];
    let without = |name: &'static str| {
        let left: Vec<_> = all
            .into_iter()
            .filter(|(known, _)| *known != name)
            .collect();
        Request::new("POST", EMAIL).query(&left).send(sim.addr())
    };
    for (name, code) in [
        ("userDomain", 5023),
        ("email", 5026),
        ("pwd", 5022),
        ("signature", 5550),
        ("-", 5420),
    ] {
        assert_eq!(without(name).await.unwrap().number("/code"), code, "{name}");
    }
    for (domain, code) in [("D 1", 5013), ("D.2", 5015)] {
        let response = Request::new("POST", EMAIL)
            .query(&[("userDomain", domain)])
            .answer(sim.addr())
            .await;
        assert_eq!(response.number("/code"), code);
    }
    assert_eq!(
        email_login(&sim, "x@y.z", "abcd1234").await.number("/code"),
        5031
    );
    let signature = sha256(&format!("1x{SECRET}"));
    let query = [
        ("phone", "1"),
        ("pwd", "x"),
        ("userDomain", "D.1"),
        ("signature", &signature),
    ];
    let response = Request::new("POST", PHONE)
        .query(&query)
        .answer(sim.addr())
        .await;
    assert_eq!(response.number("/code"), 5033);
    Request::new("GET", EMAIL)
        .answer(sim.addr())
        .await
        .assert_status(405);
    sim.disable_user_domain();
    assert_eq!(code_of(&sim, "abcd1234").await, 5104);
}
