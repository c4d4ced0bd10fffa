//! Grants whose refresh token another process may have spent before it was killed.

use std::num::NonZeroU32;
use std::time::Duration;

use token_cache::{Event, MemoryStore};
use token_core::store::{Acquired, CommitCondition, Intent, Owner};
use token_core::{TokenEndpoint, TokenStore};

use crate::pass;
use crate::vendor::{Customer, MINUTE, SECOND, Vendor};

fn named(name: &str, customers: usize) -> Vec<String> {
    (0..customers)
        .map(|number| format!("{name}-{number}"))
        .collect()
}

/// Leaves tokens that have just become due in the store. A process that was killed a moment ago was
/// about to refresh those of the first accounts.
async fn leave_behind(
    store: &MemoryStore,
    vendor: &Vendor,
    in_doubt: &[String],
    others: &[String],
) {
    let before = vendor.pool(store).build().unwrap();
    for account in in_doubt.iter().chain(others) {
        before.token(account).await.unwrap();
    }
    drop(before);
    pass(50 * MINUTE).await;
    for account in in_doubt {
        let key = Customer::of(account).key();
        let killed = Owner::named(format!("killed, {account}"));
        let Acquired::Held(entry) = store.acquire(&key, &killed, SECOND).await.unwrap() else {
            panic!("nobody else is there");
        };
        let record = entry.record.unwrap();
        let intent = Intent {
            owner: killed,
            fingerprint: Some(record.fingerprint),
            generation: record.generation,
        };
        store.write_intent(&key, &intent).await.unwrap();
    }
    pass(2 * SECOND).await;
}

fn refreshed(vendor: &Vendor, accounts: &[String]) -> usize {
    let refreshed = accounts
        .iter()
        .filter(|account| vendor.requests_of(account) == 2);
    refreshed.count()
}

#[tokio::test(start_paused = true)]
async fn grants_in_doubt_take_no_turn_at_the_vendor_while_they_rest() {
    let vendor = Vendor::new();
    let (in_doubt, others) = (named("doubt", 8), named("other", 20));
    let store = MemoryStore::new();
    let pool = vendor.pool(&store).max_exchanges(4).build().unwrap();
    leave_behind(&store, &vendor, &in_doubt, &others).await;
    for account in in_doubt.iter().chain(&others) {
        pool.token(account).await.unwrap();
    }
    pass(5 * SECOND).await;
    assert_eq!(refreshed(&vendor, &others), others.len());
    assert_eq!(refreshed(&vendor, &in_doubt), 0);
    pass(6 * MINUTE).await;
    assert_eq!(refreshed(&vendor, &in_doubt), in_doubt.len());
    assert!(vendor.most_under_way() <= 4, "{}", vendor.most_under_way());
}

#[tokio::test(start_paused = true)]
async fn grants_in_doubt_hold_up_no_refresh_in_the_background() {
    let vendor = Vendor::new();
    let (in_doubt, others) = (named("doubt", 450), named("other", 20));
    let store = MemoryStore::new();
    let pool = vendor.pool(&store).max_exchanges(4).build().unwrap();
    leave_behind(&store, &vendor, &in_doubt, &others).await;
    drop(pool.keep_fresh());
    pass(20 * SECOND).await;
    assert_eq!(refreshed(&vendor, &others), others.len());
    assert_eq!(refreshed(&vendor, &in_doubt), 0);
    pass(6 * MINUTE).await;
    assert_eq!(refreshed(&vendor, &in_doubt), in_doubt.len());
}

#[tokio::test(start_paused = true)]
async fn grants_in_doubt_are_refreshed_no_faster_than_allowed() {
    let vendor = Vendor::new();
    let in_doubt = named("doubt", 20);
    let store = MemoryStore::new();
    leave_behind(&store, &vendor, &in_doubt, &[]).await;
    let rate = NonZeroU32::new(1).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, 2 * SECOND);
    let pool = pool.build().unwrap();
    for account in &in_doubt {
        pool.token(account).await.unwrap();
    }
    pass(7 * MINUTE).await;
    assert_eq!(refreshed(&vendor, &in_doubt), in_doubt.len());
    let requests = vendor.requests();
    let at: Vec<_> = requests[20..].iter().map(|request| request.at).collect();
    let closest = at.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(closest >= Duration::from_millis(1500), "{closest:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_other_process_brings_while_a_turn_is_awaited_is_adopted() {
    let vendor = Vendor::new();
    let (alice, bob) = (named("alice", 1), named("bob", 1));
    let (store, elsewhere) = (MemoryStore::new(), MemoryStore::new());
    leave_behind(&store, &vendor, &alice, &bob).await;
    let key = Customer::of(&alice[0]).key();
    let spent = store.load(&key).await.unwrap().record.unwrap();
    let condition = CommitCondition::UnlessTombstoned;
    elsewhere.commit(&key, &condition, &spent).await.unwrap();
    let rate = NonZeroU32::new(1).unwrap();
    let pool = vendor.pool(&store).max_rate(rate, 30 * MINUTE);
    let pool = pool.build().unwrap();
    let mut events = pool.events();
    for account in [&bob[0], &alice[0]] {
        pool.token(account).await.unwrap();
        pass(SECOND).await;
    }
    pass(7 * MINUTE).await;
    assert_eq!(vendor.requests_of(&alice[0]), 1, "it waits for its turn");
    let other = vendor.pool(&elsewhere).build().unwrap();
    let cache = other.cache(&alice[0]).await.unwrap();
    cache.token_valid_for(59 * MINUTE).await.unwrap();
    assert_eq!(vendor.requests_of(&alice[0]), 2, "the other has spent it");
    let brought = elsewhere.load(&key).await.unwrap().record.unwrap();
    let condition = CommitCondition::ParentIs(spent.fingerprint);
    store.commit(&key, &condition, &brought).await.unwrap();
    pass(30 * MINUTE).await;
    assert_eq!(vendor.requests_of(&alice[0]), 2, "it was not sent again");
    let token = pool.token(&alice[0]).await.unwrap();
    assert_eq!(token.access().expose(), "access-alice-0-2");
    drop(pool);
    while let Some(told) = events.next().await {
        assert!(!matches!(told.event, Event::Failed { .. }), "{told:?}");
    }
}
