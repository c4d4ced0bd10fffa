//! Changes to the row by others.

use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::{Acquired, Committed};

use crate::place::{LIFE, Place, child_of, intent, key, owner, record};

// FAULTS.md row 11
#[tokio::test]
async fn an_unrelated_write_to_the_row_does_not_make_a_commit_lose() {
    let place = Place::direct().await;
    let store = place.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    place.sql(
        "ALTER TABLE TOKENS ADD COLUMN remark text; UPDATE TOKENS SET remark = 'seen', lease_owner = NULL",
    );
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert_eq!(child.unwrap(), Committed::Stored);
    assert_eq!(place.sql("SELECT remark FROM TOKENS").trim(), "seen");
}

// FAULTS.md row 42
#[tokio::test(flavor = "multi_thread")]
async fn of_64_concurrent_acquisitions_one_holds_the_lease() {
    let place = Place::pooled().await;
    let asks: Vec<_> = (1..=64)
        .map(|number| {
            let store = place.builder().connections(1).build().unwrap();
            tokio::spawn(async move { store.acquire(&key(), &owner(number), LIFE).await })
        })
        .collect();
    let mut holders = 0;
    for ask in asks {
        match ask.await.unwrap().unwrap() {
            Acquired::Held(_) => holders += 1,
            Acquired::Busy { left, .. } => assert!(left <= LIFE),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(holders, 1);
}

// FAULTS.md row 38
#[tokio::test]
async fn an_invalid_row_is_an_error_and_is_kept() {
    for damage in [
        "fingerprint = 'short'",
        "generation = NULL",
        "body = NULL",
        "body = 'torn'",
        "body = left(body, 40)",
    ] {
        let place = Place::direct().await;
        let store = place.store();
        store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
        place.sql(&format!("UPDATE TOKENS SET {damage}"));
        let damaged = place.sql("SELECT * FROM TOKENS");
        let error = store.load(&key()).await.unwrap_err().to_string();
        assert!(error.contains("left unchanged"), "{damage}: {error}");
        assert_eq!(place.sql("SELECT * FROM TOKENS"), damaged);
    }
}

#[tokio::test]
async fn the_defaults_of_the_role_do_not_matter() {
    let place = Place::direct().await;
    place.sql(
        "CREATE ROLE strange LOGIN SUPERUSER;
         ALTER ROLE strange SET default_transaction_isolation = 'serializable';
         ALTER ROLE strange SET synchronous_commit = off;
         ALTER ROLE strange SET timezone = 'Asia/Kathmandu';
         ALTER ROLE strange SET datestyle = 'German'",
    );
    let url = place.url.replace("postgres@", "strange@");
    let strange = Place {
        url,
        table: place.table.clone(),
    };
    place.sql(
        "CREATE TABLE flushed (how text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO flushed SELECT current_setting('synchronous_commit'); RETURN NEW; END $$;
         CREATE TRIGGER note BEFORE INSERT OR UPDATE ON TOKENS FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let store = strange.store();
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    store.acquire(&key(), &owner(1), LIFE).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    let children = (2..10).map(|number| {
        let store = strange.store();
        tokio::spawn(async move { store.commit(&key(), &child_of(1), &record(number)).await })
    });
    let mut stored = 0;
    for child in children.collect::<Vec<_>>() {
        // A serializable transaction would fail here instead of returning `Lost`.
        stored += usize::from(child.await.unwrap().unwrap() == Committed::Stored);
    }
    assert_eq!(stored, 1);
    store.tombstone(&key()).await.unwrap();
    let how = place.sql("SELECT string_agg(how, ' ') FROM flushed");
    // A commit; an acquisition, inserted and then updated; an intent; the child; a logout.
    assert_eq!(how.trim(), "on off off on on on");
}
