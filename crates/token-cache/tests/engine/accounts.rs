//! Several grants in one store.

use std::path::PathBuf;

use token_cache::{LoggedOut, TokenCache};
use token_core::{ErrorKind, Generation, TokenEndpoint};
use token_file::FileStore;

use crate::acme::{Acme, IMPATIENT, MINUTE, Setup, When, spawn_token};

/// A directory that is gone when the test is over.
struct Directory(PathBuf);

impl Directory {
    fn named(name: &str) -> Self {
        let name = format!("token-cache-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn cache(&self, setup: &Setup) -> TokenCache {
        TokenCache::builder(setup.acme.clone())
            .http_client(setup.server.clone())
            .store(FileStore::at(&self.0))
            .clock(setup.clock.clone())
            .initial_token(setup.server.grant())
            .build()
            .unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn alice_and_bob() -> (Setup, Setup) {
    let alice = Setup::new(Acme::single_use().for_account("alice"));
    let bob = Setup::new(Acme::single_use().for_account("bob"));
    (alice, bob)
}

// FAULTS.md scenario 10
#[tokio::test(flavor = "multi_thread")]
async fn of_two_grants_in_one_directory_one_is_logged_out_and_the_other_untouched() {
    let directory = Directory::named("two-accounts");
    let (alice, bob) = alice_and_bob();
    let (hers, his) = (directory.cache(&alice), directory.cache(&bob));
    let (first, second) = tokio::join!(hers.token(), his.token());
    let his_token = (*second.unwrap()).clone();
    assert!(alice.server.accepts(first.unwrap().access()));

    assert!(matches!(hers.logout().await.unwrap(), LoggedOut::Revoked));
    let after = directory.cache(&alice).token().await.unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Rejected);
    // A new process of his is served from the store, and goes on from there.
    let later = directory.cache(&bob);
    assert!(later.token().await.unwrap().same_secrets_as(&his_token));
    assert_eq!(bob.server.requests().len(), 1);
    let next = later.refresh_if(his_token.generation()).await.unwrap();
    assert!(bob.server.accepts(next.access()));
    assert_eq!((bob.server.reused(), bob.server.is_revoked()), (0, false));
}

// FAULTS.md scenario 10
#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_hangs_does_not_delay_another_key() {
    let directory = Directory::named("hanging");
    let (alice, bob) = alice_and_bob();
    let (hers, his) = (directory.cache(&alice), directory.cache(&bob));
    let gate = alice.server.then_hold(When::BeforeProcessing);
    let hanging = spawn_token(&hers);
    gate.reached().await;
    for number in 1..=5 {
        let generation = his.token().await.unwrap().generation();
        assert_eq!(generation, Generation::new(number));
        his.refresh_if(generation).await.unwrap();
    }
    assert!(matches!(his.logout().await.unwrap(), LoggedOut::Revoked));
    assert!(!hanging.is_finished());
    gate.open();
    assert_eq!(hanging.await.unwrap().unwrap(), Generation::new(1));
}

// FAULTS.md scenario 18
#[tokio::test(start_paused = true)]
async fn another_host_or_path_never_sees_the_old_grants_token() {
    let old = Setup::new(Acme::single_use());
    let owner = old.cache();
    // So often that no other vendor issues a token of the same name.
    for number in 1..=4 {
        let generation = owner.token().await.unwrap().generation();
        assert_eq!(generation, Generation::new(number));
        owner.refresh_if(generation).await.unwrap();
    }
    let token = (*owner.token().await.unwrap()).clone();
    for base in [
        "https://api.acme.example/v2",
        "https://api.acme.example",
        "https://api.acme.example:8443/v1",
        "https://eu.api.acme.example/v1",
    ] {
        let new = Setup::new(Acme::single_use().at(base));
        assert_ne!(new.acme.key(), old.acme.key(), "{base}");
        let cache = new.builder(&old.store.for_other_process()).build().unwrap();
        assert_eq!(
            cache.token_within(IMPATIENT).await.unwrap_err().kind(),
            ErrorKind::Rejected
        );
        cache.redeem(new.acme.redemption()).await.unwrap();
        assert!(matches!(cache.logout().await.unwrap(), LoggedOut::Revoked));
        let sent = new.server.requests();
        let old_secrets = [token.access().expose(), token.refresh_credential().expose()];
        let leaked = sent
            .iter()
            .any(|one| old_secrets.contains(&one.presented.as_str()));
        assert!(!leaked, "{base}");
    }
    assert!(
        old.empty_cache()
            .token()
            .await
            .unwrap()
            .same_secrets_as(&token)
    );
    crate::acme::advance(50 * MINUTE).await;
    owner.token().await.unwrap();
    assert!(!old.server.is_revoked());
}
